/** Micro-operations as text for people: one line each, in the order in which they happen. */
import { bytesOf } from './effects';
import {
  type BinaryOperator,
  type Comparison,
  type MicroOperations,
  operandsOf,
  type Statement,
  type UnaryOperator,
  type Value,
  valuesOf,
} from './ir';
import { registerName } from '../machine/registers';

/**
 * `rsp = rsp - 8`; a value that is used more than once gets its own line before: `t0 = …`. Widths are written where
 * they change.
 */
export function listing(operations: MicroOperations): string[] {
  return new Listing(operations).lines;
}

const INFIX: Readonly<Record<BinaryOperator | Comparison, string>> = {
  add: '+',
  subtract: '-',
  multiply: '*',
  divide: '/',
  remainder: '%',
  and: '&',
  or: '|',
  xor: '^',
  shiftLeft: '<<',
  shiftRight: '>>',
  shiftRightSigned: '>>signed',
  equal: '==',
  below: '<',
};

const PREFIX: Partial<Record<UnaryOperator, string>> = { not: '~', negate: '-' };

class Listing {
  readonly lines: string[] = [];
  readonly #uses = new Map<Value, number>();
  readonly #names = new Map<Value, string>();

  constructor(operations: MicroOperations) {
    for (const statement of operations) for (const value of valuesOf(statement)) this.#countUses(value);
    for (const statement of operations) {
      for (const value of valuesOf(statement)) this.#nameShared(value);
      this.lines.push(...this.#statement(statement));
    }
  }

  #countUses(value: Value): void {
    const uses = this.#uses.get(value) ?? 0;
    this.#uses.set(value, uses + 1);
    if (uses === 0) for (const operand of operandsOf(value)) this.#countUses(operand);
  }

  /** Gives lines to the shared values in this one, innermost first. */
  #nameShared(value: Value): void {
    if (this.#names.has(value)) return;
    for (const operand of operandsOf(value)) this.#nameShared(operand);
    if (operandsOf(value).length === 0 || this.#uses.get(value) === 1) return;
    const name = `t${this.#names.size}`;
    this.lines.push(`${name} = ${this.#outer(value)}`);
    this.#names.set(value, name);
  }

  #statement(statement: Statement): string[] {
    switch (statement.kind) {
      case 'load': {
        const names = statement.into.map(({ name }) => name).join(', ');
        return [`${names} = load${8 * bytesOf(statement.into)}(${this.#outer(statement.address)})`];
      }
      case 'guard':
        return [`step aside unless ${this.#outer(statement.condition)}`];
      case 'store': {
        const values = statement.values.map((value) => this.#outer(value)).join(', ');
        return [`store${8 * bytesOf(statement.values)}(${this.#outer(statement.address)}) = ${values}`];
      }
      case 'setRegister':
        return [this.#assignment(registerName(statement.register, statement.width, statement.high), statement)];
      case 'setFlag':
        return [this.#assignment(statement.flag, statement)];
      case 'undefine':
        return [`undefined: ${statement.flags.join(', ')}`];
      case 'jump':
        return [`rip = ${this.#outer(statement.target)}`];
      case 'repeat': {
        const { body, counter, until } = statement;
        const end = until === undefined ? '' : `, until ${this.#outer(until)}`;
        return [`while ${registerName('rcx', counter)} is not 0${end}:`, ...listing(body).map((inner) => `  ${inner}`)];
      }
    }
  }

  #assignment(target: string, { value, when }: { value: Value; when: Value | undefined }): string {
    return `${target} = ${this.#outer(value)}${when === undefined ? '' : ` if ${this.#outer(when)}`}`;
  }

  /** Without the parentheses that a value needs within another. */
  #outer(value: Value): string {
    const text = this.#text(value);
    return /^\(.*\)$/.test(text) ? text.slice(1, -1) : text;
  }

  #text(value: Value): string {
    const name = this.#names.get(value);
    if (name !== undefined) return name;
    switch (value.op) {
      case 'constant':
        return value.value < 10n ? String(value.value) : `0x${value.value.toString(16)}`;
      case 'register':
        return registerName(value.register, value.width, value.high);
      case 'segmentBase':
        return `${value.segment}_base`;
      case 'selector':
        return value.segment;
      case 'flag':
        return value.flag;
      case 'flags':
        return 'rflags';
      case 'next':
        return 'next';
      case 'loaded':
        return value.name;
      case 'select': {
        const [condition, whenTrue, whenFalse] = [value.condition, value.whenTrue, value.whenFalse];
        return `(${this.#text(condition)} ? ${this.#text(whenTrue)} : ${this.#text(whenFalse)})`;
      }
      case 'call':
        return `${value.name}(${value.arguments.map((argument) => this.#outer(argument)).join(', ')})`;
      default:
        if ('left' in value) return `(${this.#text(value.left)} ${INFIX[value.op]} ${this.#text(value.right)})`;
        return this.#unary(value.op, value.width, value.value);
    }
  }

  #unary(op: UnaryOperator, width: number, operand: Value): string {
    const prefix = PREFIX[op];
    if (prefix !== undefined) return prefix + this.#text(operand);
    const changed = width === operand.width || (width === 1 && op !== 'truncate');
    return `${op}${changed ? '' : width}(${this.#outer(operand)})`;
  }
}
