/** What probes say of a program that says on its own output what they have to say, in lines that begin with `= `. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonLines, SCRATCH, sidestep } from '../cli/commandLine';
import { type Fixture } from '../fixtures/build';

export interface Kind {
  /** In test/fixtures/values. */
  readonly file: string;
  /** Of the compiler, beside those that the test tries. */
  readonly flags?: readonly string[];
  /** Location → message; `#name` is the line with that marker. */
  readonly probes: Readonly<Record<string, string>>;
  /** What optimised code need not have: such a part of a message may read as missing, never as something else. */
  readonly mayBeMissing?: boolean;
}

/** What the program printed as right, message by message. */
export function expected(stdout: string): string[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('= '))
    .map((line) => line.slice(2));
}

/** What the probes said, and what the program printed as right, a line for each hit. */
export async function messagesOf(fixture: Fixture, { file, probes }: Kind): Promise<{ told: string; right: string }> {
  mkdirSync(SCRATCH, { recursive: true });
  const output = join(SCRATCH, `values-${process.pid}.json`);
  const options = Object.entries(probes).flatMap(([location, message]) => {
    const place = location.startsWith('#') ? `${file}:${fixture.line(location.slice(1))}` : location;
    return ['-p', `log ${place} ${JSON.stringify(message).replaceAll('\\\\u', '\\u')}`];
  });
  const outcome = await sidestep(['run', ...options, '--format', 'json', '-o', output, '--', fixture.path]);
  assert.equal(outcome.status, 0, outcome.stderr);
  const { hits } = parseJsonLines(readFileSync(output, 'utf8'));
  return { told: hits.map(({ message }) => message).join('\n'), right: expected(outcome.stdout).join('\n') };
}
