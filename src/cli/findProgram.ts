/**
 * The file of a program's name: searched in PATH as execvp(3) does, so that `sidestep run -- ls` works as `ls` does.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { bytesOfText } from '../base/byteText';
import { SidestepError } from '../base/errors';

/** Returns a path. A name with a slash is a path already; the engine checks whether it can be run. */
export function findProgram(name: string, searchPath = process.env['PATH'] ?? '/usr/bin:/bin'): string {
  if (name.includes('/')) return name;
  const found = searchPath
    .split(delimiter)
    .map((directory) => resolve(join(directory, name)))
    .find(isExecutableFile);
  if (found !== undefined) return found;
  throw new SidestepError('program-not-found', `${name} is not in PATH`, {
    place: { file: name },
    advice: isExecutableFile(resolve(name)) ? `Write ./${name} for the one in this directory.` : 'Give its path.',
  });
}

function isExecutableFile(path: string): boolean {
  try {
    const bytes = bytesOfText(path);
    accessSync(bytes, constants.X_OK);
    return statSync(bytes).isFile();
  } catch {
    // Missing, or not accessible: the search continues.
    return false;
  }
}
