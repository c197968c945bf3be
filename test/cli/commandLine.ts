/** The command line as users run it, for tests: dist/cli.js in a process of its own, and the programs it is run on. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../until';

export const ROOT = join(__dirname, '..', '..');
export const SCRATCH = join(ROOT, '.cache', 'test');
const FIXTURES = join(__dirname, 'fixtures');
const SIDESTEP = join(ROOT, 'dist', 'cli.js');

export interface HitLine {
  readonly type: 'hit';
  readonly probe: number;
  readonly pid: number;
  readonly tid: number;
  readonly timeNs: string;
  readonly location: {
    readonly file?: string;
    readonly line?: number;
    readonly function?: string;
    readonly address: string;
  };
  readonly message: string;
}

interface CountsInJson {
  readonly hits: number;
  readonly matched: number;
  readonly reported: number;
  readonly lost: number;
  readonly failedConditions?: number;
}

/** Counts are there where the probe has several sites. */
interface SiteInJson extends Partial<CountsInJson> {
  readonly address: string;
  readonly instruction: string;
  readonly execution: string;
  readonly problem?: string;
}

export interface SummaryLine {
  readonly type: 'summary';
  readonly probes: readonly (CountsInJson & {
    readonly probe: number;
    readonly text: string;
    readonly sites: readonly SiteInJson[];
  })[];
  readonly exit?: { readonly code?: number; readonly signal?: number };
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningOptions {
  readonly cwd?: string;
  readonly input?: string;
  /** A command that becomes another one by exec, with which sidestep is started. */
  readonly through?: readonly string[];
}

/** A sidestep that runs, in a process group of its own. */
export class Running {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], { cwd = SCRATCH, input = '', through = [] }: RunningOptions = {}) {
    assert.ok(existsSync(SIDESTEP), 'npm run build makes what these tests run');
    mkdirSync(cwd, { recursive: true });
    const [command, ...rest] = [...through, process.execPath, SIDESTEP, ...args];
    this.#child = spawn(command!, rest, { cwd, detached: true });
    this.#closed = once(this.#child, 'close');
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString('utf8')));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString('utf8')));
    this.#child.stdin?.end(input);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal as a terminal does: to sidestep, its engine and the program. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Resolves when nobody holds its streams any more: sidestep has ended, and so has the program. */
  async closed(): Promise<void> {
    await this.#closed;
  }

  /** Waits until what the program has written to standard output matches. */
  async untilStdout(pattern: RegExp): Promise<void> {
    await until(`${pattern.source} on standard output`, () => pattern.test(this.stdout));
  }

  /** Waits until what sidestep has written to standard error matches. */
  async untilStderr(pattern: RegExp): Promise<void> {
    await until(`${pattern.source} on standard error`, () => pattern.test(this.stderr));
  }

  /** Its end; status 128 + n when signal n ended it. */
  async outcome(): Promise<Outcome> {
    const [code, signal] = (await this.#closed) as [number | null, string | null];
    assert.equal(signal, null, `sidestep was ended by ${signal ?? ''}\n${this.stderr}`);
    return { status: code ?? -1, stdout: this.stdout, stderr: this.stderr };
  }
}

export function sidestep(args: readonly string[], options?: RunningOptions): Promise<Outcome> {
  return new Running(args, options).outcome();
}

interface JsonLines {
  readonly hits: readonly HitLine[];
  readonly warnings: readonly string[];
  readonly summary: SummaryLine;
}

/** The lines that --format json wrote. */
export function parseJsonLines(text: string): JsonLines {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as HitLine | SummaryLine | { readonly type: 'warning'; readonly message: string });
  const summary = lines.at(-1);
  assert.ok(summary?.type === 'summary', `the last line is a summary: ${text.slice(-2000)}`);
  return {
    hits: lines.filter((line) => line.type === 'hit'),
    warnings: lines.filter((line) => line.type === 'warning').map(({ message }) => message),
    summary,
  };
}

/** Compiles a program of test/cli/fixtures; gives its path. */
export function fixture(name: string, flags: readonly string[] = ['-O0']): string {
  mkdirSync(SCRATCH, { recursive: true });
  const program = join(SCRATCH, `${name}${flags.join('')}`);
  execFileSync('gcc', ['-g', ...flags, '-pthread', '-o', program, join(FIXTURES, `${name}.c`)]);
  return program;
}

/** `FILE:LINE` of the line with the comment `#MARKER` in a fixture's source. */
export function marked(name: string, marker: string): string {
  const lines = readFileSync(join(FIXTURES, `${name}.c`), 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes(`#${marker} `) || text.endsWith(`#${marker} */`)) + 1;
  assert.notEqual(line, 0, `${name}.c has no #${marker}`);
  return `${name}.c:${line}`;
}

/** Asserts that the code in a process's memory is what its files hold, and that nobody traces it. */
export function assertUntouched(pid: number): void {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  let compared = 0;
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').trimEnd().split('\n')) {
    const [, start, end, offset, path] = /^(\w+)-(\w+) r-xp (\w+) \S+ \d+ +(\/.*)$/.exec(line) ?? [];
    if (start === undefined || end === undefined || offset === undefined || path === undefined) continue;
    const length = parseInt(end, 16) - parseInt(start, 16);
    const text = Buffer.alloc(length);
    readSync(memory, text, 0, length, parseInt(start, 16));
    const file = readFileSync(path).subarray(parseInt(offset, 16), parseInt(offset, 16) + length);
    assert.ok(text.subarray(0, file.length).equals(file), `${path} is changed in memory`);
    compared++;
  }
  closeSync(memory);
  assert.ok(compared > 0, `${readlinkSync(`/proc/${pid}/exe`)} has no code to compare`);
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^TracerPid:\t0$/m);
}

/** What {@link assertUntouched} asserts, for waiting until it is so. */
export function isUntouched(pid: number): boolean {
  try {
    assertUntouched(pid);
    return true;
  } catch {
    return false;
  }
}
