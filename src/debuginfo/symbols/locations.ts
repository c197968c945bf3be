/**
 * Where a variable is at an address (DWARF 5 §2.6): its expression there, run on unknown registers, in the terms of
 * `model`.
 */
import { type LinkAddress } from '../../base/address';
import { assertExists } from '../../base/assert';
import { AT, ATE, OP, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Attribute, Entry } from '../dwarf/entry';
import { type Operation, readOperations } from '../dwarf/expression';
import { expressionAt, isLocationList } from '../dwarf/locationLists';
import { type Unit } from '../dwarf/unit';
import { type Location, type LocationOperation } from '../model/model';
import { entryAddress, isFunction } from './blocks';
import { byReturnAddress, type CalledFrame, callsOf, inCalledFrame, mayReenter } from './callers';
import { passedIn } from './callSites';
import { chosen } from './choices';
import { declarationOf, inherited, origins } from './names';
import { sizeOfType } from './objectSize';
import { Pieces } from './pieces';
import { type Program } from './program';
import { type DwarfNumber } from './runtimeNumber';
import {
  extended,
  type IntegerType,
  plus,
  registerItem,
  StackMachine,
  type StackItem,
  type EvaluationContext,
  Unavailable,
} from './stackMachine';

const OPTIMIZED_OUT: Location = { kind: 'unavailable', reason: '<optimized out>' };
/** The registers that `model` can name; x87, mask and upper vector registers are beyond it. */
const LAST_REGISTER = 32;
/** DW_OP_call* and frame bases may lead to further expressions, in sound files not deeper than two. */
const MAX_DEPTH = 4;
/** Operations for one variable, those that it calls included; no compiler writes a hundred. */
const MAX_OPERATIONS = 10_000;

export class Locations implements EvaluationContext {
  #frameBase: StackItem | undefined;
  /** Shared by all that one variable leads to. */
  #operations = { left: MAX_OPERATIONS };
  /** False where a caller's frame is looked at for one that it called. */
  #mayAskCallers = true;

  constructor(
    readonly program: Program,
    readonly pc: number,
    /** The out-of-line function that pc is in; undefined outside of functions. */
    readonly subprogram: Entry | undefined,
    readonly unit: Unit | undefined = subprogram?.unit,
    readonly depth = 0,
    /** Where the code really is: elsewhere than at `pc` for a function whose code was folded into an equal one. */
    readonly codeAddress = pc,
    /** The frame base of a function other than the one that the registers are of. */
    readonly otherFrame?: () => StackItem,
  ) {}

  /** Where the variable is; never throws for malformed input. */
  of(variable: Entry): Location {
    return this.#unlessUnavailable(() => this.#ofModules(this.#read(variable)));
  }

  /** Where the thread-local variable at this offset of the module's block is. */
  ofThreadLocal(offset: bigint): Location {
    return this.#unlessUnavailable(() => ({ kind: 'memory', address: [this.threadLocal(offset)] }));
  }

  /** Where the program may have another module's variable of the name instead, the place that the program has. */
  #ofModules(location: Location): Location {
    if (location.kind !== 'memory') return location;
    const [only, ...others] = location.address;
    const slot =
      only?.op === 'address' && others.length === 0 ? this.program.facts.linked.ownData(only.address) : undefined;
    return slot === undefined ? location : throughWord(slot);
  }

  #unlessUnavailable(read: () => Location): Location {
    this.#operations.left = MAX_OPERATIONS;
    try {
      return ifWellFormed(read) ?? unavailable('<not available: its location is malformed>');
    } catch (error) {
      if (error instanceof Unavailable) return unavailable(error.message);
      throw error;
    }
  }

  frameBase(): StackItem {
    if (this.otherFrame) return this.otherFrame();
    if (!this.#frameBase) {
      const value = this.subprogram?.attribute(AT.frame_base);
      const expression = value && expressionAt(value, this.pc);
      if (!expression) throw new Unavailable('<not available: its frame is unknown here>');
      this.#frameBase = this.#nested(value.unit).valueOf(expression);
    }
    return this.#frameBase;
  }

  callFrameAddress(): StackItem {
    if (this.otherFrame) throw new Unavailable(IN_OTHER_FRAME);
    const rule = this.program.facts.unwindRowAt(this.codeAddress)?.cfa;
    if (!rule) throw new Unavailable('<not available: its frame is unknown here>');
    if (rule.kind === 'expression') return this.#nested(undefined).valueOf(rule.expression);
    return plus(registerItem(rule.register), BigInt(rule.offset));
  }

  /**
   * What an expression was at the function's entry (DWARF 5 §2.5.1.7): known where pc is that entry, and elsewhere by
   * what the calls of the function are described to pass.
   */
  entryValue(expression: Uint8Array): StackItem {
    if (!this.subprogram) throw new Unavailable('<optimized out>');
    if (entryAddress(this.subprogram) === this.pc) return this.#nested(this.unit).valueOf(expression);
    const [operation, ...others] = readOperations(expression, this.unit);
    const isRegister = operation?.opcode === OP.reg0 && others.length === 0;
    const row = this.program.facts.unwindRowAt(this.codeAddress);
    if (!isRegister || !row || !this.#mayAskCallers || this.otherFrame || this.codeAddress !== this.pc)
      throw new Unavailable('<optimized out>');
    return this.#passed(this.subprogram, Number(operation.operands[0]), { row, cfa: this.callFrameAddress() });
  }

  #passed(subprogram: Entry, register: number, frame: CalledFrame): StackItem {
    if (mayReenter(this.program, subprogram)) throw new Unavailable('<optimized out>');
    const values = callsOf(this.program, subprogram).flatMap((site) => {
      const value = passedIn(site, register);
      const { returnAddress, caller } = site;
      if (!value || returnAddress === undefined || !this.program.facts.isCode(returnAddress)) return [];
      // Of the instruction that calls: the one after it may be another row's, or another function's.
      const there = new Locations(this.program, returnAddress - 1, caller, caller.unit, this.depth + 1);
      there.#operations = this.#operations;
      there.#mayAskCallers = false;
      const operations = unlessUnavailable(() => inCalledFrame(there.valueOf(value).operations, frame));
      return operations ? [{ returnAddress, operations }] : [];
    });
    return { operations: byReturnAddress(values, frame), type: undefined };
  }

  indexedAddress(index: number): number {
    if (!this.unit) throw new Unavailable('<not available: its location is malformed>');
    return this.unit.addressAt(index);
  }

  integerType(offset: number): IntegerType | undefined {
    if (offset === 0 || !this.unit) return undefined;
    const entry = entryInUnit(this.unit, offset);
    const bytes = entry.unsigned(AT.byte_size) ?? 0;
    const encoding = entry.unsigned(AT.encoding) ?? 0;
    const signed = SIGNED.has(encoding);
    if (entry.tag !== TAG.base_type || bytes < 1 || bytes > 8 || !(signed || UNSIGNED.has(encoding))) {
      throw new Unavailable('<not available: its location computes with a type that is not an integer>');
    }
    return { bits: bytes * 8, signed };
  }

  threadLocal(offset: bigint): LocationOperation {
    const { facts } = this.program;
    const { threadBlock, linked } = facts;
    const within = facts.threadOffset(BigInt.asIntN(64, offset));
    const own = linked.ownThreadLocal(within);
    if (own) return { op: 'tls', block: own, offset: 0n };
    if (!threadBlock)
      throw new Unavailable('<not available: nothing tells where its library has thread-local variables>');
    if (threadBlock.kind !== 'fixed') return { op: 'tls', block: threadBlock, offset: within };
    return { op: 'tls', block: { kind: 'fixed', offset: 0n }, offset: threadBlock.offset + within };
  }

  /**
   * What a number of a type is here. `blocks`: the function and the blocks around pc, which have the variables it may
   * be.
   */
  compute({ entry, attribute, use }: DwarfNumber, blocks: readonly Entry[]): Location {
    return this.#unlessUnavailable(() => {
      const value = entry.attribute(attribute);
      if (!value) throw new Unavailable('<optimized out>');
      const variable = value.reference();
      const number = variable
        ? this.#variableValue(variable, blocks)
        : this.#numberOf(value, this.#hasFrameOf(entry, blocks), use.onObject);
      return { kind: 'value', value: checkRegisters(plus(number, use.addend).operations) };
    });
  }

  /**
   * The same for the function around a nested one (GNU C), whose frame is the one that the static link leads to (DWARF
   * 5 §3.3.1.6).
   */
  enclosing(subprogram: Entry): Locations {
    const link = this.subprogram?.attribute(AT.static_link);
    const frame = (): StackItem => {
      const expression = link && expressionAt(link, this.pc);
      if (!expression) throw new Unavailable('<optimized out>');
      return this.#nested(link.unit).valueOf(expression);
    };
    return new Locations(this.program, this.pc, subprogram, subprogram.unit, this.depth, this.codeAddress, frame);
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
    // The position of the other frame's function is unknown here.
    if (this.otherFrame && isLocationList(location)) throw new Unavailable(IN_OTHER_FRAME);
    const expression = expressionAt(location, this.pc);
    if (!expression || expression.length === 0) return OPTIMIZED_OUT;
    if (this.otherFrame && usesRegisters(expression, location.unit)) throw new Unavailable(IN_OTHER_FRAME);
    return this.#nested(location.unit).#evaluate(expression);
  }

  /** A number that an expression computes, on the object's address if `onObject`. */
  #numberOf(value: Attribute, hasFrame: boolean, onObject: boolean): StackItem {
    const expression = expressionAt(value, this.pc);
    if (!expression) throw new Unavailable('<optimized out>');
    // gcc names registers here that are right at one place of the function, and does not say at which.
    if (!isLocationList(value) && usesRegisters(expression, value.unit)) throw new Unavailable('<optimized out>');
    const machine = new StackMachine(this.#nested(value.unit));
    if (onObject) machine.push([{ op: 'object' }]);
    for (const operation of readOperations(expression, value.unit)) {
      if (operation.opcode === OP.fbreg && !hasFrame) throw new Unavailable('<optimized out>');
      if (operation.opcode === OP.push_object_address) machine.push([{ op: 'object' }]);
      else if (!machine.run(operation)) throw new Unavailable('<not available: its location is too complex>');
    }
    return machine.pop();
  }

  /** Whether an entry lies in a function that pc is not in. */
  isForeign(entry: Entry): boolean {
    const around = functionAround(entry);
    return around !== undefined && !this.#isOwn(around);
  }

  #isOwn(around: Entry): boolean {
    return this.subprogram !== undefined && [...origins(this.subprogram)].some(({ key }) => key === around.key);
  }

  /**
   * Whether a type's expression is about this frame. gcc puts types of arrays outside of the functions that they belong
   * to: reached from a variable of a function it is about that function's frame, unless the variable may be an inlined
   * or an enclosing function's.
   */
  #hasFrameOf(entry: Entry, blocks: readonly Entry[]): boolean {
    const around = functionAround(entry);
    if (around) return this.#isOwn(around);
    const { subprogram } = this;
    const isInlined = blocks.at(-1)?.key !== subprogram?.key;
    return subprogram !== undefined && !isInlined && !functionAround(declarationOf(subprogram));
  }

  /** The value of an integer variable that a type refers to: of its instance in the blocks, else its own. */
  #variableValue(variable: Entry, blocks: readonly Entry[]): StackItem {
    const isInstance = (child: Entry) => [...origins(child)].some(({ key }) => key === variable.key);
    const instance = blocks.flatMap((block) => [...block.children()]).find(isInstance);
    const around = functionAround(variable);
    if (!instance && !(around && this.#isOwn(around))) throw new Unavailable('<optimized out>');
    const location = this.of(instance ?? variable);
    const type = integerTypeOf(variable);
    switch (location.kind) {
      case 'memory': {
        const size = (type.bits / 8) as 1 | 2 | 4 | 8;
        return { operations: extended([...location.address, { op: 'load', size }], type), type: undefined };
      }
      case 'value':
        return { operations: extended(location.value, type), type: undefined };
      case 'register':
        return { operations: extended(registerItem(location.register).operations, type), type: undefined };
      default:
        throw new Unavailable(location.kind === 'unavailable' ? location.reason : '<optimized out>');
    }
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
    const nested = new Locations(
      this.program,
      this.pc,
      this.subprogram,
      unit,
      this.depth + 1,
      this.codeAddress,
      this.otherFrame,
    );
    nested.#operations = this.#operations;
    nested.#mayAskCallers = this.#mayAskCallers;
    return nested;
  }

  #evaluate(expression: Uint8Array): Location {
    return this.#run(readOperations(expression, this.unit), 0, new StackMachine(this), 0);
  }

  /** What operations from number `start` on lead to. `branches`: those that led here. */
  #run(operations: readonly Operation[], start: number, machine: StackMachine, branches: number): Location {
    const pieces = new Pieces();
    /** What the operations since the last piece say outright, beside what they leave on the stack. */
    let found: Location | undefined;
    for (let at = start; at < operations.length;) {
      const operation = assertExists(operations[at++], 'operation');
      this.#countOperation();
      switch (operation.opcode) {
        case OP.piece:
        case OP.bit_piece: {
          const [size, offset] = operation.operands.map(Number);
          const scale = operation.opcode === OP.piece ? 8 : 1;
          pieces.add(found ?? memoryAt(machine), (size ?? 0) * scale, offset ?? 0);
          found = undefined;
          break;
        }
        case OP.skip:
          at = Number(operation.operands[0]);
          break;
        case OP.bra: {
          if (branches === MAX_BRANCHES || !pieces.isEmpty) throw new Unavailable(TOO_COMPLEX);
          const condition = machine.pop().operations;
          const from = (number: number, stack: StackMachine): Location =>
            reasonIfUnavailable(() => this.#run(operations, number, stack, branches + 1));
          return chosen(condition, from(Number(operation.operands[0]), machine.copy()), from(at, machine));
        }
        case OP.implicit_pointer:
          found = this.#implicitPointer(operation);
          break;
        default:
          if (CALLS.has(operation.opcode)) this.#call(operation, machine);
          else if (!machine.run(operation)) found = describe(operation, machine);
      }
    }
    return pieces.isEmpty ? (found ?? memoryAt(machine)) : pieces.location();
  }

  /** A pointer to an object without an address: whoever follows it reads that object (DWARF 5 §2.6.1.1.4). */
  #implicitPointer({ operands }: Operation): Location {
    const place = this.unit?.placeInFile(Number(operands[0]));
    // gcc leaves the offset in .dwo files 0.
    const entry = place && ifWellFormed(() => Entry.at(place));
    if (!entry) return unavailable('<not available: debug information does not say what it points to>');
    const around = outermostFunction(entry);
    const isHere = !around || around.key === this.subprogram?.key;
    const { program, pc, subprogram, depth, codeAddress, otherFrame } = this;
    const object = {
      get location(): Location {
        if (!isHere) return OPTIMIZED_OUT;
        return new Locations(program, pc, subprogram, entry.unit, depth, codeAddress, otherFrame).of(entry);
      },
      byteSize: ifWellFormed(() => sizeOfType(entry)),
    };
    return { kind: 'implicitPointer', object, offset: Number(operands[1]) };
  }

  #entryInFile(offset: number): Entry {
    const place = this.unit?.placeInFile(offset);
    if (!place) throw new Unavailable('<not available: its location is elsewhere in a package>');
    return Entry.at(place);
  }

  #countOperation(): void {
    if (this.#operations.left-- <= 0) throw new Unavailable(TOO_COMPLEX);
  }

  *#operationsOf(expression: Uint8Array, unit: Unit | undefined): IterableIterator<Operation> {
    for (const operation of readOperations(expression, unit)) {
      this.#countOperation();
      yield operation;
    }
  }

  /** DW_OP_call2, call4, call_ref: another entry's expression, run on the same stack (DWARF 5 §2.5.1.5). */
  #call({ opcode, operands }: Operation, machine: StackMachine): void {
    if (!this.unit) throw new Unavailable('<not available: its location is malformed>');
    const offset = Number(operands[0]);
    const callee = opcode === OP.call_ref ? this.#entryInFile(offset) : entryInUnit(this.unit, offset);
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

const TOO_COMPLEX = '<not available: its location is too complex>';
/** Branches one after another; what goes round in a circle is malformed. */
const MAX_BRANCHES = 32;

/** What `read` gives; the reason where it can't be had. */
function reasonIfUnavailable(read: () => Location): Location {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unavailable) return unavailable(error.message);
    throw error;
  }
}

/** What `read` gives; undefined where it can't be had. */
function unlessUnavailable<T>(read: () => T): T | undefined {
  try {
    return ifWellFormed(read);
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

const IN_OTHER_FRAME = "<not available: in a register of the enclosing function's frame>";
const REGISTER_OPERATIONS = new Set<number>([OP.reg0, OP.regx, OP.breg0, OP.bregx, OP.regval_type, OP.entry_value]);

function usesRegisters(expression: Uint8Array, unit: Unit): boolean {
  return readOperations(expression, unit).some(({ opcode }) => REGISTER_OPERATIONS.has(opcode));
}

/** The entry that an expression of `unit` names by its offset from the unit's header. */
function entryInUnit(unit: Unit, offset: number): Entry {
  const { units, header } = unit;
  return Entry.at({ units, section: header.section, offset: header.offset + offset, unit }, () => header.offset);
}

/** The out-of-line function that an entry is local to; undefined outside of functions. */
function outermostFunction(entry: Entry): Entry | undefined {
  let outermost: Entry | undefined;
  for (let scope = functionAround(entry); scope; scope = functionAround(scope)) outermost = scope;
  return outermost;
}

/** The function that an entry is local to; undefined outside of functions. */
function functionAround(entry: Entry): Entry | undefined {
  let scope = entry.parent;
  while (scope && !isFunction(scope)) scope = scope.parent;
  return scope;
}

/** The integer type of a variable that the compiler made for a number; 64 bits where it has none. */
function integerTypeOf(variable: Entry): IntegerType {
  const type = inherited(variable, (entry) => entry.reference(AT.type));
  const bytes = type?.unsigned(AT.byte_size) ?? 8;
  if (![1, 2, 4, 8].includes(bytes)) throw new Unavailable('<not available: a number of an unknown type>');
  return { bits: bytes * 8, signed: SIGNED.has(type?.unsigned(AT.encoding) ?? 0) };
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

/** The place whose address the dynamic linker has put into a word. */
export function throughWord(slot: LinkAddress): Location {
  return {
    kind: 'memory',
    address: [
      { op: 'address', address: slot },
      { op: 'load', size: 8 },
    ],
  };
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

function unavailable(reason: string): Location {
  return { kind: 'unavailable', reason };
}

function stringBytes(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : Buffer.from(`${text}\0`);
}
