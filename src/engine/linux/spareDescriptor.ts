/**
 * A descriptor kept back. What the engine must look at while it deals with a stop can't wait until there are
 * descriptors again: a thread let go without a look at its pending signals can die of it. So where there is none
 * (EMFILE, ENFILE) this one makes room. The descriptor table belongs to the whole process, and so does this state.
 */
import { closeSync, openSync } from 'node:fs';

const SHORTAGE: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

let spare: number | undefined;

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

/** Reserves a descriptor, if the process may open one more. The first call of {@link withDescriptor} does it first. */
function keep(): void {
  if (spare !== undefined) return;
  try {
    spare = openSync('/dev/null', 'r');
  } catch {
    spare = undefined;
  }
}
