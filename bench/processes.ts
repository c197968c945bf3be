/** Running programs, and what /proc says of them. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCRATCH } from './target';

/** Whether a command is on PATH. */
export function installed(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/**
 * Runs a command to its end with standard output and error in a file (as fast a sink as there is that can be read
 * afterwards).
 */
export async function runToFile(command: string, args: readonly string[], name: string): Promise<string> {
  const path = join(SCRATCH, `${name}.log`);
  const log = openSync(path, 'w');
  try {
    await new Promise<void>((resolve, reject) => {
      spawn(command, args, { stdio: ['ignore', log, log] })
        .once('error', reject)
        .once('close', () => resolve());
    });
  } finally {
    closeSync(log);
  }
  return path;
}

/** How many lines of a file match. */
export function countLines(path: string, pattern: RegExp): number {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => pattern.test(line)).length;
}

/** Resident memory of a process, in bytes (VmRSS of proc(5)). */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** Direct children of a process. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}
