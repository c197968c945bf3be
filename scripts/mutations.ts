/**
 * How good the emulator's tests are: makes one rule of it wrong at a time and looks whether they notice. `npm run
 * mutations`, some minutes; docs/emulator.md holds a result.
 *
 *     npm run mutations -- [--file PART] [--limit N] [--seed S] [--verbose]
 *
 * `--file`: only files whose path has this in it. `--limit`: so many mutants, chosen by the seed. Exit status 1 if
 * fewer than 95 % are caught.
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
import { reasonOf } from './mutations/equivalents';
import { type Mutant, mutantsOf } from './mutations/mutants';

const ROOT = join(__dirname, '..');
const FAMILIES = 'src/emulator/families';

/** What all families share. */
const SHARED = [
  ...['lift', 'values'].map((name) => `src/emulator/ir/${name}.ts`),
  ...['expressions', 'runtime', 'blocks', 'stateAccess', 'compile'].map((name) => `src/emulator/compile/${name}.ts`),
];

const WANTED = 0.95;
/** Of processor time, which a machine that is busy with other things doesn't spend. */
const TIMEOUT_SECONDS = 60;

/** What became of a mutant. */
const FATES = {
  same: 'micro-operations and WebAssembly of all instructions are the same: no mutant in truth',
  equivalent: 'it does the same, for the reason that equivalents.ts has: no mutant in truth',
  exception: 'an assertion or the like ended it',
  effects: 'its effects are not those of iced',
  cpu: 'it does not do what the CPU does',
  tests: 'a test of single instructions fails',
  timeout: 'it ran for ever',
  survived: 'nobody noticed',
} as const;
type Fate = keyof typeof FATES;

interface Verdict {
  readonly mutant: Mutant;
  readonly fate: Fate;
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
    const judges = new Judges(directory);
    const verdicts = await judgeAll(mutants, judges, values.verbose);
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

/** As many at a time as there are processors. */
async function judgeAll(mutants: readonly Mutant[], judges: Judges, verbose: boolean): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const queue = [...mutants];
  const work = async (worker: number): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const verdict = await judges.judge(mutant, worker);
      verdicts.push(verdict);
      if (verbose || verdict.fate === 'survived') say(`${verdict.fate}: ${describe(mutant)}; ${verdict.why}`);
      if (verdicts.length % 100 === 0) say(`… ${verdicts.length} of ${mutants.length}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, (_, worker) => work(worker)));
  return verdicts;
}

class Judges {
  /** What the judge says of the emulator as it is, by families. */
  readonly #originals = new Map<string, Promise<Omit<Verdict, 'mutant'>>>();

  constructor(private readonly directory: string) {}

  async judge(mutant: Mutant, worker: number): Promise<Verdict> {
    const families = familiesUsing(mutant.file);
    const original = await this.#original(mutant.file, families);
    const verdict = await run(mutant, families, join(this.directory, `${worker}.js`));
    const reason = reasonOf(mutant, read(mutant.file).split('\n')[mutant.line - 1]!);
    if (verdict.fate !== 'survived') {
      if (reason !== undefined) throw new Error(`no equivalent: ${describe(mutant)}; ${verdict.fate} ${verdict.why}`);
      return { mutant, ...verdict };
    }
    if (verdict.why === original.why) return { mutant, ...verdict, fate: 'same' };
    return reason === undefined ? { mutant, ...verdict } : { mutant, fate: 'equivalent', why: reason };
  }

  /** The emulator as it is must pass, or a failure would say nothing. */
  #original(file: string, families: readonly string[]): Promise<Omit<Verdict, 'mutant'>> {
    const key = families.join('-');
    let original = this.#originals.get(key);
    if (original === undefined) {
      const nothing: Mutant = { file, line: 1, change: '', text: read(file) };
      original = run(nothing, families, join(this.directory, `original-${this.#originals.size}.js`));
      this.#originals.set(key, original);
    }
    return original.then((verdict) => {
      if (verdict.fate !== 'survived') throw new Error(`the emulator itself does not pass: ${verdict.why}`);
      return verdict;
    });
  }
}

/** Runs the judge in a process of its own. */
async function run(mutant: Mutant, families: readonly string[], bundle: string): Promise<Omit<Verdict, 'mutant'>> {
  await bundleJudge(mutant, bundle);
  const limited = `ulimit -t ${TIMEOUT_SECONDS} && exec "$@"`;
  const child = spawn('/bin/sh', ['-c', limited, 'sh', process.execPath, bundle, ...families], {
    // What a judge that is killed leaves behind goes with the directory.
    env: { ...process.env, TMPDIR: join(bundle, '..') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let failed = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (failed += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (status === null) return { fate: 'timeout', why: '' };
  if (status !== 0) return { fate: 'exception', why: /Error: .*/.exec(failed)?.[0] ?? failed };
  const [fate = '', ...why] = said.trim().split(' ');
  if (!(fate in FATES)) throw new Error(`internal error: the judge said ${said}`);
  return { fate: fate as Fate, why: why.join(' ') };
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

function describe({ file, line, change }: Mutant): string {
  return `${file}:${line}: ${change}`;
}

function report(files: readonly string[], verdicts: readonly Verdict[]): void {
  const fates = Object.keys(FATES) as Fate[];
  say('');
  table(
    ['rules', 'mutants', ...fates, 'caught'],
    [
      ...files.map((file) => ({ name: basename(file), some: verdicts.filter(({ mutant }) => mutant.file === file) })),
      { name: 'all', some: verdicts },
    ].map(({ name, some }) => {
      const counts = fates.map((fate) => some.filter((verdict) => verdict.fate === fate).length);
      return [name, ...[some.length, ...counts].map(String), `${(100 * caught(some)).toFixed(1)} %`];
    }),
  );
  for (const { mutant, fate } of verdicts) if (fate === 'survived') say(describe(mutant));
  if (caught(verdicts) < WANTED) process.exitCode = 1;
}

/** The share of those that are mutants in truth. */
function caught(verdicts: readonly Verdict[]): number {
  const different = verdicts.filter(({ fate }) => fate !== 'same' && fate !== 'equivalent');
  return 1 - different.filter(({ fate }) => fate === 'survived').length / Math.max(1, different.length);
}

void main();
