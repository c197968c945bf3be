/** Where a variable is at an address (DWARF 5 §2.6): its expression there, run on unknown registers, in the terms of `model`. */
import { AT, ATE, OP, TAG } from '../dwarf/constants';
import { tolerating } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { type Operation, readOperations } from '../dwarf/expression';
import { expressionAt } from '../dwarf/locationLists';
import { type Unit } from '../dwarf/unit';
import { type Location, type LocationOperation } from '../model';
import { entryAddress } from './blocks';
import { inherited } from './names';
import { type Program } from './program';
import {
  type IntegerType,
  plus,
  registerItem,
  StackMachine,
  type StackItem,
  type Surroundings,
  Unavailable,
} from './stackMachine';

const OPTIMIZED_OUT: Location = { kind: 'unavailable', reason: '<optimized out>' };
/** The registers that `model` can name; x87, mask and upper vector registers are beyond it. */
const LAST_REGISTER = 32;
/** DW_OP_call* and frame bases may lead to further expressions, in sound files not deeper than two. */
const MAX_DEPTH = 4;
/** Operations for one variable, those that it calls included; no compiler writes a hundred. */
const MAX_OPERATIONS = 10_000;

export class Locations implements Surroundings {
  #frameBase: StackItem | undefined;
  /** Shared by all that one variable leads to. */
  #operations = { left: MAX_OPERATIONS };

  constructor(
    readonly program: Program,
    readonly pc: number,
    /** The out-of-line function that pc is in; undefined outside of functions. */
    readonly subprogram: Entry | undefined,
    readonly unit: Unit | undefined = subprogram?.unit,
    readonly depth = 0,
  ) {}

  /** Where the variable is; never throws for malformed input. */
  of(variable: Entry): Location {
    this.#operations.left = MAX_OPERATIONS;
    try {
      return tolerating(() => this.#read(variable)) ?? unavailable('<not available: its location is malformed>');
    } catch (error) {
      if (error instanceof Unavailable) return unavailable(error.message);
      throw error;
    }
  }

  frameBase(): StackItem {
    if (!this.#frameBase) {
      const value = this.subprogram?.attribute(AT.frame_base);
      const expression = value && expressionAt(value, this.pc);
      if (!expression) throw new Unavailable('<not available: its frame is unknown here>');
      this.#frameBase = this.#nested(value.unit).valueOf(expression);
    }
    return this.#frameBase;
  }

  callFrameAddress(): StackItem {
    const rule = this.program.facts.cfaAt(this.pc);
    if (!rule) throw new Unavailable('<not available: its frame is unknown here>');
    if (rule.kind === 'expression') return this.#nested(undefined).valueOf(rule.expression);
    return plus(registerItem(rule.register), BigInt(rule.offset));
  }

  /** What an expression was at the function's entry (DWARF 5 §2.5.1.7): known exactly where pc is that entry. */
  entryValue(expression: Uint8Array): StackItem {
    if (!this.subprogram || entryAddress(this.subprogram) !== this.pc) throw new Unavailable('<optimized out>');
    return this.#nested(this.unit).valueOf(expression);
  }

  indexedAddress(index: number): number {
    if (!this.unit) throw new Unavailable('<not available: its location is malformed>');
    return this.unit.info.indexedAddress(this.unit, index);
  }

  integerType(offset: number): IntegerType | undefined {
    if (offset === 0 || !this.unit) return undefined;
    const entry = this.unit.info.entryIn(this.unit, this.unit.header.offset + offset, this.unit.header.offset);
    const bytes = entry.unsigned(AT.byte_size) ?? 0;
    const encoding = entry.unsigned(AT.encoding) ?? 0;
    const signed = SIGNED.has(encoding);
    if (entry.tag !== TAG.base_type || bytes < 1 || bytes > 8 || !(signed || UNSIGNED.has(encoding))) {
      throw new Unavailable('<not available: its location computes with a type that is not an integer>');
    }
    return { bits: bytes * 8, signed };
  }

  threadLocal(offset: bigint): LocationOperation {
    const { threadBlockOffset } = this.program.facts;
    if (threadBlockOffset === undefined)
      throw new Unavailable("<not available: a shared library's thread-local variable>");
    return { op: 'tls', offset: BigInt.asIntN(64, offset) + threadBlockOffset };
  }

  /** The value that an expression leaves, a register's contents where it names one (frame bases, entry values). */
  valueOf(expression: Uint8Array): StackItem {
    const location = this.#evaluate(expression);
    switch (location.kind) {
      case 'memory':
        return { operations: location.address, type: undefined };
      case 'value':
        return { operations: location.value, type: undefined };
      case 'register':
        return registerItem(location.register);
      default:
        throw new Unavailable('<not available: its location is too complex>');
    }
  }

  #read(variable: Entry): Location {
    const location = inherited(variable, (entry) => entry.attribute(AT.location));
    if (!location) return this.#constant(variable);
    const expression = expressionAt(location, this.pc);
    if (!expression || expression.length === 0) return OPTIMIZED_OUT;
    return this.#nested(location.unit).#evaluate(expression);
  }

  #constant(variable: Entry): Location {
    const value = inherited(variable, (entry) => entry.attribute(AT.const_value));
    const number = value?.constant();
    if (number !== undefined) return { kind: 'value', value: [{ op: 'const', value: BigInt.asUintN(64, number) }] };
    const bytes = value?.block() ?? stringBytes(value?.string());
    return bytes ? { kind: 'bytes', bytes } : OPTIMIZED_OUT;
  }

  #nested(unit: Unit | undefined): Locations {
    if (this.depth >= MAX_DEPTH) throw new Unavailable('<not available: its location is too complex>');
    const nested = new Locations(this.program, this.pc, this.subprogram, unit, this.depth + 1);
    nested.#operations = this.#operations;
    return nested;
  }

  #evaluate(expression: Uint8Array): Location {
    const machine = new StackMachine(this);
    const pieces: { location: Location; byteSize: number }[] = [];
    /** What the operations since the last piece say outright, beside what they leave on the stack. */
    let found: Location | undefined;
    for (const operation of this.#operationsOf(expression, this.unit)) {
      if (operation.opcode === OP.piece || operation.opcode === OP.bit_piece) {
        pieces.push({ location: found ?? memoryAt(machine), byteSize: pieceSize(operation) });
        found = undefined;
      } else if (CALLS.has(operation.opcode)) this.#call(operation, machine);
      else if (!machine.run(operation)) found = describe(operation, machine);
    }
    if (pieces.length > 0) return { kind: 'pieces', pieces };
    return found ?? memoryAt(machine);
  }

  *#operationsOf(expression: Uint8Array, unit: Unit | undefined): IterableIterator<Operation> {
    for (const operation of readOperations(expression, unit)) {
      if (this.#operations.left-- <= 0) throw new Unavailable('<not available: its location is too complex>');
      yield operation;
    }
  }

  /** DW_OP_call2, call4, call_ref: another entry's expression, run on the same stack (DWARF 5 §2.5.1.5). */
  #call({ opcode, operands }: Operation, machine: StackMachine): void {
    if (!this.unit) throw new Unavailable('<not available: its location is malformed>');
    const { info, header } = this.unit;
    const offset = Number(operands[0]);
    const callee =
      opcode === OP.call_ref ? info.entryAt(offset) : info.entryIn(this.unit, header.offset + offset, header.offset);
    const location = callee.attribute(AT.location);
    const expression = location && expressionAt(location, this.pc);
    if (!expression) return;
    const nested = this.#nested(callee.unit);
    const inner = new StackMachine(nested);
    inner.stack.push(...machine.stack);
    for (const operation of this.#operationsOf(expression, callee.unit)) {
      if (CALLS.has(operation.opcode)) nested.#call(operation, inner);
      else if (!inner.run(operation)) throw new Unavailable('<not available: its location is too complex>');
    }
    machine.stack.splice(0, machine.stack.length, ...inner.stack);
  }
}

const CALLS = new Set<number>([OP.call2, OP.call4, OP.call_ref]);
const SIGNED = new Set<number>([ATE.signed, ATE.signed_char]);
const UNSIGNED = new Set<number>([ATE.unsigned, ATE.unsigned_char, ATE.boolean, ATE.address, ATE.UTF]);

/** Operations that say where a value is rather than compute (DWARF 5 §2.6.1.1). */
function describe({ opcode, operands, block }: Operation, machine: StackMachine): Location {
  switch (opcode) {
    case OP.reg0:
    case OP.regx:
      return registerLocation(Number(operands[0]));
    case OP.stack_value:
      return { kind: 'value', value: checkRegisters(machine.pop().operations) };
    case OP.implicit_value:
      return { kind: 'bytes', bytes: (block ?? new Uint8Array(0)).slice() };
    case OP.implicit_pointer:
      return unavailable('<points to a value that was optimized out>');
    // Only the caller knows what it would have passed, at a place that is not this one.
    case OP.GNU_parameter_ref:
    case OP.GNU_variable_value:
      throw new Unavailable('<optimized out>');
    default:
      throw new Unavailable(`<not available: its location needs DWARF operation 0x${opcode.toString(16)}>`);
  }
}

/** The place that the stack's top is the address of; nothing on the stack: nowhere (an empty piece). */
function memoryAt(machine: StackMachine): Location {
  if (machine.stack.length === 0) return OPTIMIZED_OUT;
  return { kind: 'memory', address: checkRegisters(machine.pop().operations) };
}

function registerLocation(register: number): Location {
  return register <= LAST_REGISTER
    ? { kind: 'register', register }
    : unavailable(`<not available: in DWARF register ${register}>`);
}

function checkRegisters(operations: readonly LocationOperation[]): readonly LocationOperation[] {
  for (const operation of operations) {
    if (operation.op === 'register' && operation.register > LAST_REGISTER) {
      throw new Unavailable(`<not available: in DWARF register ${operation.register}>`);
    }
  }
  return operations;
}

function pieceSize({ opcode, operands }: Operation): number {
  if (opcode === OP.piece) return Number(operands[0]);
  const [bits, offset] = operands as [bigint, bigint];
  if (bits % 8n !== 0n || offset !== 0n) throw new Unavailable('<not available: in parts of bytes>');
  return Number(bits / 8n);
}

function unavailable(reason: string): Location {
  return { kind: 'unavailable', reason };
}

function stringBytes(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : Buffer.from(`${text}\0`);
}
