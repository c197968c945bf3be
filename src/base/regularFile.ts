/**
 * Opens files whose names others choose: debug links, build-ids, files that a process has mapped. Opening a FIFO waits
 * for its writer, and opening a device can act on it (open(2), fifo(7)), so the type of the file is checked before, and
 * again after opening, because the name may mean another file by then.
 */
import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from 'node:fs';

/** A descriptor for reading, and its fstat(2). Throws if the file can't be opened or is not a regular one. */
export function openRegularFile(path: string): { readonly descriptor: number; readonly status: Stats } {
  check(statSync(path));
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    return { descriptor, status: check(fstatSync(descriptor)) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function check(status: Stats): Stats {
  if (!status.isFile()) throw new Error(`it is ${kindOf(status)}, not a regular file`);
  return status;
}

function kindOf(status: Stats): string {
  if (status.isDirectory()) return 'a directory';
  if (status.isFIFO()) return 'a FIFO';
  return status.isSocket() ? 'a socket' : 'a device';
}
