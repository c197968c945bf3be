/**
 * DWARF expressions (DWARF 5 §2.5) run on unknown registers: every stack item is the list of model operations that
 * computes it, so that shuffling the stack (over, pick, rot) leaves nothing behind. Items of DWARF 5's typed kinds are
 * kept extended to 64 bits as their type says.
 */
import { assertExists } from '../../base/assert';
import { linkAddress } from '../../base/address';
import { littleEndian } from '../../base/littleEndian';
import { OP } from '../dwarf/constants';
import { type Operation } from '../dwarf/expression';
import { type LocationOperation } from '../model/model';

/** An integer type of at most 64 bits; undefined: the generic type, 64 bits without sign. */
export interface IntegerType {
  readonly bits: number;
  readonly signed: boolean;
}

export interface StackItem {
  readonly operations: readonly LocationOperation[];
  readonly type: IntegerType | undefined;
}

/** A place whose value can't be had; the message is what a user reads instead of it. */
export class Unavailable extends Error {}

/** No compiler emits expressions that grow beyond this; each `dup` can double a malicious one. */
const MAX_OPERATIONS = 256;

/** What an operation may need to know beyond the stack. */
export interface EvaluationContext {
  frameBase(): StackItem;
  callFrameAddress(): StackItem;
  entryValue(expression: Uint8Array): StackItem;
  indexedAddress(index: number): number;
  /** The type that the entry at this offset of the unit describes; undefined for the generic one (offset 0). */
  integerType(offset: number): IntegerType | undefined;
  threadLocal(offset: bigint): LocationOperation;
}

export class StackMachine {
  readonly stack: StackItem[] = [];
  readonly #surroundings: EvaluationContext;

  constructor(surroundings: EvaluationContext) {
    this.#surroundings = surroundings;
  }

  /** Runs one operation that works on the stack alone. False: it says where a value is, and is the caller's. */
  run(operation: Operation): boolean {
    const rule = RULES.get(operation.opcode);
    if (!rule) return false;
    rule(this, operation.operands, operation, this.#surroundings);
    return true;
  }

  push(operations: readonly LocationOperation[], type?: IntegerType): void {
    if (countOf(operations) > MAX_OPERATIONS) throw new Unavailable('<not available: its location is too complex>');
    this.stack.push({ operations, type });
  }

  pushItem({ operations, type }: StackItem): void {
    this.push(operations, type);
  }

  pop(): StackItem {
    const item = this.stack.pop();
    if (!item) throw new Unavailable('<not available: its location is malformed>');
    return item;
  }

  /** Another machine with the same stack. */
  copy(): StackMachine {
    const copy = new StackMachine(this.#surroundings);
    copy.stack.push(...this.stack);
    return copy;
  }

  /** The item `depth` below the top. */
  peek(depth: number): StackItem {
    const item = this.stack[this.stack.length - 1 - depth];
    if (!item) throw new Unavailable('<not available: its location is malformed>');
    return item;
  }
}

/** Operations, those of both branches included. */
function countOf(operations: readonly LocationOperation[]): number {
  let count = operations.length;
  for (const operation of operations) {
    if (operation.op === 'choose') count += countOf(operation.then) + countOf(operation.otherwise);
  }
  return count;
}

type Rule = (
  machine: StackMachine,
  operands: readonly bigint[],
  operation: Operation,
  surroundings: EvaluationContext,
) => void;

/** Operations that take two items, or one, and have nothing else to them. */
type Computation = Exclude<
  LocationOperation['op'],
  | 'const'
  | 'address'
  | 'register'
  | 'object'
  | 'tls'
  | 'load'
  | 'extend'
  | 'dup'
  | 'drop'
  | 'swap'
  | 'choose'
  | 'missing'
>;

function constant(value: bigint): LocationOperation {
  return { op: 'const', value: BigInt.asUintN(64, value) };
}

/** `item + offset`, folded into a constant that is added already. */
export function plus({ operations, type }: StackItem, offset: bigint): StackItem {
  const last = operations.at(-1);
  const before = operations.at(-2);
  if (BigInt.asUintN(64, offset) === 0n) return { operations, type };
  if (last?.op === 'add' && before?.op === 'const') {
    return plus({ operations: operations.slice(0, -2), type }, before.value + offset);
  }
  return { operations: [...operations, constant(offset), { op: 'add' }], type };
}

export function registerItem(register: number): StackItem {
  return { operations: [{ op: 'register', register }], type: undefined };
}

/** Cuts or extends to the type's width. */
export function extended(operations: readonly LocationOperation[], type: IntegerType | undefined): LocationOperation[] {
  return type && type.bits < 64
    ? [...operations, { op: 'extend', bits: type.bits, signed: type.signed }]
    : [...operations];
}

/** One that the operation is read with (DWARF 5 §7.7.1). */
function operand(value: bigint | undefined): bigint {
  return assertExists(value, 'operand');
}

const pushConstant: Rule = (machine, operands) => machine.push([constant(operand(operands[0]))]);

const load =
  (size: 1 | 2 | 4 | 8): Rule =>
  (machine) =>
    machine.push([...machine.pop().operations, { op: 'load', size }]);

function loadSize(size: bigint): 1 | 2 | 4 | 8 {
  if (size === 1n || size === 2n || size === 4n || size === 8n) return Number(size) as 1 | 2 | 4 | 8;
  throw new Unavailable(`<not available: its location reads ${size} bytes>`);
}

const unary =
  (op: Computation): Rule =>
  (machine) => {
    const { operations, type } = machine.pop();
    machine.push(extended([...operations, { op }], type), type);
  };

/** `signed`: the operation would misread the top bit of unsigned 64-bit items, so it is not done on them. */
const binary =
  (op: Computation, { compares = false, signed = false } = {}): Rule =>
  (machine) => {
    const right = machine.pop();
    const left = machine.pop();
    const type = left.type ?? right.type;
    if (signed && type?.bits === 64 && !type.signed) {
      throw new Unavailable('<not available: its location computes with unsigned 64-bit numbers>');
    }
    const operations: LocationOperation[] = [...left.operations, ...right.operations, { op }];
    machine.push(compares ? operations : extended(operations, type), compares ? undefined : type);
  };

const convert: Rule = (machine, operands, _operation, surroundings) => {
  const { operations } = machine.pop();
  const type = surroundings.integerType(Number(operands[0]));
  machine.push(extended(operations, type), type);
};

const RULES = new Map<number, Rule>([
  [OP.addr, (machine, [address]) => machine.push([{ op: 'address', address: linkAddress(operand(address)) }])],
  [
    OP.addrx,
    (machine, [index], _operation, surroundings) =>
      machine.push([{ op: 'address', address: linkAddress(surroundings.indexedAddress(Number(index))) }]),
  ],
  [
    OP.constx,
    (machine, [index], _operation, surroundings) =>
      machine.push([constant(BigInt(surroundings.indexedAddress(Number(index))))]),
  ],
  [OP.lit0, pushConstant],
  [OP.const1u, pushConstant],
  [OP.const1s, pushConstant],
  [OP.const2u, pushConstant],
  [OP.const2s, pushConstant],
  [OP.const4u, pushConstant],
  [OP.const4s, pushConstant],
  [OP.const8u, pushConstant],
  [OP.const8s, pushConstant],
  [OP.constu, pushConstant],
  [OP.consts, pushConstant],
  [OP.breg0, (machine, [register, offset]) => machine.pushItem(plus(registerItem(Number(register)), operand(offset)))],
  [OP.bregx, (machine, [register, offset]) => machine.pushItem(plus(registerItem(Number(register)), operand(offset)))],
  [
    OP.fbreg,
    (machine, [offset], _operation, surroundings) => machine.pushItem(plus(surroundings.frameBase(), operand(offset))),
  ],
  [
    OP.call_frame_cfa,
    (machine, _operands, _operation, surroundings) => machine.pushItem(surroundings.callFrameAddress()),
  ],
  [
    OP.entry_value,
    (machine, _operands, { block }, surroundings) =>
      machine.pushItem(surroundings.entryValue(block ?? new Uint8Array(0))),
  ],
  [
    OP.form_tls_address,
    (machine, _operands, _operation, surroundings) => {
      const { operations } = machine.pop();
      const [offset] = operations;
      if (operations.length !== 1 || offset?.op !== 'const') {
        throw new Unavailable('<not available: thread-local at a computed offset>');
      }
      machine.push([surroundings.threadLocal(offset.value)]);
    },
  ],
  [OP.dup, (machine) => machine.pushItem(machine.peek(0))],
  [OP.over, (machine) => machine.pushItem(machine.peek(1))],
  [OP.pick, (machine, [depth]) => machine.pushItem(machine.peek(Number(depth)))],
  [OP.drop, (machine) => void machine.pop()],
  [
    OP.swap,
    (machine) => {
      const top = machine.pop();
      const below = machine.pop();
      machine.pushItem(top);
      machine.pushItem(below);
    },
  ],
  [
    OP.rot,
    (machine) => {
      const first = machine.pop();
      const second = machine.pop();
      const third = machine.pop();
      machine.pushItem(first);
      machine.pushItem(third);
      machine.pushItem(second);
    },
  ],
  [OP.nop, () => undefined],
  [OP.GNU_uninit, () => undefined],
  [OP.deref, load(8)],
  [
    OP.deref_size,
    (machine, operands, operation, surroundings) =>
      load(loadSize(operand(operands[0])))(machine, operands, operation, surroundings),
  ],
  [
    OP.deref_type,
    (machine, [size, typeOffset], _operation, surroundings) => {
      const type = surroundings.integerType(Number(typeOffset));
      machine.push(extended([...machine.pop().operations, { op: 'load', size: loadSize(operand(size)) }], type), type);
    },
  ],
  [
    OP.regval_type,
    (machine, [register, typeOffset], _operation, surroundings) => {
      const type = surroundings.integerType(Number(typeOffset));
      machine.push(extended(registerItem(Number(register)).operations, type), type);
    },
  ],
  [
    OP.const_type,
    (machine, [typeOffset], { block }, surroundings) => {
      const type = surroundings.integerType(Number(typeOffset));
      machine.push(extended([constant(littleEndian((block ?? new Uint8Array(0)).subarray(0, 8)))], type), type);
    },
  ],
  [OP.convert, convert],
  [OP.reinterpret, convert],
  [OP.plus_uconst, (machine, [addend]) => machine.pushItem(plus(machine.pop(), operand(addend)))],
  [OP.abs, unary('abs')],
  [OP.neg, unary('neg')],
  [OP.not, unary('not')],
  [
    OP.plus,
    (machine, operands, operation, surroundings) => {
      const [addend] = machine.peek(0).operations;
      if (machine.peek(0).operations.length === 1 && addend?.op === 'const' && !machine.peek(1).type) {
        machine.pop();
        machine.pushItem(plus(machine.pop(), addend.value));
      } else binary('add')(machine, operands, operation, surroundings);
    },
  ],
  [OP.minus, binary('sub')],
  [OP.mul, binary('mul')],
  [OP.div, binary('divS', { signed: true })],
  [OP.mod, binary('remU')],
  [OP.and, binary('and')],
  [OP.or, binary('or')],
  [OP.xor, binary('xor')],
  [OP.shl, binary('shl')],
  [OP.shr, binary('shrU')],
  [OP.shra, binary('shrS')],
  [OP.eq, binary('eq', { compares: true })],
  [OP.ne, binary('ne', { compares: true })],
  [OP.lt, binary('ltS', { compares: true, signed: true })],
  [OP.le, binary('leS', { compares: true, signed: true })],
  [OP.gt, binary('gtS', { compares: true, signed: true })],
  [OP.ge, binary('geS', { compares: true, signed: true })],
]);
