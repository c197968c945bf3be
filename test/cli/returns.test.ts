/**
 * Return probes on real programs, which print what their callers got: the values are the program's own, and there are
 * as many returns as it prints.
 */
import assert from 'node:assert/strict';
import { buildFixture } from '../fixtures/build';
import { parseJsonLines, sidestep } from './commandLine';

/** What the program printed after each name, and what the probes of these names logged. */
async function run(program: string, probes: Readonly<Record<string, string>>, returns = 'log return') {
  const names = Object.keys(probes);
  const flags = names.flatMap((name) => ['-p', `${returns} ${name}${probes[name] === '' ? '' : ` "${probes[name]}"`}`]);
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

      it('show what callers get, of every class', async () => {
        const { printed, logged, warnings } = await run(path, CLASSES);
        for (const name of Object.keys(CLASSES)) assert.deepEqual(logged(name), printed.get(name), name);
        assert.deepEqual(warnings, []);
      });

      it('count every return, wherever the function leaves', async () => {
        const names = ['choose', 'cold', 'through', 'handsOver', 'leaves', 'outer', 'nothing'];
        const { printed, counts, warnings } = await run(
          path,
          Object.fromEntries(names.map((name) => [name, ''])),
          'count return',
        );
        // `choose` and `cold` are called through `through`, too.
        assert.equal(counts.get('choose'), 6);
        assert.equal(counts.get('cold'), 6);
        for (const name of ['through', 'handsOver', 'outer'])
          assert.equal(counts.get(name), printed.get(name)?.length, name);
        // Every other call ends by longjmp.
        assert.equal(counts.get('leaves'), printed.get('outer')?.length);
        assert.equal(counts.get('nothing'), 4);
        assert.deepEqual(warnings, []);
      });

      it('say of a tail jump who returns', async () => {
        const { printed, logged } = await run(path, { handsOver: '{$return}', through: '{$return} {$duration}' });
        const isTail = level === '-O2';
        assert.deepEqual(
          logged('handsOver'),
          isTail ? Array(4).fill('<returned by callee>') : printed.get('handsOver'),
        );
        const [first = ''] = logged('through');
        if (isTail) assert.equal(first, '<returned by another function> <returned by another function>');
        else assert.match(first, /^21 \d+$/);
      });
    });
  }

  const plain = buildFixture('returns/classes.c', { flags: ['-O0'] });

  it('see every return of recursion, innermost first', async () => {
    const { printed, logged } = await run(plain.path, { recursive: '{$return}' });
    assert.deepEqual(logged('recursive'), printed.get('recursive'));
  });

  it('refuse what is in st0, and say that nothing is returned', async () => {
    const { logged } = await run(plain.path, { aLongDouble: '{$return}', nothing: '' });
    assert.deepEqual(logged('aLongDouble'), Array(4).fill('<not available: in st0, which probes do not read>'));
    assert.match(logged('nothing')[0] ?? '', /^nothing returned \[thread /);
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
});
