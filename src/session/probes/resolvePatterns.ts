/** Locations that mean many places: every line of a file that has code, all functions whose names match a pattern. */
import { SidestepError } from '../../base/errors';
import { NamePattern } from '../../debuginfo/names/namePattern';
import { tooMany } from '../../debuginfo/names/tooMany';
import { type ProbeLocation } from '../../language/probes/spec';
import { type Module } from '../code/module';
import { type SourceMap } from '../code/sourceMap';
import { ambiguousFile, findSources, LAST_LINE, placesOfLines, sourcesMatching } from '../code/sources';
import {
  didYouMean,
  explainNoFile,
  inModule,
  isDynamicLinker,
  isNamed,
  notLoaded,
  type Search,
  searchEach,
} from './foundPlace';

type Lines = Extract<ProbeLocation, { kind: 'lines' }>;
type Functions = Extract<ProbeLocation, { kind: 'functions' }>;

/** Names of what is near, at most. */
const NEAR = 3;

export function findLines(
  { file }: Lines,
  modules: readonly Module[],
  sourceMap: SourceMap,
  _placed: readonly Module[],
  most: number,
): Search {
  const isGlob = file.includes('*');
  const sources = isGlob ? sourcesMatching(file, modules, sourceMap) : findSources(file, modules, sourceMap);
  let left = most;
  const { found, errors } = searchEach(modules, (module) => {
    const withCode = sources
      .filter((source) => source.module === module)
      .map((source) => ({ ...source, lines: module.image.codeLines(source.built, 1, LAST_LINE) }))
      .filter(({ lines }) => lines.length > 0);
    if (withCode.length > 1 && !isGlob) {
      throw ambiguousFile(
        file,
        withCode.map(({ here }) => here),
        module.path,
      );
    }
    const count = withCode.reduce((sum, { lines }) => sum + lines.length, 0);
    if (count > left) throw tooMany(`${file}:* has code at ${count} lines`, most);
    const places = withCode.flatMap(({ built, lines }) => placesOfLines(module.image, built, lines));
    if (places.length > left) throw tooMany(`${file}:* has ${places.length} places`, most);
    left -= places.length;
    return places.map((place) => inModule(module, place));
  });
  return unlessTooMany({ places: found, errors });
}

/**
 * A module's symbols decide whether its debug information is searched, but for the program's and the libraries that
 * carry their own; if nothing is found, all of it is.
 */
export function findFunctions(
  { pattern: text, module: wanted }: Functions,
  modules: readonly Module[],
  _sourceMap: SourceMap,
  placed: readonly Module[],
  most: number,
): Search {
  const exact = searchEach(modules, (module) =>
    module.image.symbolAddress(text) === undefined || !isSearched(module, wanted)
      ? []
      : module.image.functionPlaces(text).map((place) => inModule(module, place)),
  );
  if (exact.found.length > 0) return { places: exact.found, errors: exact.errors };
  const pattern = new NamePattern(text);
  const refused: SidestepError[] = [];
  const inlinedOnly = new Set<string>();
  let left = most;
  const searched = modules.filter((module) => module.problem === undefined && isSearched(module, wanted));
  const search = (chosen: readonly Module[]): ReturnType<typeof searchEach> =>
    searchEach(chosen, (module) => {
      const found = module.image.functionsMatching(pattern, left);
      left -= found.places.length;
      refused.push(...found.errors);
      // Of a distribution's library, only if it is asked for.
      if (wanted !== undefined || isOwn(module)) for (const name of found.inlinedOnly) inlinedOnly.add(name);
      return found.places.map((place) => inModule(module, place));
    });
  const first = searched.filter((module) => isOwn(module) || module.image.hasSymbolMatching(pattern));
  const { found, errors } = search(first);
  const others = found.length > 0 || placed.length > 0 ? [] : searched.filter((module) => !first.includes(module));
  const later = search(others.filter(({ image }) => image.hasDebugInfo));
  return unlessTooMany({
    places: [...found, ...later.found],
    errors: [...errors, ...later.errors],
    refused,
    inlinedOnly: [...inlinedOnly].sort(),
  });
}

/** The dynamic linker's functions are its own, and often copies of others: only its name means them. */
function isSearched(module: Module, wanted: string | undefined): boolean {
  return wanted === undefined ? !isDynamicLinker(module) : isNamed(module, wanted);
}

function isOwn({ isProgram, image }: Module): boolean {
  return isProgram || (image.hasDebugInfo && image.debugFile === undefined);
}

/** What is too much in one module is not done in part. */
function unlessTooMany(search: Search): Search {
  const excess = search.errors.find(({ code }) => code === 'too-many');
  return excess === undefined ? search : { places: [], errors: [excess] };
}

export function explainNoMatch({ pattern, module: wanted }: Functions, modules: readonly Module[]): SidestepError {
  const searched = modules.filter((module) => isSearched(module, wanted));
  if (wanted !== undefined && searched.length === 0) return notLoaded(wanted);
  const images = searched.flatMap(({ readableImage }) => readableImage ?? []);
  const near = images.flatMap((image) => image.functionsNear(new NamePattern(pattern)));
  return new SidestepError('unknown-function', `no function of a loaded module matches ${pattern}`, {
    ...didYouMean([...new Set(near)].slice(0, NEAR)),
  });
}

export function explainNoLines({ file }: Lines, modules: readonly Module[], sourceMap: SourceMap): SidestepError {
  const sources = file.includes('*')
    ? sourcesMatching(file, modules, sourceMap)
    : findSources(file, modules, sourceMap);
  if (sources.length > 0) return new SidestepError('no-code', `${file} has no code at any line`);
  return explainNoFile(file, modules, sourceMap);
}
