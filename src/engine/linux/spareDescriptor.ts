/**
 * A reserve descriptor. Files that the engine reads while handling a stop can't wait for a free descriptor: a thread
 * released without a look at its pending signals can die. If there is none left (EMFILE, ENFILE), this one is closed to
 * make room.
 */
import { closeSync, openSync } from 'node:fs';

const SHORTAGE: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

let spare: number | undefined;
keep();

/**
 * Returns the result of `use`, which opens a file during the call. If it throws because no descriptor is free, it runs
 * again with the reserve closed.
 */
export function withDescriptor<T>(use: () => T): T {
  try {
    return use();
  } catch (thrown) {
    if (!SHORTAGE.has((thrown as NodeJS.ErrnoException).code)) throw thrown;
    makeRoom();
    return use();
  } finally {
    keep();
  }
}

/** Gives the descriptor away. */
export function makeRoom(): void {
  if (spare !== undefined) closeSync(spare);
  spare = undefined;
}

/** Keeps one again, if there is one. */
function keep(): void {
  if (spare !== undefined) return;
  try {
    spare = openSync('/dev/null', 'r');
  } catch {
    spare = undefined;
  }
}
