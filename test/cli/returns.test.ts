/**
 * Return probes on real programs, which print what their callers got: the values are the program's own, and there are
 * as many returns as it prints.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buildFixture, canBuild } from '../fixtures/build';
import { skip } from '../skip';
import { parseJsonLines, Running, sidestep } from './commandLine';
import { until } from '../until';

/**
 * What the program printed after each name, and what the probes of these names logged. `probes`: messages; undefined:
 * returns are only counted.
 */
async function run(program: string, probes: Readonly<Record<string, string | undefined>>) {
  const names = Object.keys(probes);
  const flags = names.flatMap((name) => {
    const message = probes[name];
    return ['-p', message === undefined ? `count return ${name}` : `log return ${name} "${message}"`];
  });
  const { stdout, stderr, status } = await sidestep(['run', '--format', 'json', ...flags, '--', program]);
  assert.equal(status, 0, stderr);
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  const { hits, warnings, summary } = parseJsonLines(lines.join('\n'));
  const printed = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const [, name = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    printed.set(name, [...(printed.get(name) ?? []), value]);
  }
  const logged = (name: string) =>
    hits.filter(({ probe }) => probe === names.indexOf(name) + 1).map(({ message }) => message);
  return { printed, logged, warnings, counts: new Map(names.map((name, at) => [name, summary.probes[at]?.hits])) };
}

const CLASSES: Readonly<Record<string, string>> = {
  aChar: '{$return,d}',
  aBool: '{$return}',
  aShort: '{$return}',
  aLong: '{$return}',
  aFloat: '{$return}',
  aDouble: '{$return}',
  wide: '{$return}',
  aText: '{$return}',
  aPair: '{$return}',
  aMixed: '{$return}',
  someFloats: '{$return}',
  twoDoubles: '{$return}',
  anOdd: '{$return.c[0],d} {$return.c[1],d} {$return.c[2],d}',
  aNine: '{$return.c[8],d}',
  aLarge: '{$return}',
  someBits: '{$return}',
  aPacked: '{$return.n}',
  aNested: '{$return.inner.a} {$return.inner.b} {$return.either.n}',
  aVector: '{$return}',
};

const COMPILERS = [
  ['gcc', '-O0'],
  ['gcc', '-O2'],
  ['clang', '-O0'],
  ['clang', '-O2'],
] as const;

describe('return probes', () => {
  for (const [compiler, level] of COMPILERS) {
    describe(`in C, ${compiler} ${level}`, () => {
      const { path } = buildFixture('returns/classes.c', { compiler, flags: [level] });

      it('show what callers get, and count all returns', async () => {
        const counted = ['choose', 'cold', 'leaves', 'outer', 'nothing'];
        const { printed, logged, counts, warnings } = await run(path, {
          ...CLASSES,
          ...Object.fromEntries(counted.map((name) => [name, undefined])),
          handsOver: '{$return}',
          through: '{$return} {$duration}',
        });
        for (const name of Object.keys(CLASSES)) assert.deepEqual(logged(name), printed.get(name), name);
        // `choose` and `cold` are called through `through`, too; every other call of `leaves` ends by longjmp.
        assert.deepEqual(
          counted.map((name) => counts.get(name)),
          [6, 6, 2, 2, 4],
        );
        const isTail = level === '-O2';
        const handed = Array<string>(4).fill('<returned by callee>');
        assert.deepEqual(logged('handsOver'), isTail ? handed : printed.get('handsOver'));
        assert.equal(counts.get('through'), 4);
        const [first = ''] = logged('through');
        if (isTail) assert.equal(first, '<returned by another function> <returned by another function>');
        else assert.match(first, /^21 \d+$/);
        const ofTails = (text: string) => /`\$(?:return|duration)` reads <returned by/.test(text);
        assert.deepEqual(
          warnings.filter((text) => !ofTails(text)),
          [],
        );
      });
    });
  }

  const plain = buildFixture('returns/classes.c', { flags: ['-O0'] });

  it('see every return of recursion, innermost first', async () => {
    const { printed, logged } = await run(plain.path, { recursive: '{$return}' });
    assert.deepEqual(logged('recursive'), printed.get('recursive'));
  });

  it('refuse what is in st0, and say that nothing is returned', async () => {
    const { logged } = await run(plain.path, { aLongDouble: '{$return}' });
    assert.deepEqual(logged('aLongDouble'), Array(4).fill('<not available: in st0, which probes do not read>'));
    const { status, stderr } = await sidestep(['run', '-p', 'log return nothing "{$return}"', '--', plain.path]);
    assert.equal(status, 2);
    assert.match(stderr, /`nothing` returns nothing/);
  });

  it('have conditions on what is returned', async () => {
    const { stdout, stderr } = await sidestep([
      'run',
      '--format',
      'json',
      '-p',
      'log return aPair "{$return.a}" if $return.b < -1',
      '--',
      plain.path,
    ]);
    assert.match(stdout, /aPair/);
    const { hits, summary } = parseJsonLines(
      stderr
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .join('\n'),
    );
    assert.deepEqual(
      hits.map(({ message }) => message),
      ['2', '3'],
    );
    assert.equal(summary.probes[0]?.hits, 4);
  });

  it('take a line for the function that has it', async () => {
    const line = plain.line('inOuter');
    const { stderr } = await sidestep(['run', '-p', `log return classes.c:${line}`, '--', plain.path]);
    assert.match(stderr, /outer returned 1 \[thread/);
    assert.match(stderr, /outer returned 3 \[thread/);
  });

  it('know nothing of `$return` and `$duration` elsewhere', async () => {
    for (const name of ['$return', '$duration']) {
      const { status, stderr } = await sidestep(['run', '-p', `log outer "{${name}}"`, '--', plain.path]);
      assert.equal(status, 2);
      assert.match(stderr, /only where a function returns/);
    }
  });

  const CPP: Readonly<Record<string, string>> = {
    trivial: '{$return}',
    derived: '{$return.first} {$return.second}',
    counted: '{$return}',
    colour: '{$return}',
    element: '{$return}',
    'shapes::doubled': '{$return}',
    catches: '{$return}',
  };

  for (const [compiler, level] of COMPILERS) {
    it(`show what C++ functions return, classes by value and by reference: ${compiler} ${level}`, async () => {
      const { path } = buildFixture('returns/classes.cc', {
        compiler: compiler === 'gcc' ? 'g++' : 'clang++',
        flags: [level],
      });
      // Clang leaves the description of std::string to the library's own debug information.
      const probes = compiler === 'gcc' ? { ...CPP, text: '{$return._M_string_length}' } : CPP;
      const { printed, logged } = await run(path, probes);
      for (const name of Object.keys(probes)) assert.deepEqual(logged(name), printed.get(name), name);
    });
  }

  it('are not hit by calls that an exception ends', async () => {
    const { path } = buildFixture('returns/classes.cc', { flags: ['-O0'] });
    const { counts } = await run(path, { mayThrow: undefined, caller: undefined, catches: undefined });
    assert.deepEqual([...counts.values()], [2, 2, 4]);
  });

  const RUST: Readonly<Record<string, string>> = {
    'results::number': '{$return}',
    'results::fraction': '{$return}',
    'results::text': '{$return}',
    'results::large': '{$return.a} {$return.b} {$return.c}',
  };

  it('show what Rust functions return, where all compilers agree on it', async function () {
    if (!canBuild('returns/results.rs')) skip(this, 'needs rustc');
    const { path } = buildFixture('returns/results.rs', { flags: [] });
    const probes = {
      ...RUST,
      'results::truth': '{$return}',
      'results::level': '{$return}',
      'results::wrapped': '{$return.__0}',
      'results::pair': '{$return}',
      'results::wide': '{$return}',
    };
    const { printed, logged } = await run(path, probes);
    for (const name of [...Object.keys(RUST), 'results::truth', 'results::level', 'results::wrapped'])
      assert.deepEqual(logged(name), printed.get(name), name);
    for (const text of [...logged('results::pair'), ...logged('results::wide')])
      assert.match(text, /^\(?<not available: Rust does not say where/);
  });

  it('show no value of optimised Rust that the compiler may have left out', async function () {
    if (!canBuild('returns/results.rs')) skip(this, 'needs rustc');
    const { path } = buildFixture('returns/results.rs', { flags: ['-Copt-level=2'] });
    const { printed, logged } = await run(path, RUST);
    for (const name of Object.keys(RUST)) {
      const values = logged(name);
      assert.equal(values.length, 4);
      for (const [index, text] of values.entries())
        if (!text.startsWith('<not available')) assert.equal(text, printed.get(name)?.[index], name);
    }
  });

  const GO: Readonly<Record<string, string>> = {
    'main.number': '{$return}',
    'main.text': '{$return}',
    'main.place': '{$return}',
    'main.several': '{$return}',
    'main.unnamed': '{$return} {$return.r0}',
    'main.recovers': '{$return}',
  };

  for (const flags of [[], ['-gcflags=-N -l']]) {
    it(`show what Go functions return, and how long calls took on stacks that moved: ${flags.join('')}`, async function () {
      if (!canBuild('returns/results.go')) skip(this, 'needs go');
      const { path } = buildFixture('returns/results.go', { flags });
      const { printed, logged, counts } = await run(path, {
        ...GO,
        'main.array': '{$return}',
        'main.deep': '{$return} {$duration}',
      });
      for (const name of Object.keys(GO)) assert.deepEqual(logged(name), printed.get(name), name);
      for (const text of logged('main.array')) assert.equal(text, '<not available: Go returns it on the stack>');
      assert.equal(counts.get('main.deep'), 4 * 201);
      for (const text of logged('main.deep')) assert.match(text, /^\d+ \d+$/);
    });
  }

  for (const level of ['-O0', '-O2']) {
    it(`know how long calls took, whatever else left the function: ${level}`, async () => {
      const { path } = buildFixture('returns/times.c', { flags: [level, '-pthread'] });
      const { stdout, stderr } = await sidestep([
        'run',
        '--format',
        'json',
        '-p',
        'log return timed "{$return} {$duration}"',
        '--',
        path,
      ]);
      const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
      const { hits } = parseJsonLines(lines.join('\n'));
      const bounds = stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ').map(Number));
      assert.equal(hits.length, bounds.length);
      for (const { message } of hits) {
        const [least, took] = message.split(' ').map(Number);
        const fits = bounds.some(([, low, most = 0]) => low === least && least! <= took! && took! <= most);
        assert.ok(fits, `${message}: between what was measured inside and around\n${stdout}`);
      }
    });
  }

  it('know no duration of a call that had begun before, and those of later ones', async () => {
    const { path } = buildFixture('returns/middle.c');
    const target = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
    target.stdin.write('first\n');
    await once(target.stdout, 'data');
    // In this order: where calls of `turn` are seen to return, so is that of `lasts`.
    const probes = ['log return lasts "lasts {$return} {$duration}"', 'log return turn "turn {$duration}"'];
    const flags = probes.flatMap((probe) => ['-p', probe]);
    const running = new Running(['attach', '--format', 'json', ...flags, String(target.pid)]);
    await until('a return of turn', () => {
      target.stdin.write('more\n');
      return /"turn \d+"/.test(running.stderr);
    });
    target.stdin.end();
    const { hits } = parseJsonLines((await running.outcome()).stderr);
    assert.match(hits.at(-1)?.message ?? '', /^lasts \d+ <unknown>$/);
  });

  it('count for --max-hits, entries do not', async () => {
    const probe = 'log return aPair "{$return.a} {$duration}"';
    const { stderr } = await sidestep(['run', '--format', 'json', '--max-hits', '3', '-p', probe, '--', plain.path]);
    const { hits } = parseJsonLines(
      stderr
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .join('\n'),
    );
    assert.deepEqual(
      hits.map(({ message }) => /^(\d) \d+$/.exec(message)?.[1]),
      ['0', '1', '2'],
    );
  });
});
