/**
 * Loops that compilers unroll, peel, vectorise, thread or make from recursion: a probe
 * counts as often as the program itself does when nothing is optimised, or a doubt says that it may not.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { Image } from '../../src/debuginfo/image';
import { readFlow } from '../../src/emulator/flow';
import { buildFixture } from '../fixtures/build';
import { skip } from '../skip';
import { parseJsonLines, sidestep } from './commandLine';

interface Expectation {
  /** A line's number, or a function. */
  readonly what: string;
  readonly count: number;
}

interface Probed extends Expectation {
  readonly probe: string;
  readonly doubts: readonly string[];
}

/** All levels take minutes: without `--whole`, those in which most has been found wrong. */
const WHOLE = process.env['SIDESTEP_WHOLE'] !== undefined;
const GCC = WHOLE
  ? [['-O0'], ['-Og'], ['-O1'], ['-O2'], ['-O3'], ['-Os'], ['-O2', '-funroll-loops'], ['-O2', '-gdwarf-4']]
  : [['-O0'], ['-O2'], ['-O3']];
const CLANG = WHOLE ? [['-O0'], ['-O1'], ['-O2'], ['-O3'], ['-Os']] : [['-O2'], ['-Os']];

const isThere = (compiler: string): boolean => {
  try {
    execFileSync(compiler, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** What the program counts itself. */
function truthOf(file: string): readonly Expectation[] {
  const { path } = buildFixture(file, { flags: ['-O0', '-DTRUTH', '-w'] });
  const lines = execFileSync(path, { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [what, count] = line.split(' ') as [string, string];
    return { what, count: Number(count) };
  });
}

/** Those that can be probed under their own name, with what is said of them. */
function probesFor(program: string, source: string, truth: readonly Expectation[]): readonly Probed[] {
  const image = Image.open(program, { readFlow });
  try {
    return truth.flatMap((expectation): Probed[] => {
      const { what } = expectation;
      const line = Number(what);
      const isLine = !Number.isNaN(line);
      const found = isLine ? image.linePlaces(source, line) : undefined;
      // Another line is named: the user learns that nothing is left of this one.
      const places = isLine ? (found?.line === line ? found.places : []) : image.functionPlaces(what);
      const doubts = [...new Set(places.flatMap(({ doubt }) => doubt ?? []))];
      return places.length === 0
        ? []
        : [{ ...expectation, probe: `count ${isLine ? `${source}:${line}` : what}`, doubts }];
    });
  } finally {
    image.dispose();
  }
}

/** What was counted wrong without a word, as `WHAT: COUNTED, not COUNT`. */
async function silentlyWrong(program: string, probes: readonly Probed[]): Promise<string[]> {
  const given = probes.flatMap(({ probe }) => ['-p', probe]);
  const { status, stderr } = await sidestep(['run', '--format', 'json', ...given, '--', program]);
  assert.equal(status, 0, stderr);
  const { summary } = parseJsonLines(stderr);
  return probes.flatMap(({ what, count, doubts }, index) => {
    const { hits } = summary.probes[index]!;
    return hits === count || doubts.length > 0 ? [] : [`${what}: ${hits}, not ${count}`];
  });
}

describe('code that compilers transform', () => {
  for (const [file, compilers] of [
    ['places/shapes.c', { gcc: ['gcc'], clang: ['clang', 'clang-14'] }],
    ['places/shapes.cc', { gcc: ['g++'], clang: ['clang++', 'clang++-14'] }],
  ] as const) {
    for (const [name, levels] of [
      ['gcc', GCC],
      ['clang', CLANG],
    ] as const) {
      for (const flags of levels) {
        it(`is counted right, or doubted: ${basename(file)} with ${name} ${flags.join(' ')}`, async function () {
          const compiler = compilers[name].find(isThere);
          if (compiler === undefined) skip(this, `there is no ${name}`);
          const { path, source } = buildFixture(file, { flags: [...flags, '-w'], compiler });
          const probes = probesFor(path, basename(source), truthOf(file));
          assert.ok(probes.length > 20, String(probes.length));
          assert.deepEqual(await silentlyWrong(path, probes), []);
          if (flags.includes('-O0')) assert.deepEqual([...new Set(probes.flatMap(({ doubts }) => doubts))], []);
        });
      }
    }
  }
});
