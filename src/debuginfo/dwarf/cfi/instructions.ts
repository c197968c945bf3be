/** Call frame instructions (DWARF 5 §6.4.2): a table, and the machine that makes rows of them. */
import { type ByteReader } from '../../../base/byteReader';
import { CFA } from '../constants';
import { type Cie, type Fde, type Instructions } from './entries';
import { type PointerBases, readPointer } from './pointer';
import { type CfaRule, type RegisterRule, type UnwindRow } from './row';

/** DWARF register numbers are below this: the System V ABI's for x86-64 (figure 3.36) end at 130. */
const MAX_REGISTER = 256;

/** remember_state can't be nested deeper; compilers nest it once or twice. */
const MAX_REMEMBERED = 64;

/** Instructions of one entry. The longest functions of generated code have some thousand. */
const MAX_INSTRUCTIONS = 1 << 20;

type Rules = Map<number, RegisterRule>;

interface State {
  readonly cfa: CfaRule | undefined;
  readonly rules: Rules;
}

/** Carries one instruction out; its operands are at the machine's reader. */
type Execute = (machine: FrameMachine) => void;

const UNDEFINED: RegisterRule = { kind: 'undefined' };
const SAME_VALUE: RegisterRule = { kind: 'sameValue' };

const INSTRUCTIONS = new Map<number, Execute>([
  [CFA.nop, () => undefined],
  [CFA.GNU_window_save, () => undefined],
  [CFA.GNU_args_size, (m) => void m.reader.uleb()],

  [CFA.set_loc, (m) => m.moveTo(m.pointer())],
  [CFA.advance_loc1, (m) => m.advance(m.reader.u8())],
  [CFA.advance_loc2, (m) => m.advance(m.reader.u16())],
  [CFA.advance_loc4, (m) => m.advance(m.reader.u32())],

  [CFA.def_cfa, (m) => m.defineCfa(m.register(), m.reader.uleb())],
  [CFA.def_cfa_sf, (m) => m.defineCfa(m.register(), m.factored(m.reader.sleb()))],
  [CFA.def_cfa_register, (m) => m.defineCfa(m.register(), m.registerCfa().offset)],
  [CFA.def_cfa_offset, (m) => m.defineCfa(m.registerCfa().register, m.reader.uleb())],
  [CFA.def_cfa_offset_sf, (m) => m.defineCfa(m.registerCfa().register, m.factored(m.reader.sleb()))],
  [CFA.def_cfa_expression, (m) => m.defineCfaExpression(m.expression())],

  [CFA.undefined, (m) => m.set(m.register(), UNDEFINED)],
  [CFA.same_value, (m) => m.set(m.register(), SAME_VALUE)],
  [CFA.offset_extended, (m) => m.set(m.register(), m.offset(m.reader.uleb()))],
  [CFA.offset_extended_sf, (m) => m.set(m.register(), m.offset(m.reader.sleb()))],
  [CFA.GNU_negative_offset_extended, (m) => m.set(m.register(), m.offset(-m.reader.uleb()))],
  [CFA.val_offset, (m) => m.set(m.register(), m.valueOffset(m.reader.uleb()))],
  [CFA.val_offset_sf, (m) => m.set(m.register(), m.valueOffset(m.reader.sleb()))],
  [CFA.register, (m) => m.set(m.register(), { kind: 'register', register: m.register() })],
  [CFA.expression, (m) => m.set(m.register(), { kind: 'expression', expression: m.expression() })],
  [CFA.val_expression, (m) => m.set(m.register(), { kind: 'valueExpression', expression: m.expression() })],
  [CFA.restore_extended, (m) => m.restore(m.register())],

  [CFA.remember_state, (m) => m.remember()],
  [CFA.restore_state, (m) => m.recall()],
]);

/** Instructions with an operand in their low six bits, by the two bits above it. */
const PACKED = new Map<number, (machine: FrameMachine, operand: number) => void>([
  [CFA.advance_loc, (m, delta) => m.advance(delta)],
  [CFA.offset, (m, register) => m.set(register, m.offset(m.reader.uleb()))],
  [CFA.restore, (m, register) => m.restore(register)],
]);

/** What a CIE's instructions leave: where its descriptions begin. */
export function initialState(section: ByteReader, cie: Cie, bases: PointerBases): State {
  const machine = new FrameMachine(section, cie, instructionsOf(section, cie), bases);
  while (machine.run());
  return machine.state();
}

/** The rows of a description, ascending, without empty ones. `initial`: its CIE's state. Throws `malformed`. */
export function* rowsOf(
  section: ByteReader,
  fde: Fde,
  bases: PointerBases,
  initial: State,
): IterableIterator<UnwindRow> {
  instructionsOf(section, fde.cie);
  const machine = new FrameMachine(section, fde.cie, fde.instructions, bases, { initial, low: fde.low });
  const { returnRegister, isSignalFrame } = fde.cie;
  for (let low = fde.low; low < fde.high;) {
    const next = machine.run() ? machine.next : fde.high;
    const high = Math.min(next, fde.high);
    if (low < high) yield { low, high, ...machine.state(), returnRegister, isSignalFrame };
    low = next;
  }
}

function instructionsOf(section: ByteReader, { instructions, augmentation, offset }: Cie): Instructions {
  if (instructions) return instructions;
  throw section.malformed(`a common entry has an unknown augmentation: ${JSON.stringify(augmentation)}`, offset);
}

class FrameMachine {
  readonly reader: ByteReader;
  /** Where the row that is being made begins, once the one before is complete. */
  next: number;
  readonly #cie: Cie;
  readonly #bases: PointerBases;
  readonly #initial: State | undefined;
  readonly #remembered: State[] = [];
  #cfa: CfaRule | undefined;
  #rules: Rules;
  /** Whether somebody else has the rules, too: they are copied before they change. */
  #isShared: boolean;
  #left = MAX_INSTRUCTIONS;

  constructor(
    section: ByteReader,
    cie: Cie,
    { start, end }: Instructions,
    bases: PointerBases,
    from?: { readonly initial: State; readonly low: number },
  ) {
    this.reader = section.at(start, end);
    this.#cie = cie;
    this.#bases = bases;
    this.#initial = from?.initial;
    this.#cfa = from?.initial.cfa;
    this.#rules = from?.initial.rules ?? new Map<number, RegisterRule>();
    this.#isShared = from !== undefined;
    this.next = from?.low ?? 0;
  }

  /** Runs until a row is complete; false at the end of the instructions. */
  run(): boolean {
    const { next } = this;
    while (!this.reader.atEnd && this.next === next) this.#step();
    return this.next !== next;
  }

  state(): State {
    this.#isShared = true;
    return { cfa: this.#cfa, rules: this.#rules };
  }

  advance(delta: number): void {
    this.moveTo(this.next + delta * this.#cie.codeAlignment);
  }

  moveTo(address: number): void {
    if (address < this.next) throw this.reader.malformed('rows go backwards');
    this.next = address;
  }

  defineCfa(register: number, offset: number): void {
    this.#cfa = { kind: 'register', register, offset };
  }

  defineCfaExpression(expression: Uint8Array): void {
    this.#cfa = { kind: 'expression', expression };
  }

  /** The CFA that an instruction changes half of. */
  registerCfa(): Extract<CfaRule, { kind: 'register' }> {
    if (this.#cfa?.kind !== 'register') throw this.reader.malformed('a CFA that is no register is changed in part');
    return this.#cfa;
  }

  set(register: number, rule: RegisterRule): void {
    this.#ownRules().set(register, rule);
  }

  /** Back to what the CIE says of the register. */
  restore(register: number): void {
    const rule = this.#initial?.rules.get(register);
    if (rule) this.set(register, rule);
    else this.#ownRules().delete(register);
  }

  remember(): void {
    if (this.#remembered.length === MAX_REMEMBERED) throw this.reader.malformed('too many states are remembered');
    this.#remembered.push(this.state());
  }

  recall(): void {
    const state = this.#remembered.pop();
    if (!state) throw this.reader.malformed('a state is restored that was not remembered');
    this.#cfa = state.cfa;
    this.#rules = state.rules;
    this.#isShared = true;
  }

  register(): number {
    const at = this.reader.offset;
    const register = this.reader.uleb();
    if (register >= MAX_REGISTER) throw this.reader.malformed(`there is no DWARF register ${register}`, at);
    return register;
  }

  expression(): Uint8Array {
    return this.reader.bytes(this.reader.uleb());
  }

  offset(factor: number): RegisterRule {
    return { kind: 'offset', offset: this.factored(factor) };
  }

  valueOffset(factor: number): RegisterRule {
    return { kind: 'valueOffset', offset: this.factored(factor) };
  }

  factored(factor: number): number {
    const offset = factor * this.#cie.dataAlignment;
    if (!Number.isSafeInteger(offset)) throw this.reader.malformed('an offset is too large');
    return offset;
  }

  pointer(): number {
    return readPointer(this.reader, this.#cie.encoding, this.#bases) ?? 0;
  }

  #step(): void {
    const { reader } = this;
    if (this.#left-- === 0) throw reader.malformed(`more than ${MAX_INSTRUCTIONS} instructions`);
    const at = reader.offset;
    const opcode = reader.u8();
    const packed = PACKED.get(opcode & 0xc0);
    if (packed) {
      packed(this, opcode & 0x3f);
      return;
    }
    const execute = INSTRUCTIONS.get(opcode);
    if (!execute) throw reader.malformed(`call frame instruction 0x${opcode.toString(16)} is unknown`, at);
    execute(this);
  }

  #ownRules(): Rules {
    if (this.#isShared) {
      this.#rules = new Map(this.#rules);
      this.#isShared = false;
    }
    return this.#rules;
  }
}
