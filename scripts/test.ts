/**
 * `npm test`: everything that can be checked, one phase after the other, all of them even when one fails. Phases can be
 * chosen by name: `npm test -- unit layers`; `--whole` takes all of what is otherwise a sample. Ends with the tests
 * that were skipped and why, and with the sum of what mocha counted, alone on the last line.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
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
  integration: ['engine', 'guardian', 'adapter', 'cli', 'values', 'realworld', 'package'],
  editor: ['e2e'],
} as const;

const PHASES: readonly Phase[] = [
  { name: 'build', what: 'the bundles in dist/', command: ['tsx', 'scripts/build.ts'] },
  { name: 'lint', what: 'eslint', command: ['eslint', '.', '--max-warnings', '0'] },
  { name: 'format', what: 'prettier', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'types', what: 'tsc', command: ['tsc', '--project', '.'] },
  { name: 'exports', what: 'nothing is exported, depended on or kept that nothing uses', command: ['knip'] },
  { name: 'mirror', what: 'a test lies where its file lies', command: ['tsx', 'scripts/mirror.ts'] },
  { name: 'paths', what: 'the documents name files that exist', command: ['tsx', 'scripts/docPaths.ts'] },
  { name: 'layers', what: 'who may import whom', command: ['tsx', 'scripts/layers.ts'] },
  { name: 'unit', what: 'each layer by itself', command: mocha(FOLDERS.unit) },
  { name: 'integration', what: 'real programs, probed', command: mocha(FOLDERS.integration) },
  { name: 'editor', what: 'the real editor, by mouse and keyboard', command: mocha(FOLDERS.editor) },
];

function mocha(folders: readonly string[]): [string, ...string[]] {
  const present = folders.filter((folder) => existsSync(join(TESTS, folder)));
  return ['mocha', '--reporter', 'scripts/testCounts.ts', ...present.map((folder) => `test/${folder}/**/*.test.ts`)];
}

function runPhase({ name, what, command: [program, ...args] }: Phase, whole: boolean): boolean {
  process.stdout.write(`\n━━ ${name}: ${what}\n`);
  const started = Date.now();
  const { status } = spawnSync(join(ROOT, 'node_modules/.bin', program), args, {
    cwd: ROOT,
    env: { ...process.env, SIDESTEP_TEST_COUNTS: COUNTS, ...(whole && { SIDESTEP_WHOLE: '1' }) },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: PHASE_TIMEOUT_MS,
  });
  const passed = status === 0;
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

function main(given: readonly string[]): void {
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
  const failures = PHASES.filter(({ name }) => chosen.length === 0 || chosen.includes(name))
    .filter((phase) => !runPhase(phase, whole))
    .map(({ name }) => name);
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

main(process.argv.slice(2));
