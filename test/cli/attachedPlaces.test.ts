/** What is counted in a program that is attached to is what is counted in one that is launched (places.test.ts). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { buildFixture, type Fixture } from '../fixtures/build';
import { parseJsonLines, Running } from './commandLine';

const gate = buildFixture('places/gate.c', { flags: ['-O1', '-shared', '-fPIC'], name: 'gate.so' });

interface Result {
  readonly counts: readonly number[];
  readonly functions: readonly (string | undefined)[];
}

/** Attaches to a program that is loaded and linked, but has not begun; the program then runs to its end. */
async function attached({ path }: Fixture, ...probes: readonly string[]): Promise<Result> {
  const program = spawn(path, { stdio: ['pipe', 'ignore', 'ignore'], env: { LD_PRELOAD: gate.path } });
  try {
    const given = [...probes, 'log waiting'].flatMap((probe) => ['-p', probe]);
    const running = new Running(['attach', '--format', 'json', ...given, String(program.pid)]);
    // The last probe is set.
    await running.untilStderr(/"function":"waiting"/);
    program.stdin.end('x');
    const { status, stderr } = await running.outcome();
    assert.equal(status, 0, stderr);
    const { hits, summary } = parseJsonLines(stderr);
    const functions = hits.map(({ location }) => location.function).filter((name) => name !== 'waiting');
    return { counts: summary.probes.slice(0, -1).map((probe) => probe.hits), functions: [...new Set(functions)] };
  } finally {
    program.kill('SIGKILL');
  }
}

describe('in a program that is attached to', () => {
  it('a function that the loader picks is the one that is picked', async () => {
    const fixture = buildFixture('places/indirect.c', { flags: ['-O0', '-fno-builtin'] });
    const { counts } = await attached(fixture, 'count choose', 'count always', 'count never', 'count choose@resolver');
    assert.deepEqual(counts, [9, 9, 0, 0]);
  });

  it("the C library's own too", async () => {
    const fixture = buildFixture('places/indirect.c', { flags: ['-O0', '-fno-builtin'] });
    const { counts } = await attached(fixture, 'count strlen');
    assert.ok(counts[0]! >= 1000 && counts[0]! < 1100, String(counts[0]));
  });

  it('a function that a linker folded has its own name', async () => {
    const flags = ['-O1', '-fno-ipa-icf', '-ffunction-sections', '-fuse-ld=lld', '-Wl,--icf=all'];
    const { counts, functions } = await attached(buildFixture('places/folded.c', { flags }), 'log second');
    assert.deepEqual([counts, functions], [[7], ['second']]);
  });

  it('a line in an unrolled loop counts each pass', async () => {
    const fixture = buildFixture('places/loops.c', { flags: ['-O3', '-funroll-loops'] });
    const lines = ['BODY', 'AFTER', 'TURN'].map(
      (marker) => `count ${basename(fixture.source)}:${fixture.line(marker)}`,
    );
    assert.deepEqual((await attached(fixture, ...lines, 'count body')).counts, [80, 80, 175, 80]);
  });
});
