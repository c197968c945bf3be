/** Whole process trees as they occur: a build with several jobs, and a shell's pipelines. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJsonLines, sidestep } from '../cli/commandLine';
import { buildFixture } from '../fixtures/build';

const passes = buildFixture('passes.c').path;
const JOBS = 40;

describe('process trees', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  /**
   * Runs a command with all its children probed; its output, and the numbers that were counted and logged, by process.
   */
  async function follow(...command: readonly string[]) {
    const probes = ['-p', 'count work', '-p', 'log work "{line}" if line % 10 == 0'];
    const options = ['run', '--follow', 'children', '--format', 'json', ...probes];
    const { status, stdout, stderr } = await sidestep([...options, '--', ...command], { cwd: directory });
    const { hits, summary } = parseJsonLines(stderr);
    const [counted, logged] = summary.probes;
    assert.equal(logged?.reported, hits.length);
    const byProcess = new Map<number, string[]>();
    for (const { pid, message } of hits) byProcess.set(pid, [...(byProcess.get(pid) ?? []), message]);
    return { status, stdout, calls: counted?.hits, logged: [...byProcess.values()] };
  }

  const tens = (lines: number): string[] =>
    Array.from({ length: Math.floor(lines / 10) }, (_, index) => `${10 * (index + 1)}`);

  it('of make -j4 are probed to the last call', async () => {
    const jobs = Array.from({ length: JOBS }, (_, index) => index + 1);
    const rules = `all: ${jobs.join(' ')}\n${jobs.join(' ')}:\n\t@${passes} $@ | ${passes} > lines.$@\n`;
    writeFileSync(join(directory, 'Makefile'), rules);
    const { status, calls, logged } = await follow('make', '-j4');
    assert.equal(status, 0);
    assert.equal(
      calls,
      jobs.reduce((sum, job) => sum + 2 * job, 0),
    );
    const expected = jobs.filter((job) => job >= 10).flatMap((job) => [tens(job), tens(job)]);
    assert.deepEqual(logged.map(String).sort(), expected.map(String).sort());
  });

  it('of a shell’s pipelines are probed to the last call, wherever their processes end first', async () => {
    const script = `${passes} 1000 | ${passes} | ${passes} | wc -l; ${passes} 500 | ${passes} | head -n 1; (${passes} 20 &) | ${passes}`;
    const { status, stdout, calls, logged } = await follow('/bin/sh', '-c', script);
    assert.equal(status, 0);
    assert.deepEqual(stdout.trim().split('\n').slice(0, 2), ['1000', '1']);
    assert.equal(stdout.trim().split('\n').length, 22);
    assert.equal(logged.filter((messages) => String(messages) === String(tens(1000))).length, 3);
    assert.equal(logged.filter((messages) => String(messages) === String(tens(20))).length, 2);
    // head ends early: its writer writes all into the pipe's buffer, or is ended by SIGPIPE at its end.
    assert.equal(calls, 3 * 1000 + 2 * 500 + 2 * 20);
  });
});
