/**
 * Mocha's `spec` reporter, which also names the files that took longest, and adds a line to the file that
 * scripts/test.ts sums up: its counts, and why tests were skipped.
 */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { type MochaOptions, type Runner, reporters, type Test } from 'mocha';
import { reasonOf } from '../test/skip';

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  /** Titles, each with the reason that it or one of its suites gives. */
  readonly skipped: readonly string[];
}

/** So many of the slowest files are named. */
const SLOWEST = 15;

class CountingSpec extends reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const file = process.env['SIDESTEP_TEST_COUNTS'];
    const skipped: string[] = [];
    runner.on('pending', (test: Test) =>
      skipped.push(`${test.titlePath().join(' › ')}: ${reasonOf(test) ?? 'no reason given'}`),
    );
    const seconds = new Map<string, number>();
    // From one file's first test to the next file's: their hooks count too.
    let current: { readonly file: string; readonly since: number } | undefined;
    const enter = (next: string | undefined): void => {
      if (next === current?.file) return;
      if (current) {
        seconds.set(current.file, (seconds.get(current.file) ?? 0) + (performance.now() - current.since) / 1000);
      }
      current = next === undefined ? undefined : { file: next, since: performance.now() };
    };
    runner.on('suite', ({ file: next }) => {
      if (next !== undefined) enter(next);
    });
    runner.once('end', () => {
      enter(undefined);
      const slowest = [...seconds].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
      const lines = slowest.map(
        ([path, time]) => `${time.toFixed(1).padStart(7)} s  ${relative(process.cwd(), path)}\n`,
      );
      process.stdout.write(`  the slowest files\n${lines.join('')}\n`);
      const { passes, failures } = this.stats;
      const counts: TestCounts = { passed: passes, failed: failures, skipped };
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(counts)}\n`);
    });
  }
}

module.exports = CountingSpec;
