/**
 * Source paths as compilers record them: relative to a directory that may itself be relative to the compilation
 * directory.
 */
import { posix } from 'node:path';

/** `name` seen from `directory` seen from `base`, normalised (no `.`, no `..`, no double slash). */
export function joinPath(base: string, directory: string, name: string): string {
  if (posix.isAbsolute(name)) return posix.normalize(name);
  if (posix.isAbsolute(directory)) return posix.join(directory, name);
  return posix.join(base, directory, name);
}
