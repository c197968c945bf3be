/** The traced program of the benchmarks: building it, and reading what it says it did. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..');
/** Where the benchmarks keep what they build and write. */
export const SCRATCH = join(ROOT, '.cache', 'bench');

const SOURCE = join(ROOT, 'bench', 'target.c');
const RESULT = join(SCRATCH, 'result');

export interface Target {
  readonly program: string;
  /** Base name of the source, and the line of `step`, which has an int `x`. */
  readonly file: string;
  readonly line: number;
  /** Where a thread that never calls `step` works, if there is to be one. */
  readonly bystanderCpu?: number;
}

/** What the program itself counted, by its own clock. */
export interface Work {
  readonly calls: number;
  readonly seconds: number;
  readonly bystander?: {
    /** Pieces of work that it got done. */
    readonly work: number;
    /** The time in which no other thread had its processor, in s. */
    readonly free: number;
    /** How often it was stopped. */
    readonly stops: number;
    /** The longest time during which it did not run. */
    readonly pauseUs: number;
  };
}

export function compile(source: string, program: string, flags: readonly string[]): string {
  mkdirSync(SCRATCH, { recursive: true });
  const output = join(SCRATCH, program);
  execFileSync('gcc', ['-g', ...flags, '-pthread', '-o', output, source]);
  return output;
}

export function buildTarget(): Target {
  const lines = readFileSync(SOURCE, 'utf8').split('\n');
  return {
    program: compile(SOURCE, 'target', ['-O2']),
    file: 'target.c',
    line: lines.findIndex((line) => line.includes('#probe')) + 1,
  };
}

export function targetArguments({ bystanderCpu }: Target, threads: number, seconds: number): string[] {
  rmSync(RESULT, { force: true });
  return [RESULT, String(threads), String(seconds), ...(bystanderCpu === undefined ? [] : [String(bystanderCpu)])];
}

/** What the last run wrote. Throws when it wrote nothing: it did not come to its end. */
export function readWork(): Work {
  const match = /^calls (\d+) seconds ([\d.]+)(?: work (\d+) free ([\d.]+) stops (\d+) pause ([\d.]+))?$/m.exec(
    readFileSync(RESULT, 'utf8'),
  );
  if (!match) throw new Error(`the target wrote no result`);
  const [, calls, seconds, work, ...others] = match;
  const [free = 0, stops = 0, pauseUs = 0] = others.map(Number);
  const bystander = work === undefined ? undefined : { work: Number(work), free, stops, pauseUs };
  return { calls: Number(calls), seconds: Number(seconds), ...(bystander && { bystander }) };
}
