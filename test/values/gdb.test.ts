/** gdb as a second witness: values of the fixtures read in gdb, at the same call, as they read here. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonLines, SCRATCH, sidestep } from '../cli/commandLine';
import { buildFixture } from '../fixtures/build';
import { normalised, sameNumbers } from '../language/gdb/gdbText';
import { TEXT_OF } from './gdbScript';

interface Witnessed {
  readonly file: string;
  readonly flags?: readonly string[];
  /** Where both stop. */
  readonly function: string;
  /** That mean the same here and in gdb, and that both write alike. */
  readonly expressions: readonly string[];
}

// prettier-ignore
const PROGRAMS: readonly Witnessed[] = [
  { file: 'bits.c', function: 'bits', expressions: ['c->a', 'c->b', '*p', '*m', '*o', 'w->all', '*in', 'in->x'] },
  {
    file: 'neighbours.c',
    function: 'neighbours',
    expressions: [
      'rows', 'rows[1].mid', 'tight', 'tight[0].b', 'outer', 'deep', 'deep.both', 'wide', 'large', 'extended', 'single', 'pair', 'widest', 'ints', 'reals', 'ints[1]',
      'flexible.count', 'flexible.items[1]', 'row16', 'names', 'cube', 'cube[1]', 'cube[1][1][2]', 'colors', 'mode', 'handlers', 'nothing', 'kept', 'shared', 'fractions', 'special',
      'letters', 'sizeof(cube)', '&rows[2]', '*&deep',
    ],
  },
  {
    file: 'neighbours.cc',
    flags: ['-std=c++20'],
    function: 'neighbours',
    expressions: [
      'level', 'wide', 'plain', 'items', 'items[1].kind', 'shop::counter', 'fixed', 'nested', 'bits', 'flags', 'empty', 'letter16', 'holder.level', 'item', 'object.base', 'object.other',
      'sizeof(derived)', '&derived.other',
    ],
  },
];

/** What gdb says of the expressions at the function's first call. */
function inGdb(program: string, name: string, expressions: readonly string[]): readonly string[] {
  const script = `${SCRATCH}/witness-${process.pid}.py`;
  const output = `${SCRATCH}/witness-${process.pid}.json`;
  writeFileSync(
    script,
    `${TEXT_OF}gdb.execute("break ${name}")
gdb.execute("run", to_string=True)
json.dump([text_of(e) for e in ${JSON.stringify(expressions)}], open(${JSON.stringify(output)}, "w"))
gdb.execute("kill")
`,
  );
  try {
    execFileSync('gdb', ['-nx', '-batch', '-x', script, program], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C.UTF-8', PYTHONUTF8: '1' },
    });
    return JSON.parse(readFileSync(output, 'utf8')) as string[];
  } finally {
    for (const file of [script, output]) rmSync(file, { force: true });
  }
}

/** What a probe there says, expression by expression. */
async function here(program: string, name: string, expressions: readonly string[]): Promise<readonly string[]> {
  const output = join(SCRATCH, `witness-${process.pid}.hits`);
  const message = expressions.map((expression) => `{${expression}}`).join('\\n');
  // Addresses are gdb's: it switches randomisation off.
  const command = ['run', '-p', `log ${name} "${message}"`, '--format', 'json', '-o', output, '--'];
  const { status, stderr } = await sidestep([...command, '/usr/bin/setarch', '-R', program]);
  assert.equal(status, 0, stderr);
  return parseJsonLines(readFileSync(output, 'utf8')).hits[0]!.message.split('\n');
}

describe('values, with gdb as a witness', function () {
  this.timeout(120_000);
  before(() => mkdirSync(SCRATCH, { recursive: true }));

  for (const { file, flags = [], function: name, expressions } of PROGRAMS) {
    for (const optimisation of ['-O0', '-O2']) {
      for (const version of [2, 3, 4, 5]) {
        it(`of ${file} read alike with ${optimisation} and DWARF ${version}`, async () => {
          const all = [optimisation, `-gdwarf-${version}`, '-w', ...flags];
          const { path } = buildFixture(`values/${file}`, { flags: all });
          const ours = await here(path, name, expressions);
          const theirs = inGdb(path, name, expressions).map(normalised);
          const differences = expressions.flatMap((expression, index) => {
            const [own, other] = [normalised(ours[index]!), theirs[index]!];
            const isMissing = /^<optimized out>$|^<[^>]*optimized out/.test(other);
            return isMissing || sameNumbers(own, other) ? [] : [`${expression}: ${own} is ${other} in gdb`];
          });
          assert.deepEqual(differences, []);
        });
      }
    }
  }
});
