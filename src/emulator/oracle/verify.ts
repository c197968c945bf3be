/**
 * Checks instructions against the CPU: the very function that runs at a hit, and the instruction itself in the scratch
 * program, from the same random states; every register, defined flag, byte of memory and fault must be the same.
 */
import { assertExists } from '../../base/assert';
import { hex } from '../../base/address';
import { compile } from '../compile/compile';
import { disassemble } from '../decode/decode';
import { type Instruction } from '../decode/instruction';
import { type MicroOperations } from '../ir/ir';
import { type Execute } from '../machine/machine';
import { type Flag, FLAG_BITS, FLAGS, SEGMENT_REGISTERS } from '../machine/registers';
import { State, UserRegister, type UserRegisterName } from '../machine/state';
import { type Experiment, Oracle, type Outcome, type Window } from './oracle';
import { Layout, SELECTORS, SIGNAL_REGISTERS } from './program';
import { Random } from './random';
import { isProgramText, ScratchMemory } from './scratchMemory';
import { StateSource } from './states';
import { mayStepAside, undefinedFlagsAfter } from './undefinedBehaviour';

/** An instruction to check, and where it lies within {@link Layout.code}. */
export interface Subject {
  readonly bytes: Uint8Array;
  readonly address: number;
  readonly instruction: Instruction;
  readonly operations: MicroOperations;
}

export interface Mismatch {
  readonly subject: Subject;
  /** What differs, one line each: the CPU's first. */
  readonly differences: readonly string[];
  /** The case again: bytes, registers and memory before. */
  readonly state: string;
}

export interface Verification {
  readonly states: number;
  /** The states from which the instruction ran to its end in both. */
  readonly executed: number;
  readonly mismatches: readonly Mismatch[];
}

interface Trial {
  readonly subject: Subject;
  readonly before: BigUint64Array;
  readonly result: 0 | 1;
  readonly after: BigUint64Array;
  readonly windowsBefore: readonly Window[];
  readonly windowsAfter: readonly Window[];
}

const SIGTRAP = 5;
const MEMORY_PAGES = 1;
const RIP = SIGNAL_REGISTERS.indexOf('rip');

/** How many experiments go to the CPU at once. */
const BATCH = 50_000;

/** Runs every subject from `states` random states. */
export function verify(subjects: readonly Subject[], options: { states: number; seed: number }): Verification {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
  const random = new Random(options.seed);
  const scratch = new ScratchMemory(random, memory, 0);
  const source = new StateSource(random, scratch);
  const view = new DataView(memory.buffer);
  const oracle = new Oracle(scratch.data, scratch.constants);
  const mismatches: Mismatch[] = [];
  let executed = 0;
  try {
    const perBatch = Math.max(1, Math.floor(BATCH / options.states));
    for (let first = 0; first < subjects.length; first += perBatch) {
      const some = subjects.slice(first, first + perBatch);
      const functions = compile(
        { memory, stateOffset: 0, host: scratch },
        some.map(({ operations, instruction }) => ({ operations, length: instruction.length })),
      );
      const trials = some.flatMap((subject, index) =>
        Array.from({ length: options.states }, () =>
          emulate(subject, assertExists(functions[index], 'function'), source, scratch, view),
        ),
      );
      const outcomes = oracle.run(trials.map(experiment));
      const partial = trials.filter(isPartial);
      const completions = oracle.run(partial.map(completion));
      trials.forEach((trial, index) => {
        const outcome = assertExists(outcomes[index], 'outcome');
        if (trial.result === 0 && outcome.signal === SIGTRAP) executed++;
        const completed = completions[partial.indexOf(trial)];
        const differences =
          completed === undefined ? compare(trial, outcome) : compareCompletion(outcome, completed, trial.subject);
        if (differences.length > 0) mismatches.push({ subject: trial.subject, differences, state: describe(trial) });
      });
    }
  } finally {
    oracle.dispose();
  }
  return { states: subjects.length * options.states, executed, mismatches };
}

/** One run in the emulator, from a state whose experiment can be made. */
function emulate(
  subject: Subject,
  execute: Execute,
  source: StateSource,
  scratch: ScratchMemory,
  view: DataView,
): Trial {
  for (;;) {
    const before = source.next(subject.instruction, subject.address);
    SIGNAL_REGISTERS.forEach((name, number) => setField(view, name, before[number]!));
    // As INT3 leaves it.
    setField(view, 'rip', BigInt(subject.address + 1));
    setField(view, 'fs_base', BigInt(Layout.fsBase));
    setField(view, 'gs_base', BigInt(Layout.gsBase));
    for (const segment of SEGMENT_REGISTERS) setField(view, segment, BigInt(SELECTORS[segment]));
    const result = execute();
    const after = BigUint64Array.from(SIGNAL_REGISTERS, (name) =>
      view.getBigUint64(State.registers + UserRegister[name], true),
    );
    const windows = scratch.takeWindows();
    if (windows !== undefined && !isProgramText(after[RIP]!)) {
      return { subject, before, result, after, windowsBefore: windows.before, windowsAfter: windows.after };
    }
  }
}

function setField(view: DataView, name: UserRegisterName, value: bigint): void {
  view.setBigUint64(State.registers + UserRegister[name], value, true);
}

function experiment({ subject, before, windowsBefore }: Trial): Experiment {
  return { code: subject.bytes, registers: before, windows: windowsBefore };
}

/** The emulator may leave a repeated string instruction without comparison to the thread after some of its rounds. */
function isPartial({ result, subject }: Trial): boolean {
  return result === 1 && subject.operations.some((statement) => statement.kind === 'repeat' && !statement.until);
}

/** What is left of a partial trial. */
function completion({ subject, after, windowsAfter }: Trial): Experiment {
  const registers = after.slice();
  registers[RIP] = BigInt(subject.address);
  return { code: subject.bytes, registers, windows: windowsAfter };
}

/** Executed wholly, or first in part by the emulator: the result must be the same. */
function compareCompletion(whole: Outcome, completed: Outcome, { instruction }: Subject): string[] {
  const differences: string[] = [];
  if (whole.signal !== completed.signal || whole.faultAddress !== completed.faultAddress) {
    differences.push(
      `signal ${whole.signal} at ${hex(whole.faultAddress)}; ${completed.signal} at ${hex(completed.faultAddress)}`,
    );
  }
  SIGNAL_REGISTERS.forEach((name, number) => {
    const [real, emulated] = [whole.registers[number]!, completed.registers[number]!];
    if (name === 'eflags') differences.push(...flagDifferences(real, emulated, instruction.undefinedFlags));
    else if (real !== emulated) differences.push(`${name} ${hex(real)}; ${hex(emulated)}`);
  });
  return [...differences, ...windowDifferences(whole.windows, completed.windows)];
}

function flagDifferences(real: bigint, emulated: bigint, except: readonly Flag[]): string[] {
  return FLAGS.filter((flag) => !except.includes(flag) && flagOf(real, flag) !== flagOf(emulated, flag)).map(
    (flag) => `${flag} ${flagOf(real, flag)}; ${flagOf(emulated, flag)}`,
  );
}

function windowDifferences(real: readonly Window[], emulated: readonly Window[]): string[] {
  return emulated.flatMap(({ address, bytes }, index) => {
    const found = Buffer.from(assertExists(real[index], 'real block').bytes);
    return found.equals(bytes)
      ? []
      : [`memory at ${hex(address)} ${found.toString('hex')}; ${Buffer.from(bytes).toString('hex')}`];
  });
}

function compare(trial: Trial, outcome: Outcome): string[] {
  const { subject, before, after, result } = trial;
  const place = BigInt(subject.address);
  const rip = outcome.signal === SIGTRAP ? outcome.registers[RIP]! - 1n : outcome.registers[RIP]!;
  // A fault at another address belongs to the code that the instruction jumped to.
  const faulted = rip === place;
  const differences: string[] = [];
  if (result === 1) {
    if (!faulted && !mayStepAside(subject.instruction, rip)) differences.push('executed; stepped aside');
    SIGNAL_REGISTERS.forEach((name, number) => {
      const kept = name === 'rip' ? place + 1n : before[number]!;
      if (after[number] !== kept) differences.push(`${name} was changed before stepping aside`);
    });
    if (!sameBytes(trial.windowsAfter, trial.windowsBefore))
      differences.push('memory was changed before stepping aside');
    return differences;
  }
  if (faulted) return [`signal ${outcome.signal} at ${hex(outcome.faultAddress)}; executed`];
  SIGNAL_REGISTERS.forEach((name, number) => {
    const [real, emulated] = [name === 'rip' ? rip : outcome.registers[number]!, after[number]!];
    if (name === 'eflags') {
      differences.push(...flagDifferences(real, emulated, undefinedFlagsAfter(subject.instruction, before)));
    } else if (real !== emulated) differences.push(`${name} ${hex(real)}; ${hex(emulated)}`);
  });
  return [...differences, ...windowDifferences(outcome.windows, trial.windowsAfter)];
}

function sameBytes(left: readonly Window[], right: readonly Window[]): boolean {
  return left.every(({ bytes }, index) => Buffer.from(bytes).equals(assertExists(right[index], 'block').bytes));
}

function flagOf(eflags: bigint, flag: Flag): number {
  return Number((eflags >> BigInt(FLAG_BITS[flag])) & 1n);
}

function describe({ subject, before, windowsBefore }: Trial): string {
  const text = disassemble(subject.bytes, BigInt(subject.address));
  const registers = SIGNAL_REGISTERS.map((name, number) => `${name}=${hex(before[number]!)}`).join(' ');
  const windows = windowsBefore.map(({ address, bytes }) => `${hex(address)}: ${Buffer.from(bytes).toString('hex')}`);
  return [`${text} [${Buffer.from(subject.bytes).toString('hex')}]`, registers, ...windows].join('\n  ');
}
