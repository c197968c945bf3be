/**
 * What is counted: each call of a function and each pass of a line exactly once, whatever the compiler and the linker
 * made of them.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { buildFixture, type Fixture } from '../fixtures/build';
import { skip } from '../skip';
import { parseJsonLines, sidestep } from './commandLine';

interface Result {
  readonly counts: readonly number[];
  readonly messages: readonly string[];
  readonly functions: readonly (string | undefined)[];
}

/** Runs a program with probes. */
async function run(program: string, ...probes: readonly string[]): Promise<Result> {
  const given = probes.flatMap((probe) => ['-p', probe]);
  const { status, stderr } = await sidestep(['run', '--format', 'json', ...given, '--', program]);
  assert.equal(status, 0, stderr);
  const { hits, summary } = parseJsonLines(stderr);
  return {
    counts: summary.probes.map((probe) => probe.hits),
    messages: hits.map(({ message }) => message),
    functions: [...new Set(hits.map(({ location }) => location.function))],
  };
}

/** What the program itself counts, by name. */
function truthOf(program: string): [string, number][] {
  const lines = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]);
}

function compiled(file: string, ...flags: string[]): Fixture {
  return buildFixture(`places/${file}`, { flags });
}

describe('lines and calls in loops', () => {
  for (const flags of [['-O0'], ['-Og'], ['-O2'], ['-O3'], ['-O2', '-funroll-loops']]) {
    it(`count each pass, with ${flags.join(' ')}`, async () => {
      const fixture = compiled('loops.c', ...flags);
      const truth = truthOf(fixture.path);
      const file = basename(fixture.source);
      const lines = truth.map(([marker]) => `count ${file}:${fixture.line(marker)}`);
      const { counts } = await run(fixture.path, ...lines, 'count body');
      assert.deepEqual(counts, [...truth.map(([, count]) => count), truth[0]![1]]);
    });
  }

  for (const level of ['-O1', '-O2', '-Os']) {
    it(`count each call that clang ${level} inlined, also where a function begins with one`, async function () {
      if (spawnSync('clang', ['--version']).error) skip(this, 'there is no clang');
      const { path } = buildFixture('places/loops.c', { flags: [level], compiler: 'clang' });
      const { counts } = await run(path, 'count body');
      assert.deepEqual(counts, [truthOf(path)[0]![1]]);
    });
  }

  it('count a call once where a loop follows the prologue, and read its arguments there', async () => {
    const fixture = compiled('loophead.c', '-O0');
    const { counts, messages } = await run(
      fixture.path,
      'count wait_for',
      'log scale "{count} {small} {factor}"',
      `count ${basename(fixture.source)}:4`,
    );
    assert.deepEqual(counts, [1, 3, 1]);
    assert.deepEqual(messages, ['5 7 2.5', '5 7 3.5', '5 7 4.5']);
  });

  it('warn where a loop begins with the function, so that turns can not be told from calls', async () => {
    const fixture = compiled('loophead.c', '-Os', '-fno-inline', '-fno-ipa-icf');
    const { stdout } = await sidestep(['sites', fixture.path, 'drain']);
    assert.match(stdout, /warning: it begins with a loop .* each iteration counts as a call/);
  });
});

describe('constructors and destructors', () => {
  for (const level of ['-O0', '-Og', '-Os', '-O2']) {
    it(`count once however many variants a call passes, with ${level}`, async () => {
      const { path } = compiled('structors.cc', level);
      const truth = truthOf(path);
      const { counts } = await run(path, ...truth.map(([name]) => `count ${name}`));
      assert.deepEqual(
        counts,
        truth.map(([, count]) => count),
      );
    });
  }
});

describe('functions that the loader picks', () => {
  for (const flags of [[], ['-static']]) {
    it(`are those that are picked${flags.join(' ').replace('-', ', ')}`, async () => {
      const { path } = compiled('indirect.c', '-O0', '-fno-builtin', ...flags);
      assert.deepEqual((await run(path, 'count choose', 'count always')).counts, [9, 9]);
    });
  }

  it('are what chooses them, when that is asked for', async () => {
    const { path } = compiled('indirect.c', '-O0', '-fno-builtin');
    assert.deepEqual((await run(path, 'count choose@resolver')).counts, [1]);
  });

  it("are the C library's, not the dynamic linker's private copies", async () => {
    const { path } = compiled('indirect.c', '-O0', '-fno-builtin');
    const { counts } = await run(path, 'count strlen', 'count libc.so.6!strlen');
    for (const count of counts) assert.ok(count >= 1000 && count < 1100, String(count));
  });
});

describe('names of functions', () => {
  it('mean the function that was asked for, where a linker folded equal ones', async () => {
    const flags = ['-fno-ipa-icf', '-ffunction-sections', '-fuse-ld=lld', '-Wl,--icf=all'];
    for (const level of ['-O0', '-O1']) {
      const { path } = compiled('folded.c', level, ...flags);
      const { messages, functions } = await run(path, 'log second "b={b}"');
      assert.deepEqual(
        messages,
        [0, 1, 2, 0, 1, 2, 3].map((b) => `b=${b}`),
        level,
      );
      assert.deepEqual(functions, ['second'], level);
      const { stdout } = await sidestep(['sites', path, 'second']);
      assert.match(stdout, /second .*folded it with first/);
    }
  });

  it('mean code that an assembler gave neither type nor size', async () => {
    const { counts, functions } = await run(compiled('folded.c', '-O1').path, 'log untyped');
    assert.deepEqual(counts, [5]);
    assert.deepEqual(functions, ['untyped']);
  });

  it('need no inline namespaces, nor those without a name', async () => {
    for (const flags of [['-O1'], ['-O1', '-g0']]) {
      const { path } = compiled('namespaces.cc', ...flags);
      const names = flags.length > 1 ? ['outer::v1::versioned'] : ['outer::versioned', 'outer::v1::versioned'];
      const { counts } = await run(path, ...names.map((name) => `count ${name}`), 'count outer::hidden');
      assert.deepEqual(counts, [...names.map(() => 3), 4], flags.join(' '));
    }
  });
});
