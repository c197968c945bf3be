/** Counts of how instructions are executed. */
import { type RefusalCode, type TwinPlan } from '../../emulator/emulator';
import { type Verdict } from './classifier';

export class Tally {
  emulated = 0;
  /** By the CPU: on a copy of the thread's state, or by a twin. */
  surrogate = 0;
  /** The part of them that the thread executes by a twin. */
  twins = 0;
  refused = 0;
  readonly reasons = new Map<RefusalCode, number>();
  /** Refused instructions by mnemonic; invalid bytes are `(bad)`. */
  readonly mnemonics = new Map<string, number>();

  get total(): number {
    return this.emulated + this.surrogate + this.refused;
  }

  /** `hasTwin`: whether the program has it. */
  add(verdict: Verdict, hasTwin: (twin: TwinPlan) => boolean): void {
    const byTwin = verdict.execution === 'twin' && hasTwin(verdict.twin);
    if (byTwin) this.twins++;
    if (byTwin || !('code' in verdict)) {
      this[verdict.execution === 'emulated' ? 'emulated' : 'surrogate']++;
      return;
    }
    this.refused++;
    increment(this.reasons, verdict.code);
    increment(this.mnemonics, verdict.mnemonic || '(bad)');
  }

  /** As `sidestep coverage --json` has it. */
  toJSON(): object {
    const { total, emulated, surrogate, twins, refused } = this;
    return { total, emulated, surrogate, twins, refused, reasons: Object.fromEntries(mostFrequent(this.reasons)) };
  }
}

/** The entries of a map of counts, largest first. */
export function mostFrequent<K>(counts: ReadonlyMap<K, number>): [K, number][] {
  return [...counts].sort(([, a], [, b]) => b - a);
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
