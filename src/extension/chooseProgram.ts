/** Which program F5 means when no launch.json names one. */
import { basename, dirname, extname } from 'node:path';
import { type ElfProgram } from './elfPrograms';

/**
 * The program to start, or undefined if the user must choose:
 *
 * 1. the one named like the open source file (`server.c`, `server`);
 * 2. else the only one in the nearest folder around the open file that has any, what was compiled without -g set aside;
 * 3. else the only one there is.
 *
 * With several candidates it does not guess: a started program may do anything.
 */
export function chooseProgram(programs: readonly ElfProgram[], openFile: string | undefined): ElfProgram | undefined {
  const debuggable = programs.filter(({ debugInfo }) => debugInfo);
  const candidates = debuggable.length > 0 ? debuggable : programs;
  if (openFile !== undefined) {
    const stem = basename(openFile, extname(openFile));
    const sameName = candidates.filter(({ path }) => basename(path) === stem);
    if (sameName.length > 0) return onlyOne(sameName);
    for (let folder = dirname(openFile); folder !== dirname(folder); folder = dirname(folder)) {
      const around = candidates.filter(({ path }) => path.startsWith(`${folder}/`));
      if (around.length > 0) return onlyOne(around);
    }
  }
  return onlyOne(candidates);
}

function onlyOne(programs: readonly ElfProgram[]): ElfProgram | undefined {
  return programs.length === 1 ? programs[0] : undefined;
}
