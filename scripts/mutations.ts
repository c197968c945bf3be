/**
 * How good the emulator's tests are: makes one rule of it wrong at a time and looks whether they notice. `npm run mutations`, some minutes;
 * docs/emulator.md holds a result.
 *
 *     npm run mutations -- [--file PART] [--limit N] [--seed S] [--verbose]
 *
 * `--file`: only files whose path has this in it. `--limit`: so many mutants, chosen by the seed. Exit status 1 if fewer than 95 % are
 * caught.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { table } from '../bench/report';
import { liftedMnemonics } from '../src/emulator/families';
import { Random } from '../src/emulator/oracle/random';
import { type Mutant, mutantsOf } from './mutations/mutants';

const ROOT = join(__dirname, '..');
const FAMILIES = 'src/emulator/families';

/** What all families share. */
const SHARED = ['lift', 'values', 'expressions', 'runtime', 'blocks'].map((name) => `src/emulator/${name}.ts`);

const WANTED = 0.95;
const TIMEOUT_MS = 30_000;

/** Who noticed a mutant: an assertion or the like, iced's tables, the CPU; or it ran for ever. */
const JUDGES = ['exception', 'effects', 'cpu', 'timeout'] as const;
type Judge = (typeof JUDGES)[number];

interface Verdict {
  readonly mutant: Mutant;
  /** `undefined`: nobody. */
  readonly judge: Judge | undefined;
  readonly why: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string', default: '' },
      limit: { type: 'string', default: 'Infinity' },
      seed: { type: 'string', default: '1' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const files = [...readdirSync(join(ROOT, FAMILIES)).map((name) => `${FAMILIES}/${name}`), ...SHARED].filter(
    (file) => file !== `${FAMILIES}/index.ts` && file.includes(values.file),
  );
  const all = files.flatMap((file) => mutantsOf(file, read(file)));
  const mutants = sample(all, Number(values.limit), Number(values.seed));
  say(`${mutants.length} of ${all.length} mutants of ${files.length} files, seed ${values.seed}`);

  mkdirSync(join(ROOT, 'out'), { recursive: true });
  const directory = mkdtempSync(join(ROOT, 'out/mutations-'));
  try {
    await expectNothingWrong(directory);
    const verdicts = await judgeAll(mutants, directory, values.verbose);
    report(files, verdicts);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function sample(all: readonly Mutant[], limit: number, seed: number): readonly Mutant[] {
  if (limit >= all.length) return all;
  const random = new Random(seed);
  const left = [...all];
  const chosen = new Set(Array.from({ length: limit }, () => left.splice(random.below(left.length), 1)[0]));
  return all.filter((mutant) => chosen.has(mutant));
}

/** The emulator as it is must pass, or a failure would say nothing. */
async function expectNothingWrong(directory: string): Promise<void> {
  const [file] = SHARED as [string];
  const { judge, why } = await judgeOne(
    { file, line: 1, change: 'none', text: read(file) },
    join(directory, 'none.js'),
  );
  if (judge !== undefined) throw new Error(`the emulator itself does not pass: ${why}`);
}

/** As many at a time as there are processors. */
async function judgeAll(mutants: readonly Mutant[], directory: string, verbose: boolean): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const queue = [...mutants];
  const work = async (worker: number): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const verdict = await judgeOne(mutant, join(directory, `${worker}.js`));
      verdicts.push(verdict);
      if (verbose || verdict.judge === undefined)
        say(`${verdict.judge ?? 'SURVIVED'}: ${place(mutant)}: ${mutant.change}${verbose ? ` (${verdict.why})` : ''}`);
      if (verdicts.length % 50 === 0) say(`… ${verdicts.length} of ${mutants.length}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, (_, worker) => work(worker)));
  return verdicts;
}

async function judgeOne(mutant: Mutant, bundle: string): Promise<Verdict> {
  await bundleJudge(mutant, bundle);
  const child = spawn(process.execPath, [bundle, ...familiesUsing(mutant.file)], {
    // What a judge that is killed leaves behind goes with the directory.
    env: { ...process.env, TMPDIR: join(bundle, '..') },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let said = '';
  let failed = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (failed += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (status === null) return { mutant, judge: 'timeout', why: '' };
  if (status !== 0) return { mutant, judge: 'exception', why: /Error: .*/.exec(failed)?.[0] ?? failed };
  const judge = JUDGES.find((name) => said.startsWith(`${name} `));
  return { mutant, judge, why: said.trim() };
}

/** The judge with the mutant's text in place of the file's. */
async function bundleJudge(mutant: Mutant, outfile: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['scripts/mutations/judge.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    plugins: [
      {
        name: 'mutant',
        setup: (build) => {
          build.onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === join(ROOT, mutant.file) ? { contents: mutant.text, loader: 'ts' } : undefined,
          );
        },
      },
    ],
  });
}

/** The families that a file is a part of, through imports of its neighbours. */
function familiesUsing(file: string): readonly string[] {
  const families = Object.keys(liftedMnemonics());
  if (SHARED.includes(file)) return families;
  return families.filter((family) => reach(family).has(basename(file, '.ts')));
}

/** The files of the folder that a family is made of, itself included. */
function reach(name: string, reached = new Set<string>()): ReadonlySet<string> {
  reached.add(name);
  for (const [, neighbour] of read(`${FAMILIES}/${name}.ts`).matchAll(/from '\.\/(\w+)'/g)) {
    if (!reached.has(neighbour!)) reach(neighbour!, reached);
  }
  return reached;
}

function place({ file, line }: Mutant): string {
  return `${file}:${line}`;
}

function report(files: readonly string[], verdicts: readonly Verdict[]): void {
  say('');
  const row = (name: string, some: readonly Verdict[]): readonly string[] => {
    const caught = some.filter(({ judge }) => judge !== undefined).length;
    const by = JUDGES.map((judge) => some.filter((verdict) => verdict.judge === judge).length);
    return [name, some.length, ...by, some.length - caught, percent(caught / Math.max(1, some.length))].map(String);
  };
  table(
    ['rules', 'mutants', 'exception', 'effects', 'CPU', 'endless', 'survived', 'caught'],
    [
      ...files.map((file) =>
        row(
          basename(file),
          verdicts.filter(({ mutant }) => mutant.file === file),
        ),
      ),
      row('all', verdicts),
    ],
  );
  const survivors = verdicts.filter(({ judge }) => judge === undefined);
  for (const { mutant } of survivors) say(`${place(mutant)}: ${mutant.change}`);
  if (survivors.length > (1 - WANTED) * verdicts.length) process.exitCode = 1;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

void main();
