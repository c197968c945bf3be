/**
 * Line → places. Every module with debug information may have code of the file: a header is compiled into many. But the
 * libraries of the distribution, whose debug information lies in files of its own, are only searched when nothing of
 * the user's own has the file: that is slow, and their `error.c` is hardly ever meant.
 */
import { SidestepError } from '../../base/errors';
import { type ProbePlace } from '../../debuginfo/model/model';
import { type ModuleImage } from './images';
import { type Module } from './module';
import { pathPattern } from './pathPattern';
import { type SourceMap } from './sourceMap';
import { closest, matchSource, type SourceMatch } from './sourceMatch';

/** A source file as one module's debug information names it. */
export interface ModuleSource extends SourceMatch {
  readonly module: Module;
}

/** Line numbers have 32 bits. */
export const LAST_LINE = 0xffff_ffff;

/** A distribution's source must be named by its directory too. */
const DISTRIBUTION_CLOSENESS = 2;

/**
 * The sources of `modules` that `query` means, a path of this machine or the end of one. A module may name several:
 * which of them have code is not known yet.
 */
export function findSources(query: string, modules: readonly Module[], sourceMap: SourceMap): readonly ModuleSource[] {
  const readable = modules.filter((module) => module.readableImage?.hasDebugInfo === true);
  const own = closest(readable.filter(isUsersOwn).flatMap((module) => sourcesIn(module, query, sourceMap)));
  if (own.length > 0) return own;
  const others = readable
    .filter((module) => !isUsersOwn(module))
    .flatMap((module) => sourcesIn(module, query, sourceMap))
    .filter(({ closeness }) => !query.startsWith('/') || closeness >= DISTRIBUTION_CLOSENESS);
  return closest(others);
}

/** The sources of what is the user's own whose paths on this machine end in what `pattern` matches (`src/*.c`). */
export function sourcesMatching(
  pattern: string,
  modules: readonly Module[],
  sourceMap: SourceMap,
): readonly Omit<ModuleSource, 'closeness'>[] {
  const end = pathPattern(pattern, '(?:^|/)');
  return modules
    .filter((module) => module.readableImage?.hasDebugInfo === true && isUsersOwn(module))
    .flatMap((module) =>
      module.image
        .sourceFiles()
        .map((built) => ({ module, built, here: sourceMap.toHere(built) }))
        .filter(({ here }) => end.test(here)),
    );
}

/** Paths, as they would be on this machine, of the sources of what is the user's own. */
export function listSources(modules: readonly Module[], sourceMap: SourceMap): readonly string[] {
  const own = modules.filter((module) => module.readableImage?.hasDebugInfo === true && isUsersOwn(module));
  const files = own.flatMap((module) => module.image.sourceFiles());
  return [...new Set(files.map((file) => sourceMap.toHere(file)))].sort();
}

function isUsersOwn(module: Module): boolean {
  return module.isProgram || module.image.debugFile === undefined;
}

function sourcesIn(module: Module, query: string, sourceMap: SourceMap): ModuleSource[] {
  const files = module.image.filesMatching(sourceMap.toBuilt(query));
  const candidates = files.map((built) => ({ built, here: sourceMap.toHere(built) }));
  return matchSource(query, candidates).map((match) => ({ module, ...match }));
}

/**
 * The places of a line in one module, which names the file `sources`. Throws `unknown-file` when several of them have
 * code there.
 */
export function placesOfLine(
  query: string,
  line: number,
  module: Module,
  sources: readonly ModuleSource[],
): { readonly line: number; readonly places: readonly ProbePlace[] } | undefined {
  const found = sources.flatMap(({ built, here }) => {
    const places = module.image.linePlaces(built, line);
    return places ? [{ here, ...places }] : [];
  });
  if (found.length > 1) {
    throw ambiguousFile(
      query,
      found.map(({ here }) => here),
      module.path,
    );
  }
  return found[0];
}

/** The places of lines themselves, not of the next ones that have code. `built`: the file's path in the image. */
export function placesOfLines(
  image: Pick<ModuleImage, 'linePlaces'>,
  built: string,
  lines: readonly number[],
): readonly ProbePlace[] {
  return lines.flatMap((line) => {
    const found = image.linePlaces(built, line);
    return found?.line === line ? found.places : [];
  });
}

/** `names`: the files that `query` may mean in the debug information of `path`. */
export function ambiguousFile(query: string, names: readonly string[], path: string): SidestepError {
  return new SidestepError('unknown-file', `${query} may be ${names.join(' or ')}`, {
    place: { file: path },
    advice: 'Write more of the path, or all of it.',
  });
}
