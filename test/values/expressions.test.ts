/**
 * Expressions of running programs in four languages: each program says on its own output, before each line that a probe
 * stands at, what the expressions are there. The pairs stand in the programs alone: `SAY("expression", …)`.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseJsonLines, SCRATCH, sidestep } from '../cli/commandLine';
import { buildFixture, canBuild, type Fixture } from '../fixtures/build';
import { skip } from '../skip';
import { normalised, sameNumbers } from '../language/gdb/gdbText';
import { expected } from './messages';
import { TEXT_OF } from './gdbScript';

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

/** What gdb says of the expressions, when the program first is at their lines; `<…>` of what it can't read. */
function inGdb(fixture: Fixture, byMarker: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const script = join(SCRATCH, `expressions-${process.pid}.py`);
  const output = join(SCRATCH, `expressions-${process.pid}.gdb`);
  const stops = [...byMarker].map(([marker, expressions]) => [
    `${basename(fixture.source)}:${fixture.line(marker)}`,
    expressions,
  ]);
  writeFileSync(
    script,
    `${TEXT_OF}stops = json.loads(${JSON.stringify(JSON.stringify(stops))})
texts = []
for place, _ in stops:
    gdb.execute("break " + place, to_string=True)
gdb.execute("run", to_string=True)
for _, expressions in stops:
    texts += [text_of(expression) for expression in expressions]
    gdb.execute("continue", to_string=True)
json.dump(texts, open(${JSON.stringify(output)}, "w"))
`,
  );
  try {
    execFileSync('gdb', ['-nx', '-batch', '-x', script, fixture.path], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C.UTF-8', PYTHONUTF8: '1' },
    });
    return JSON.parse(readFileSync(output, 'utf8')) as string[];
  } finally {
    for (const file of [script, output]) rmSync(file, { force: true });
  }
}

interface Program {
  readonly file: string;
  /** What gdb reads differently, and why. */
  readonly unlike?: Readonly<Record<string, string>>;
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
    // The program says that gdb 13 is wrong.
    unlike: {
      'static_cast<Right &>(*this).shared': 'gdb does not move the object to its base',
      'this->A::root': 'gdb does not look through the virtual base',
      $hits: 'of a probe: gdb has none',
    },
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

describe('expressions, with gdb as a witness', function () {
  this.timeout(120_000);

  it('of C++ read alike where gdb can read them', async () => {
    const { file, ways, unlike = {} } = PROGRAMS[0]!;
    const fixture = buildFixture(`values/${file}`, { flags: ways['without optimisation']!.flags });
    const byMarker = expressionsOf(fixture);
    const [{ right }, theirs] = [await compared(fixture, []), inGdb(fixture, byMarker)];
    assert.equal(theirs.length, right.length);
    const differences: string[] = [];
    let alike = 0;
    for (const [index, text] of theirs.entries()) {
      const [, expression = '', own = ''] = /^(.*): (.*?)$/s.exec(right[index]!) ?? [];
      if (sameNumbers(normalised(own), normalised(text.replace(/^0x[0-9a-f]+ (?=[uUL]")/, '')))) alike++;
      else if (!text.startsWith('<') && !(expression in unlike))
        differences.push(`${expression}: ${own} is ${text} in gdb`);
    }
    assert.deepEqual(differences, []);
    assert.ok(alike > 90, `gdb says the same of ${alike}`);
  });
});

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
