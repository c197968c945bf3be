/** Counts of how instructions are executed. */
import { type RefusalCode } from '../../emulator/emulator';
import { type Verdict } from './classifier';

export class Tally {
  emulated = 0;
  surrogate = 0;
  refused = 0;
  readonly reasons = new Map<RefusalCode, number>();
  /** Refused instructions by mnemonic; bytes that are none are `(bad)`. */
  readonly mnemonics = new Map<string, number>();

  get total(): number {
    return this.emulated + this.surrogate + this.refused;
  }

  add(verdict: Verdict): void {
    this[verdict.execution]++;
    if (verdict.execution !== 'refused') return;
    increment(this.reasons, verdict.code);
    increment(this.mnemonics, verdict.mnemonic || '(bad)');
  }

  /** As `sidestep coverage --json` has it. */
  toJSON(): object {
    const { total, emulated, surrogate, refused } = this;
    return { total, emulated, surrogate, refused, reasons: Object.fromEntries(mostFrequent(this.reasons)) };
  }
}

/** The entries of a map of counts, largest first. */
export function mostFrequent<K>(counts: ReadonlyMap<K, number>): [K, number][] {
  return [...counts].sort(([, a], [, b]) => b - a);
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
