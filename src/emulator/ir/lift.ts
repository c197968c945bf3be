/**
 * Instructions to micro-operations. A family is a table from mnemonics to functions that append what the instruction
 * does to a {@link Lifting}.
 */
import { assert, assertExists } from '../../base/assert';
import { type Instruction, type MemoryOperand, type Operand, type RegisterOperand } from '../decode/instruction';
import { type LoadedValue, type MicroOperations, type RegisterWidth, type Statement, type Value } from './ir';
import { type Flag, type GeneralRegister } from '../machine/registers';
import {
  add,
  constant,
  isZero,
  next,
  register,
  segmentBase,
  selector,
  shiftLeft,
  shiftRight,
  truncate,
  zeroExtend,
} from './values';

export type Lift = (lifting: Lifting) => void;

/** Functions by mnemonic. */
export type Family = Readonly<Record<string, Lift>>;

/**
 * User space ends below 2^47; vendors differ in where a branch beyond it faults, so the thread executes it (Intel SDM
 * vol. 1 §3.3.7.1).
 */
const USER_ADDRESS_BITS = 47;

/** The micro-operations of one instruction, under construction. */
export class Lifting {
  readonly #statements: Statement[] = [];
  #loads = 0;

  constructor(readonly instruction: Instruction) {}

  get statements(): MicroOperations {
    return this.#statements;
  }

  operand(index: number): Operand {
    const operand = this.instruction.operands[index];
    assert(operand !== undefined, `${this.instruction.code} has no operand ${index}`);
    return operand;
  }

  /** Width of an operand that is read or written, in bits. */
  width(index: number): RegisterWidth {
    const operand = this.operand(index);
    if (operand.kind === 'register' || operand.kind === 'immediate') return operand.width;
    assert(operand.kind === 'memory' && isRegisterWidth(operand.width), `operand ${index} of ${this.instruction.code}`);
    return operand.width;
  }

  /** The value of an operand; one in memory is loaded. */
  read(index: number): Value {
    const operand = this.operand(index);
    switch (operand.kind) {
      case 'register':
        return register(operand.register, operand.width, operand.high);
      case 'immediate':
        return constant(operand.width, operand.value);
      case 'memory':
        return this.load(this.address(operand), this.width(index));
      case 'segment':
        return selector(operand.register);
      case 'target':
        return add(next, constant(64, operand.displacement));
      case 'other':
        throw new Error(`internal error: ${this.instruction.code} can't be lifted`);
    }
  }

  /** Writes a register operand, or stores to a memory operand. */
  write(index: number, value: Value, when?: Value): void {
    const operand = this.operand(index);
    if (operand.kind === 'register') {
      this.set(operand.register, value, { high: operand.high, when });
    } else {
      assert(
        operand.kind === 'memory' && when === undefined,
        `operand ${index} of ${this.instruction.code} is written`,
      );
      this.store(this.address(operand), value);
    }
  }

  memory(index: number): MemoryOperand {
    const operand = this.operand(index);
    assert(operand.kind === 'memory', `operand ${index} of ${this.instruction.code} is memory`);
    return operand;
  }

  registerOperand(index: number): RegisterOperand {
    const operand = this.operand(index);
    assert(operand.kind === 'register', `operand ${index} of ${this.instruction.code} is a register`);
    return operand;
  }

  /** Linear address of a memory operand. `offset` is added before the address is cut to the address size. */
  address(operand: MemoryOperand, offset?: Value): Value {
    const effective = effectiveAddress(operand, offset);
    return operand.segment === undefined ? effective : add(segmentBase(operand.segment), effective);
  }

  load(address: Value, width: RegisterWidth): Value {
    return assertExists(this.loadBlock(address, 1, width)[0], 'loaded value');
  }

  /** Loads `count` consecutive values at once. */
  loadBlock(address: Value, count: number, width: RegisterWidth): readonly Value[] {
    const into = Array.from({ length: count }, (): LoadedValue => ({ op: 'loaded', width, name: `m${this.#loads++}` }));
    this.#statements.push({ kind: 'load', address, into });
    return into;
  }

  guard(condition: Value): void {
    this.#statements.push({ kind: 'guard', condition });
  }

  /** Stores consecutive values. */
  store(address: Value, ...values: readonly Value[]): void {
    this.#statements.push({ kind: 'store', address, values });
  }

  set(
    name: GeneralRegister,
    value: Value,
    { high = false, when }: { high?: boolean; when?: Value | undefined } = {},
  ): void {
    assert(value.width !== 1, 'a register is given a truth value');
    this.#statements.push({ kind: 'setRegister', register: name, width: value.width, high, value, when });
  }

  setFlags(values: Partial<Record<Flag, Value>>, when?: Value): void {
    for (const [flag, value] of Object.entries(values)) {
      this.#statements.push({ kind: 'setFlag', flag: flag as Flag, value, when });
    }
  }

  undefine(...flags: readonly Flag[]): void {
    this.#statements.push({ kind: 'undefine', flags });
  }

  /** Makes the whole instruction a repetition of what `body` appends. */
  repeat(body: Lift, rest: Omit<Extract<Statement, { kind: 'repeat' }>, 'kind' | 'body'>): void {
    const round = new Lifting(this.instruction);
    body(round);
    this.#statements.push({ kind: 'repeat', body: round.statements, ...rest });
  }

  jump(target: Value): void {
    this.guard(isZero(shiftRight(target, USER_ADDRESS_BITS)));
    this.#statements.push({ kind: 'jump', target });
  }
}

/** Offset within the segment, 64 bits wide, after the address size cut it (Intel SDM vol. 1 §3.7.5). */
export function effectiveAddress(operand: MemoryOperand, offset?: Value): Value {
  const terms: Value[] = [];
  if (operand.base === 'rip') terms.push(next);
  else if (operand.base !== undefined) terms.push(register(operand.base));
  if (operand.index !== undefined) {
    const index = register(operand.index);
    terms.push(operand.scale === 1 ? index : shiftLeft(index, Math.log2(operand.scale)));
  }
  if (operand.displacement !== 0n || terms.length === 0) terms.push(constant(64, operand.displacement));
  if (offset !== undefined) terms.push(offset);
  const sum = terms.reduce(add);
  return operand.addressSize === 32 ? zeroExtend(truncate(sum, 32), 64) : sum;
}

function isRegisterWidth(width: number): width is RegisterWidth {
  return width === 8 || width === 16 || width === 32 || width === 64;
}
