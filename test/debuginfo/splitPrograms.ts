/** Programs with split DWARF, built in a folder of their own: compilers name .dwo files by where they run. */
import { execFileSync } from 'node:child_process';
import { basename, extname, join, resolve } from 'node:path';

const FIXTURES = resolve(__dirname, '../fixtures/debuginfo');

export interface SplitBuild {
  readonly compiler: string;
  readonly flags: readonly string[];
  /** False: the same program with its debug information in one piece. */
  readonly isSplit?: boolean;
}

/** Compiles fixtures into `folder` and links them there; the program's path. */
export function buildSplit(
  folder: string,
  sources: readonly string[],
  { compiler, flags, isSplit = true }: SplitBuild,
): string {
  const split = isSplit ? ['-gsplit-dwarf'] : [];
  const run = (...args: string[]): void => {
    execFileSync(compiler, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const objects = sources.map((source) => `${basename(source, extname(source))}.o`);
  for (const [index, source] of sources.entries())
    run('-g', ...flags, ...split, '-c', join(FIXTURES, source), '-o', objects[index]!);
  run(...flags, ...objects, '-o', 'program');
  return join(folder, 'program');
}
