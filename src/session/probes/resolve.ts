/**
 * Location → places: which addresses of which loaded modules a probe must stand at. Only images that can have the
 * location are read: a function is looked for by symbol in every module before anybody's debug information is searched,
 * a line only where there is debug information.
 */
import { address as toAddress, hex, linkAddress } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { NamePattern } from '../../debuginfo/names/namePattern';
import { type ProbeLocation } from '../../language/probes/spec';
import { type ModuleImage } from '../code/images';
import { findSources, placesOfLine } from '../code/sources';
import { type Module } from '../code/module';
import { type SourceMap } from '../code/sourceMap';
import {
  didYouMean,
  explainNoFile,
  type FoundPlace,
  inModule,
  isDynamicLinker,
  isNamed,
  notLoaded,
  type Search,
  searchEach,
} from './foundPlace';
import { explainNoLines, explainNoMatch, findFunctions, findLines } from './resolvePatterns';
import { findReturns } from './returns';

type Finders = {
  readonly [K in ProbeLocation['kind']]: (
    location: Extract<ProbeLocation, { kind: K }>,
    modules: readonly Module[],
    sourceMap: SourceMap,
    placed: readonly Module[],
    most: number,
  ) => Search;
};

const FINDERS: Finders = {
  line: findLine,
  lines: findLines,
  function: findFunction,
  functions: findFunctions,
  return: findReturn,
  address: findAddress,
  offset: findOffset,
};

/**
 * Searches `modules`, the program's before the libraries'. `placed`: other modules of the process, in which the
 * location was found. `most`: how many places a pattern may still have there.
 */
export function findPlaces(
  location: ProbeLocation,
  modules: readonly Module[],
  sourceMap: SourceMap,
  placed: readonly Module[],
  most: number,
): Search {
  const programFirst = [...modules].sort((a, b) => Number(b.isProgram) - Number(a.isProgram));
  const finder = FINDERS[location.kind] as (
    l: ProbeLocation,
    m: readonly Module[],
    s: SourceMap,
    p: readonly Module[],
    n: number,
  ) => Search;
  return finder(location, programFirst, sourceMap, placed, most);
}

/** Has a program's image read what {@link findPlaces} will ask of it; images keep what they have read. */
export function foresee(location: ProbeLocation, image: ModuleImage, sourceMap: SourceMap, most: number): void {
  try {
    if (location.kind === 'function') image.functionPlaces(location.name);
    if (location.kind === 'return' && location.of.kind === 'function') image.functionReturns(location.of.name);
    if (location.kind === 'functions') image.functionsMatching(new NamePattern(location.pattern), most);
    if (location.kind !== 'line' || !image.hasDebugInfo) return;
    for (const built of image.filesMatching(sourceMap.toBuilt(location.file))) image.linePlaces(built, location.line);
  } catch (error) {
    // The probe will show it.
    if (!(error instanceof SidestepError)) throw error;
  }
}

function findLine(
  { file, line }: Extract<ProbeLocation, { kind: 'line' }>,
  modules: readonly Module[],
  sourceMap: SourceMap,
): Search {
  const lines: number[] = [];
  const sources = findSources(file, modules, sourceMap);
  const { found: places, errors } = searchEach(modules, (module) => {
    const own = sources.filter((source) => source.module === module);
    const found = placesOfLine(file, line, module, own);
    if (found === undefined) return [];
    lines.push(found.line);
    return found.places.map((place) => inModule(module, place));
  });
  return { places, errors, ...(lines[0] !== undefined && { line: lines[0] }) };
}

function findFunction(
  location: Extract<ProbeLocation, { kind: 'function' }>,
  modules: readonly Module[],
  _sourceMap: SourceMap,
  placed: readonly Module[],
): Search {
  const { name } = location;
  const isSearched = (module: Module): boolean =>
    location.module === undefined ? !isPrivateCopy(module, name) : isNamed(module, location.module);
  const mayBeMeant = (module: Module): boolean =>
    isSearched(module) && (module.isProgram || module.image.symbolAddress(withoutSuffix(name)) !== undefined);
  const bySymbol = searchEach(modules, (module) => (mayBeMeant(module) ? functionIn(module, name) : []));
  // Libraries that come later are searched as they would be if they were there already.
  if (bySymbol.found.length > 0 || placed.some(mayBeMeant)) return { places: bySymbol.found, errors: bySymbol.errors };
  // Names that only debug information has: qualified ones, and functions that were inlined everywhere.
  const byName = searchEach(modules.filter(isSearched), (module) =>
    !module.isProgram && module.image.hasDebugInfo ? functionIn(module, name) : [],
  );
  return { places: byName.found, errors: [...bySymbol.errors, ...byName.errors] };
}

function findReturn(
  { of }: Extract<ProbeLocation, { kind: 'return' }>,
  modules: readonly Module[],
  sourceMap: SourceMap,
  placed: readonly Module[],
  most: number,
): Search {
  const meant = findPlaces(of, modules, sourceMap, placed, most);
  return findReturns(of, meant);
}

/** `strlen@resolver` → `strlen`. */
function withoutSuffix(name: string): string {
  return name.replace(/@\w+$/, '');
}

/**
 * glibc's dynamic linker has its own strlen, malloc and more, which only itself uses, before there is a C library. They
 * are not what a program's own calls mean: MODULE!FUNCTION means them. Its own functions have reserved names.
 */
function isPrivateCopy(module: Module, name: string): boolean {
  return isDynamicLinker(module) && !LINKERS_OWN.test(name);
}

const LINKERS_OWN = /^(_dl_|_rtld|_r_debug|rtld|__tls_get_addr|__rtld_|dl_|_start$|_dl)/;

function findAddress({ address }: Extract<ProbeLocation, { kind: 'address' }>, modules: readonly Module[]): Search {
  const module = modules.find((candidate) => candidate.contains(address));
  if (module === undefined) return { places: [], errors: [] };
  const symbol = module.readableImage?.describe(module.toLink(address)).symbol;
  const from = symbol && toAddress(address - BigInt(symbol.offset));
  return {
    places: [{ module, candidates: [address], ...(from && { from }), line: undefined, function: undefined }],
    errors: [],
  };
}

function findOffset(location: Extract<ProbeLocation, { kind: 'offset' }>, modules: readonly Module[]): Search {
  const named = modules.filter((module) => isNamed(module, location.module));
  const { found, errors } = searchEach(named, (module): FoundPlace[] => {
    const start = module.image.symbolAddress(location.function);
    if (start === undefined) {
      throw new SidestepError('unknown-function', `${module.path} has no function ${location.function}`, {
        place: { file: module.path },
      });
    }
    const candidate = module.toRun(linkAddress(start + BigInt(location.offset)));
    return [{ module, candidates: [candidate], from: module.toRun(start), line: undefined, function: undefined }];
  });
  return { places: found, errors };
}

function functionIn(module: Module, name: string): FoundPlace[] {
  return module.image.functionPlaces(name).map((place) => inModule(module, place));
}

/** Why no module has the location, and what may help; the caller knows whether more code may be loaded. */
export function explainMissing(
  location: ProbeLocation,
  modules: readonly Module[],
  sourceMap: SourceMap,
): SidestepError {
  if (location.kind === 'return') return explainMissing(location.of, modules, sourceMap);
  const program = modules.find((module) => module.isProgram);
  const unreadable = program?.problem;
  if (unreadable) return unreadable;
  const hidden = modules.find(
    (module) => isHidden(module) && (!('module' in location) || isNamed(module, location.module)),
  );
  if (hidden?.problem && location.kind !== 'address') return mayBeIn(hidden.problem, location);
  switch (location.kind) {
    case 'line':
      return explainMissingLine(location, modules, sourceMap);
    case 'lines':
      return explainNoLines(location, modules, sourceMap);
    case 'functions':
      return explainNoMatch(location, modules);
    case 'function': {
      const { module: wanted } = location;
      if (wanted !== undefined && !modules.some((module) => isNamed(module, wanted))) return notLoaded(wanted);
      const copy = wanted === undefined && modules.find((module) => hasPrivateCopy(module, location.name));
      if (copy) {
        return new SidestepError(
          'unknown-function',
          `only the dynamic linker has a function ${location.name}, for its own use`,
          {
            advice: `Write ${copy.name}!${location.name} for that one.`,
          },
        );
      }
      const similar = program?.readableImage?.similarFunctions(location.name).slice(0, 3) ?? [];
      return new SidestepError('unknown-function', `no loaded module has a function ${location.name}`, {
        ...didYouMean(similar),
      });
    }
    case 'address':
      return new SidestepError('no-code', `no loaded module has code at ${hex(location.address)}`);
    case 'offset':
      return notLoaded(location.module);
  }
}

function hasPrivateCopy(module: Module, name: string): boolean {
  return isPrivateCopy(module, name) && module.readableImage?.symbolAddress(name) !== undefined;
}

/**
 * A file that is there, but can't be opened. Memory that is only called a file (memfd_create(2)) has nothing to find.
 */
function isHidden(module: Module): boolean {
  return module.problem?.code === 'file-unreadable' && !module.path.startsWith('/memfd:');
}

function mayBeIn(
  { message, advice, place }: SidestepError,
  location: Exclude<ProbeLocation, { kind: 'address' | 'return' }>,
): SidestepError {
  const what = location.kind === 'offset' ? location.module : wantedName(location);
  return new SidestepError('file-unreadable', `no readable file has ${what}, and one file can't be read: ${message}`, {
    ...(place && { place }),
    ...(advice !== undefined && { advice }),
  });
}

function wantedName(location: Exclude<ProbeLocation, { kind: 'address' | 'offset' | 'return' }>): string {
  if (location.kind === 'function') return location.name;
  return location.kind === 'functions' ? location.pattern : location.file;
}

function explainMissingLine(
  { file, line }: Extract<ProbeLocation, { kind: 'line' }>,
  modules: readonly Module[],
  sourceMap: SourceMap,
): SidestepError {
  if (findSources(file, modules, sourceMap).length > 0) {
    return new SidestepError('no-code', `${file} has no code at line ${line} or just below`, {
      advice: 'Choose a line in a function that is used: compilers leave out what is never called.',
    });
  }
  return explainNoFile(file, modules, sourceMap);
}
