/**
 * Which file of a program's debug information a source file of this machine is. The very path is certain. Else the
 * program may have been built elsewhere, or the same directory be reached by another name: then paths are compared from
 * their ends. But a file that exists under its own path never matches another file of the same name: `main.c` of a
 * plugin is not that of its host.
 */
import { existsSync, realpathSync } from 'node:fs';

/** Closeness of the very same file; below it, the number of path components that are equal from the end. */
export const SAME_FILE = Infinity;

export interface SourceFile {
  /** As debug information names it. */
  readonly built: string;
  /** Where it would be on this machine. */
  readonly here: string;
}

export interface SourceMatch extends SourceFile {
  readonly closeness: number;
}

/** The best of `candidates` for `query`, an absolute path or the end of one; several when they are equally good. */
export function matchSource(query: string, candidates: readonly SourceFile[]): readonly SourceMatch[] {
  const matches = candidates.map((candidate) => ({ ...candidate, closeness: closeness(candidate.here, query) }));
  return closest(matches.filter((match) => match.closeness > 0));
}

export function closest<T extends SourceMatch>(matches: readonly T[]): readonly T[] {
  const best = Math.max(...matches.map((match) => match.closeness));
  return matches.filter((match) => match.closeness === best);
}

function closeness(file: string, query: string): number {
  if (file === query) return SAME_FILE;
  const shared = sharedEnd(file.split('/'), query.split('/'));
  if (!query.startsWith('/')) return shared;
  const there = realPath(file);
  if (there === undefined) return shared;
  return there === realPath(query) ? SAME_FILE : 0;
}

function sharedEnd(a: readonly string[], b: readonly string[]): number {
  let shared = 0;
  while (shared < Math.min(a.length, b.length) && a[a.length - 1 - shared] === b[b.length - 1 - shared]) shared++;
  return shared;
}

function realPath(path: string): string | undefined {
  return existsSync(path) ? realpathSync(path) : undefined;
}
