/**
 * Line → places. Every module with debug information may have code of the file: a header is compiled into many. But the libraries of the
 * distribution, whose debug information lies in files of its own, are only searched when nothing of the user's own has the file: that is
 * slow, and their `error.c` is hardly ever meant.
 */
import { type Module } from './module';
import { type SourceMap } from './sourceMap';
import { matchSource, type SourceMatch } from './sourceMatch';

/** A module with code from a source file. */
export interface ModuleWithSource extends SourceMatch {
  readonly module: Module;
}

/** A distribution's source must be named by its directory too. */
const DISTRIBUTION_CLOSENESS = 2;

/**
 * The modules that were compiled from `query`, a path of this machine or the end of one. Throws `unknown-file` when it may mean several
 * files of a module.
 */
export function modulesWithSource(
  query: string,
  modules: readonly Module[],
  sourceMap: SourceMap,
): readonly ModuleWithSource[] {
  const readable = modules.filter((module) => module.readableImage?.hasDebugInfo === true);
  const isOwn = (module: Module) => module.isProgram || module.image.debugFile === undefined;
  const own = closest(readable.filter(isOwn).flatMap((module) => matchIn(module, query, sourceMap)));
  if (own.length > 0) return own;
  const others = readable
    .filter((module) => !isOwn(module))
    .flatMap((module) => matchIn(module, query, sourceMap))
    .filter(({ closeness }) => !query.startsWith('/') || closeness >= DISTRIBUTION_CLOSENESS);
  return closest(others);
}

function matchIn(module: Module, query: string, sourceMap: SourceMap): ModuleWithSource[] {
  const files = module.image.filesMatching(sourceMap.toBuilt(query));
  const match = matchSource(
    query,
    files.map((built) => ({ built, here: sourceMap.toHere(built) })),
  );
  return match ? [{ module, ...match }] : [];
}

function closest(matches: readonly ModuleWithSource[]): readonly ModuleWithSource[] {
  const best = Math.max(...matches.map(({ closeness }) => closeness));
  return matches.filter(({ closeness }) => closeness === best);
}
