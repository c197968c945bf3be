/**
 * Expressions of running programs in four languages: each program says on its own output, before each line that a probe
 * stands at, what the expressions are there. The pairs stand in the programs alone: `SAY("expression", …)`.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseJsonLines, SCRATCH, sidestep } from '../cli/commandLine';
import { buildFixture, canBuild, type Fixture } from '../fixtures/build';
import { skip } from '../skip';
import { expected } from './messages';

/** By marker: the expressions that the program speaks of before that line. */
function expressionsOf({ source }: Fixture): ReadonlyMap<string, readonly string[]> {
  const byMarker = new Map<string, string[]>();
  let pending: string[] = [];
  for (const line of readFileSync(source, 'utf8').split('\n')) {
    const said = /^\s*(?:SAY|NUMBER|TRUTH|say!?|number|truth)\(("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
    if (said !== undefined) pending.push(unescaped(said));
    const marker = /\/\/ #(\w+)/.exec(line)?.[1];
    if (marker === undefined) continue;
    byMarker.set(marker, pending);
    pending = [];
  }
  return byMarker;
}

function unescaped(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, '$1');
}

/** `expression: value` of each, as the probes say them and as the program does. */
async function compared(fixture: Fixture, without: readonly string[]): Promise<{ told: string[]; right: string[] }> {
  mkdirSync(SCRATCH, { recursive: true });
  const output = join(SCRATCH, `expressions-${process.pid}.json`);
  const byMarker = new Map([...expressionsOf(fixture)].filter(([marker]) => !without.includes(marker)));
  const probes = [...byMarker].flatMap(([marker, expressions]) => {
    const message = expressions.map((each) => `{${each}}`).join('\n');
    return ['-p', `log ${basename(fixture.source)}:${fixture.line(marker)} ${JSON.stringify(message)}`];
  });
  const outcome = await sidestep(['run', ...probes, '--format', 'json', '-o', output, '--', fixture.path]);
  assert.equal(outcome.status, 0, outcome.stderr);
  const { hits } = parseJsonLines(readFileSync(output, 'utf8'));
  const markers = [...byMarker.values()];
  assert.equal(hits.length, markers.length, 'one hit for each line');
  const told = hits.flatMap(({ message }, index) => {
    const values = message.split('\n');
    return markers[index]!.map((expression, at) => `${expression}: ${values[at]}`);
  });
  const kept = new Set(markers.flat());
  const isSaid = (line: string) => kept.has(line.slice(0, line.lastIndexOf(': ')));
  return { told, right: expected(outcome.stdout).filter((line) => without.length === 0 || isSaid(line)) };
}

interface Program {
  readonly file: string;
  /** How it is compiled, and how many values may be missing there. */
  readonly ways: Readonly<Record<string, Way>>;
}

interface Way {
  readonly flags: readonly string[];
  readonly missing?: number;
  /** Markers of lines of which the compiler keeps no statement. */
  readonly without?: readonly string[];
}

const PROGRAMS: readonly Program[] = [
  {
    file: 'expressions.cc',
    ways: {
      'without optimisation': { flags: ['-std=c++20', '-O0'] },
      'with optimisation': { flags: ['-std=c++20', '-O2'], missing: 40, without: ['templates'] },
      'with DWARF 4': { flags: ['-std=c++20', '-O0', '-gdwarf-4'] },
    },
  },
  {
    file: 'expressions.rs',
    ways: {
      'without optimisation': { flags: [] },
      'with optimisation': { flags: ['-O', '-C', 'debug-assertions=off'], missing: 40 },
    },
  },
  {
    file: 'expressions.go',
    ways: {
      'without optimisation': { flags: ['-gcflags=-N -l'] },
      'with optimisation': { flags: [], missing: 40 },
    },
  },
];

describe('expressions', function () {
  this.timeout(120_000);

  for (const { file, ways } of PROGRAMS) {
    describe(`of ${file}`, () => {
      for (const [how, { flags, missing = 0, without = [] }] of Object.entries(ways)) {
        it(`are what the program says ${how}`, async function () {
          if (!canBuild(file)) skip(this, `there is no compiler for ${file}`);
          const { told, right } = await compared(buildFixture(`values/${file}`, { flags }), without);
          const isMissing = (line: string, index: number) => /: <[^<>]*>$/.test(line) && right[index] !== line;
          assert.deepEqual(
            told.map((line, index) => (missing > 0 && isMissing(line, index) ? right[index] : line)),
            right,
          );
          const gone = told.filter(isMissing);
          assert.ok(gone.length <= missing, gone.join('\n'));
        });
      }
    });
  }
});
