/** Runs subjects from random states, once as the engine does it and once natively, and says what differs. */
import { hex } from '../../../src/base/address';
import { type Arena, Layout } from '../../../src/engine/tracing/arena';
import { type Surrogate } from '../../../src/engine/surrogate/surrogate';
import { disassemble } from '../../../src/emulator/decode/decode';
import { FLAG_BITS, FLAGS } from '../../../src/emulator/machine/registers';
import { ERROR_SUMMARY, Xsave } from '../../../src/engine/surrogate/xsave';
import { State, UserRegister, type UserRegisterName } from '../../../src/emulator/machine/state';
import { operandAddress } from '../../../src/emulator/surrogate/address';
import { type Subject } from './forms';
import { type MemoryHost } from './memoryHost';
import { type Experiment, type Native, NATIVE_REGISTERS, NativeLayout, type Outcome } from './native';
import { numberOf } from './states';
import { normalised } from './xsaveState';

const SIGILL = 4;
const SIGTRAP = 5;
const RIP = numberOf('rip');
const FLAG_MASK = FLAGS.reduce((mask, flag) => mask | (1n << BigInt(FLAG_BITS[flag])), 0n);

/**
 * `executed`: by both. `faulted`: it faults, and is left to the thread. `unsupported`: likewise, because this CPU does
 * not have it. `declined`: it is left to the thread though it does not fault, which is right in this state.
 */
export type Verdict = 'executed' | 'faulted' | 'unsupported' | 'declined';

export interface Comparison {
  /** By form. */
  readonly verdicts: ReadonlyMap<string, ReadonlySet<Verdict>>;
  readonly differences: readonly string[];
}

interface Trial {
  readonly subject: Subject;
  readonly experiment: Experiment;
  readonly result: 0 | 1;
  readonly touched: boolean;
  readonly after: Omit<Outcome, 'signal'>;
  /** The surrogate may leave it to the thread. */
  readonly mayDecline: boolean;
}

export class Comparer {
  readonly #state: DataView;

  constructor(
    private readonly native: Native,
    private readonly surrogate: Surrogate,
    private readonly host: MemoryHost,
    arena: Arena,
  ) {
    this.#state = new DataView(arena.memory.buffer, Layout.state, State.bytes);
  }

  compare(cases: readonly { subject: Subject; experiment: Experiment }[]): Comparison {
    const experiments = this.native.settle(cases.map(({ experiment }) => experiment));
    const trials = cases.map(({ subject }, index) => this.#run(subject, experiments[index]!));
    const outcomes = this.native.run(experiments);
    const verdicts = new Map<string, Set<Verdict>>();
    const differences: string[] = [];
    trials.forEach((trial, index) => {
      const verdict = this.#judge(trial, outcomes[index]!);
      if (Array.isArray(verdict)) {
        differences.push(report(trial.subject, trial.experiment, verdict));
        return;
      }
      const { name } = trial.subject.form;
      verdicts.set(name, (verdicts.get(name) ?? new Set()).add(verdict));
    });
    return { verdicts, differences };
  }

  #run(subject: Subject, experiment: Experiment): Trial {
    const { host } = this;
    const { window, registers } = experiment;
    for (const [index, name] of NATIVE_REGISTERS.entries()) this.#set(name, registers[index]!);
    // As INT3 leaves it.
    this.#set('rip', registers[RIP]! + 1n);
    this.#set('gs_base', experiment.gsBase);
    host.xsave.set(experiment.xsave);
    const memory = host.bytes(window.address, NativeLayout.windowBytes);
    memory.set(window.bytes);
    host.touched = false;
    const mayDecline = this.#mayDecline(subject);
    const result = this.surrogate.execute(subject.plan);
    const after = {
      registers: BigUint64Array.from(NATIVE_REGISTERS, (name) => this.#get(name)),
      gsBase: this.#get('gs_base'),
      xsave: Buffer.from(host.xsave),
      window: { address: window.address, bytes: memory.slice() },
    };
    memory.fill(0);
    return { subject, experiment, result, touched: host.touched, after, mayDecline };
  }

  /**
   * Masks can keep an instruction from touching the part of its operand that can't be accessed; the surrogate leaves
   * that to the thread.
   */
  #mayDecline({ plan: { operand, length } }: Subject): boolean {
    if (operand === undefined) return false;
    const { linear } = operandAddress(operand.memory, length, this.#state);
    const end = linear + BigInt(operand.bytes);
    const limit =
      operand.access === 'read' ? NativeLayout.constants + NativeLayout.constantsBytes : NativeLayout.constants;
    return operand.access === 'conditionalWrite' || linear < BigInt(NativeLayout.data) || end > BigInt(limit);
  }

  /** What happened, or what differs. */
  #judge({ subject, result, touched, mayDecline, after }: Trial, outcome: Outcome): Verdict | string[] {
    const end = BigInt(subject.address + subject.bytes.length + 1);
    const completed = outcome.signal === SIGTRAP && outcome.registers[RIP] === end;
    if (result === 0) {
      if (!completed) return [`raises signal ${outcome.signal} at ${hex(outcome.registers[RIP]!)}, but was executed`];
      const differences = this.#differences(outcome, after);
      return differences.length > 0 ? differences : 'executed';
    }
    if (touched) return ['something was changed, but the thread was to do it itself'];
    if (!completed) return outcome.signal === SIGILL ? 'unsupported' : 'faulted';
    const pending = (outcome.xsave[Xsave.statusWord]! & ERROR_SUMMARY) !== 0;
    return mayDecline || pending ? 'declined' : ['the thread was to do it itself, but it does not fault'];
  }

  #differences(native: Outcome, ours: Trial['after']): string[] {
    const differences: string[] = [];
    for (const [index, name] of NATIVE_REGISTERS.entries()) {
      let [expected, actual] = [native.registers[index]!, ours.registers[index]!];
      if (name === 'rip') expected -= 1n;
      if (name === 'eflags') [expected, actual] = [expected & FLAG_MASK, actual & FLAG_MASK];
      if (expected !== actual) differences.push(`${name}: ${hex(expected)}, not ${hex(actual)}`);
    }
    if (native.gsBase !== ours.gsBase) differences.push(`gs_base: ${hex(native.gsBase)}, not ${hex(ours.gsBase)}`);
    compareBytes('memory', native.window.bytes, ours.window.bytes, differences);
    const { xsave } = this.native;
    compareBytes('xsave', normalised(native.xsave, xsave), normalised(ours.xsave, xsave), differences);
    return differences;
  }

  #get(name: UserRegisterName): bigint {
    return this.#state.getBigUint64(State.registers + UserRegister[name], true);
  }

  #set(name: UserRegisterName, value: bigint): void {
    this.#state.setBigUint64(State.registers + UserRegister[name], value, true);
  }
}

function compareBytes(what: string, expected: Uint8Array, actual: Uint8Array, differences: string[]): void {
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  if (at < 0) return;
  const text = (bytes: Uint8Array) => Buffer.from(bytes.subarray(at, at + 16)).toString('hex');
  differences.push(`${what} from byte ${at} on: ${text(expected)}, not ${text(actual)}`);
}

function report(
  { form, bytes, address }: Subject,
  { registers, gsBase }: Experiment,
  differences: readonly string[],
): string {
  const code = Buffer.from(bytes).toString('hex');
  const state = NATIVE_REGISTERS.map((name, index) => `${name}=${hex(registers[index]!)}`).join(' ');
  return [
    `${form.name}: ${disassemble(bytes, BigInt(address))} (${code})`,
    ...differences,
    `${state} gs=${hex(gsBase)}`,
  ].join('\n    ');
}
