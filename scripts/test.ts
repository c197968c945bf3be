/**
 * `npm test`: everything that can be checked; a failed phase does not keep the others from running. Where phases stand
 * beside each other, in two lanes, each prints what it has to say at its end. Phases can be chosen by name:
 * `npm test -- unit layers`; `--whole` takes all of what is otherwise a sample. Ends with the tests that were skipped
 * and why, and with the sum of what mocha counted, alone on the last line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type TestCounts } from './testCounts';

const ROOT = join(__dirname, '..');
const TESTS = join(ROOT, 'test');
const COUNTS = join(ROOT, 'out/testCounts.json');

/** A test that leaves something running would keep mocha from ending. On a quiet machine a phase takes minutes. */
const PHASE_TIMEOUT_MS = 4 * 60 * 60_000;

interface Phase {
  readonly name: string;
  readonly what: string;
  /** A package's command and its arguments. */
  readonly command: readonly [string, ...string[]];
}

/** Which folders of test/ each run of mocha takes. All of them must be in one: a forgotten test is a failed one. */
const FOLDERS = {
  unit: ['base', 'wasm', 'contract', 'emulator', 'debuginfo', 'language', 'session', 'export', 'extension', 'syntaxes'],
  clients: ['adapter', 'cli', 'values', 'package'],
  engine: ['engine', 'guardian'],
  programs: ['realworld'],
  editor: ['e2e'],
} as const;

/** Phases that run one after the other. */
type Lane = readonly Phase[];

/**
 * Steps, one after the other. The lanes of a step run beside each other where there are two processors: on two, each
 * of them takes about as long. What bundles an engine for its tests is in one lane, because it writes the same files
 * (test/engine/engineClient.ts). The editor is alone: a browser has deadlines of its own.
 */
const STEPS: readonly (readonly Lane[])[] = [
  [[{ name: 'build', what: 'the bundles in dist/', command: ['tsx', 'scripts/build.ts'] }]],
  [
    [
      { name: 'lint', what: 'eslint', command: ['eslint', '.', '--max-warnings', '0'] },
      { name: 'format', what: 'prettier', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
      { name: 'types', what: 'tsc', command: ['tsc', '--project', '.'] },
      { name: 'exports', what: 'nothing is exported, depended on or kept that nothing uses', command: ['knip'] },
      { name: 'mirror', what: 'a test lies where its file lies', command: ['tsx', 'scripts/mirror.ts'] },
      { name: 'paths', what: 'the documents name files that exist', command: ['tsx', 'scripts/docPaths.ts'] },
      { name: 'layers', what: 'who may import whom', command: ['tsx', 'scripts/layers.ts'] },
      { name: 'clients', what: 'adapter and command line, on real programs', command: mocha(FOLDERS.clients) },
    ],
    [
      { name: 'engine', what: 'the engine and its guardian, on real programs', command: mocha(FOLDERS.engine) },
      { name: 'programs', what: 'CPython, memcached and others, probed', command: mocha(FOLDERS.programs) },
      { name: 'unit', what: 'each layer by itself', command: mocha(FOLDERS.unit) },
    ],
  ],
  [[{ name: 'editor', what: 'the real editor, by mouse and keyboard', command: mocha(FOLDERS.editor) }]],
];

const PHASES: readonly Phase[] = STEPS.flat(2);

function mocha(folders: readonly string[]): [string, ...string[]] {
  const present = folders.filter((folder) => existsSync(join(TESTS, folder)));
  return ['mocha', '--reporter', 'scripts/testCounts.ts', ...present.map((folder) => `test/${folder}/**/*.test.ts`)];
}

/** The names of those that failed. */
async function runStep(step: readonly Lane[], whole: boolean): Promise<string[]> {
  const areTogether = step.length > 1 && availableParallelism() > 1;
  if (areTogether) return (await Promise.all(step.map((lane) => runLane(lane, whole, true)))).flat();
  return runLane(step.flat(), whole, false);
}

async function runLane(lane: Lane, whole: boolean, isBesideAnother: boolean): Promise<string[]> {
  const failures: string[] = [];
  for (const phase of lane) if (!(await runPhase(phase, whole, isBesideAnother))) failures.push(phase.name);
  return failures;
}

/** `printAtEnd`: all at once, so that the output of one phase stands together. */
async function runPhase({ name, what, command }: Phase, whole: boolean, printAtEnd: boolean): Promise<boolean> {
  const [program, ...args] = command;
  const title = `\n━━ ${name}: ${what}\n`;
  process.stdout.write(printAtEnd ? `━━ ${name} begins\n` : title);
  const started = Date.now();
  // A file, not a pipe: what a test leaves running would keep a pipe open.
  const log = join(ROOT, 'out', `${name}.log`);
  const output = printAtEnd ? openSync(log, 'w') : 'inherit';
  const child = spawn(join(ROOT, 'node_modules/.bin', program), args, {
    cwd: ROOT,
    env: { ...process.env, SIDESTEP_TEST_COUNTS: COUNTS, ...(whole && { SIDESTEP_WHOLE: '1' }) },
    stdio: ['ignore', output, output],
    timeout: PHASE_TIMEOUT_MS,
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  const passed = status === 0;
  if (output !== 'inherit') {
    closeSync(output);
    process.stdout.write(title + readFileSync(log, 'utf8'));
  }
  process.stdout.write(
    `━━ ${name} ${passed ? 'passed' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`,
  );
  return passed;
}

function forgottenFolders(): string[] {
  const known = new Set<string>(Object.values(FOLDERS).flat());
  return readdirSync(TESTS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !known.has(entry.name) && holdsTests(join(TESTS, entry.name)))
    .map(({ name }) => name);
}

function holdsTests(folder: string): boolean {
  return readdirSync(folder, { recursive: true }).some((path) => String(path).endsWith('.test.ts'));
}

async function main(given: readonly string[]): Promise<void> {
  const whole = given.includes('--whole');
  const chosen = given.filter((argument) => argument !== '--whole');
  const unknown = chosen.filter((name) => !PHASES.some((phase) => phase.name === name));
  if (unknown.length > 0) {
    const names = PHASES.map(({ name }) => name).join(', ');
    process.stderr.write(`no phase ${unknown.join(', ')}; there are ${names}\n`);
    process.exitCode = 2;
    return;
  }
  rmSync(COUNTS, { force: true });
  mkdirSync(join(ROOT, 'out'), { recursive: true });
  const failures: string[] = [];
  for (const step of STEPS) {
    const lanes = step.map((lane) => lane.filter(({ name }) => chosen.length === 0 || chosen.includes(name)));
    failures.push(
      ...(await runStep(
        lanes.filter((lane) => lane.length > 0),
        whole,
      )),
    );
  }
  failures.push(...forgottenFolders().map((folder) => `test/${folder} (is in no phase)`));
  if (failures.length > 0) process.exitCode = 1;

  const { passed, failed, skipped } = sumOfCounts();
  if (skipped.length > 0) process.stdout.write(`\n━━ skipped\n${skipped.map((test) => `   ${test}\n`).join('')}`);
  process.stdout.write(`\n━━ ${failures.length > 0 ? `FAILED: ${failures.join(', ')}` : 'all passed'}\n`);
  process.stdout.write(
    `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}\n`,
  );
}

/** Over all runs of mocha; the reporter has written a line for each. */
function sumOfCounts(): TestCounts {
  const lines = existsSync(COUNTS) ? readFileSync(COUNTS, 'utf8').trimEnd().split('\n') : [];
  return lines
    .map((line) => JSON.parse(line) as TestCounts)
    .reduce(
      (sum, counts) => ({
        passed: sum.passed + counts.passed,
        failed: sum.failed + counts.failed,
        skipped: [...sum.skipped, ...counts.skipped],
      }),
      { passed: 0, failed: 0, skipped: [] },
    );
}

void main(process.argv.slice(2));
