/**
 * Mocha's `spec` reporter, which also adds a line to the file that scripts/test.ts sums up: its counts, and why tests
 * were skipped.
 */
import { appendFileSync } from 'node:fs';
import { type MochaOptions, type Runner, reporters, type Test } from 'mocha';
import { reasonOf } from '../test/skip';

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  /** Titles, each with the reason that it or one of its suites gives. */
  readonly skipped: readonly string[];
}

class CountingSpec extends reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const file = process.env['SIDESTEP_TEST_COUNTS'];
    const skipped: string[] = [];
    runner.on('pending', (test: Test) =>
      skipped.push(`${test.titlePath().join(' › ')}: ${reasonOf(test) ?? 'no reason given'}`),
    );
    runner.once('end', () => {
      const { passes, failures } = this.stats;
      const counts: TestCounts = { passed: passes, failed: failures, skipped };
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(counts)}\n`);
    });
  }
}

module.exports = CountingSpec;
