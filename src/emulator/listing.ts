/** Micro-operations as text for people: one line each, in the order in which they happen. */
import { bytesOf } from './effects';
import {
  type BinaryOperator,
  type Comparison,
  type MicroOperations,
  type Statement,
  type UnaryOperator,
  type Value,
} from './ir';
import { registerName } from './registers';

/** `rsp = (rsp - 0x8)`; widths are written where they are not those of a register: `zeroExtend64(…)`. */
export function listing(operations: MicroOperations): string[] {
  return operations.flatMap((statement) => (statement.kind === 'repeat' ? repetition(statement) : [line(statement)]));
}

function repetition({ body, counter, until }: Extract<Statement, { kind: 'repeat' }>): string[] {
  const end = until === undefined ? '' : `, until ${text(until)}`;
  return [`while ${registerName('rcx', counter)} is not 0${end}:`, ...listing(body).map((inner) => `  ${inner}`)];
}

function line(statement: Exclude<Statement, { kind: 'repeat' }>): string {
  switch (statement.kind) {
    case 'load': {
      const names = statement.into.map(({ name }) => name).join(', ');
      return `${names} = load${8 * bytesOf(statement.into)}(${text(statement.address)})`;
    }
    case 'guard':
      return `step aside unless ${text(statement.condition)}`;
    case 'store': {
      const values = statement.values.map(text).join(', ');
      return `store${8 * bytesOf(statement.values)}(${text(statement.address)}) = ${values}`;
    }
    case 'setRegister':
      return assignment(registerName(statement.register, statement.width, statement.high), statement);
    case 'setFlag':
      return assignment(statement.flag, statement);
    case 'undefine':
      return `undefined: ${statement.flags.join(', ')}`;
    case 'jump':
      return `rip = ${text(statement.target)}`;
  }
}

function assignment(target: string, { value, when }: { value: Value; when: Value | undefined }): string {
  return `${target} = ${text(value)}${when === undefined ? '' : ` if ${text(when)}`}`;
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
  less: '<signed',
};

const PREFIX: Partial<Record<UnaryOperator, string>> = { not: '~', negate: '-' };

function text(value: Value): string {
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
    case 'select':
      return `(${text(value.condition)} ? ${text(value.whenTrue)} : ${text(value.whenFalse)})`;
    case 'call':
      return `${value.name}(${value.arguments.map(text).join(', ')})`;
    default:
      if ('left' in value) return `(${text(value.left)} ${INFIX[value.op]} ${text(value.right)})`;
      return unary(value.op, value.width, value.value);
  }
}

function unary(op: UnaryOperator, width: number, operand: Value): string {
  const prefix = PREFIX[op];
  if (prefix !== undefined) return prefix + text(operand);
  return `${op}${width === operand.width || width === 1 ? '' : width}(${text(operand)})`;
}
