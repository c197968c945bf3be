/** What a soak has counted and found wrong. */

export class Ledger {
  /** What must not have happened, and how often it did. */
  readonly findings = new Map<string, number>();
  /** What was done, by name: `edits`, `detaches`… */
  readonly deeds = new Map<string, number>();
  /**
   * Calls, by the programs' own counters, of places with a probe all the time; and what the engine says of these
   * probes.
   */
  expected = 0;
  hits = 0;
  /** Of those that shall be reported: by the programs' counters, and what became of them. */
  toReport = 0;
  reported = 0;
  dropped = 0;
  steppedAside = 0;
  /** Hits of probes that came and went. */
  passingHits = 0;
  /** Each second: resident memory of the engine in kB. */
  readonly memoryKb: number[] = [];

  did(deed: string, times = 1): void {
    this.deeds.set(deed, (this.deeds.get(deed) ?? 0) + times);
  }

  find(...findings: readonly string[]): void {
    for (const finding of findings) this.findings.set(finding, (this.findings.get(finding) ?? 0) + 1);
  }

  /** A finding, unless both are the same. */
  compare(what: string, actual: number, wanted: number): void {
    if (actual !== wanted) this.find(`${what}: ${actual} instead of ${wanted}`);
  }

  /** A finding, unless it lies between them. */
  bound(what: string, actual: number, least: number, most: number): void {
    if (actual < least || actual > most) this.find(`${what}: ${actual}, not between ${least} and ${most}`);
  }
}

/** For people. */
export function reportOf(ledger: Ledger): string {
  const deeds = [...ledger.deeds].map(([deed, times]) => `${deed} ${times}`).join(', ');
  const memory = ledger.memoryKb.map((kb) => Math.round(kb / 1024));
  const quarters = [0, 1, 2, 3].map((quarter) => median(part(memory, quarter)));
  return [
    `done              ${deeds}`,
    `hits expected     ${ledger.expected} by the programs' counters, ${ledger.hits} by the engine's`,
    `to be reported    ${ledger.toReport} = ${ledger.reported} reported + ${ledger.dropped} counted as dropped`,
    `passing probes    ${ledger.passingHits} hits, each probe's within its bounds`,
    `stepped aside     ${ledger.steppedAside}`,
    `engine's memory   ${quarters.join(', ')} MB in the quarters of the run`,
    `findings          ${ledger.findings.size}`,
    ...[...ledger.findings].map(([finding, times]) => `  ${finding}${times > 1 ? ` (${times} times)` : ''}`),
  ].join('\n');
}

/** One of four parts, in order. */
export function part(values: readonly number[], quarter: number): readonly number[] {
  return values.slice(Math.floor((values.length * quarter) / 4), Math.floor((values.length * (quarter + 1)) / 4));
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
