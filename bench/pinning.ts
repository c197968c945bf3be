/**
 * Keeping a measurement's parts on processors of their own, so that what is measured is the tracer and not the
 * scheduler.
 */
import { execFileSync } from 'node:child_process';

/**
 * Where the benchmark, tracers and the threads they are busy with run; and where the threads run that shall not notice.
 */
const BUSY_CPU = 0;
export const SPARE_CPU = 1;

/** This process, all its threads and whatever it starts meanwhile stay on {@link BUSY_CPU} (taskset(1)). */
export async function pinned<T>(measure: () => Promise<T>): Promise<T> {
  const own = ['--all-tasks', '--cpu-list', '--pid'];
  const shown = execFileSync('taskset', ['--cpu-list', '--pid', String(process.pid)], { encoding: 'utf8' });
  const before = shown.trim().split(' ').at(-1)!;
  execFileSync('taskset', [...own, String(BUSY_CPU), String(process.pid)]);
  try {
    return await measure();
  } finally {
    execFileSync('taskset', [...own, before, String(process.pid)]);
  }
}
