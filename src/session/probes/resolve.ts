/**
 * Location → places: which addresses of which loaded modules a probe must stand at. Only images that can have the
 * location are read: a function is looked for by symbol in every module before anybody's debug information is searched,
 * a line only where there is debug information.
 */
import { address as toAddress, hex, linkAddress } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { type ProbePlace } from '../../debuginfo/model/model';
import { similarFiles } from '../../debuginfo/names/similarity';
import { type ProbeLocation } from '../../language/probes/spec';
import { type ModuleImage } from '../code/images';
import { type FoundPlace, type Search } from './found';
import { findReturns } from './returns';
import { findSources, listSources, placesOfLine } from '../code/sources';
import { type Module } from '../code/module';
import { type SourceMap } from '../code/sourceMap';

export { type FoundPlace, type Search } from './found';

type Finders = {
  readonly [K in ProbeLocation['kind']]: (
    location: Extract<ProbeLocation, { kind: K }>,
    modules: readonly Module[],
    sourceMap: SourceMap,
    placed: readonly Module[],
  ) => Search;
};

const FINDERS: Finders = {
  line: findLine,
  function: findFunction,
  return: findReturn,
  address: findAddress,
  offset: findOffset,
};

/**
 * Searches `modules`, the program's before the libraries'. `placed`: other modules of the process, in which the
 * location was found.
 */
export function findPlaces(
  location: ProbeLocation,
  modules: readonly Module[],
  sourceMap: SourceMap,
  placed: readonly Module[] = [],
): Search {
  const programFirst = [...modules].sort((a, b) => Number(b.isProgram) - Number(a.isProgram));
  const finder = FINDERS[location.kind] as (
    l: ProbeLocation,
    m: readonly Module[],
    s: SourceMap,
    p: readonly Module[],
  ) => Search;
  return finder(location, programFirst, sourceMap, placed);
}

/** Has a program's image read what {@link findPlaces} will ask of it; images keep what they have read. */
export function foresee(location: ProbeLocation, image: ModuleImage, sourceMap: SourceMap): void {
  try {
    if (location.kind === 'function') image.functionPlaces(location.name);
    if (location.kind === 'return' && location.of.kind === 'function') image.functionReturns(location.of.name);
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
): Search {
  const meant = findPlaces(of, modules, sourceMap, placed);
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
  return !module.isProgram && DYNAMIC_LINKER.test(module.name) && !LINKERS_OWN.test(name);
}

const DYNAMIC_LINKER = /^ld(-linux.*|-[0-9.]+)\.so/;
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

/** `libc.so.6`, `libc` or the whole path. */
function isNamed(module: Module, name: string): boolean {
  return module.name === name || module.path === name || module.name.startsWith(`${name}.so`);
}

function functionIn(module: Module, name: string): FoundPlace[] {
  return module.image.functionPlaces(name).map((place) => inModule(module, place));
}

function inModule(module: Module, place: ProbePlace): FoundPlace {
  const candidates = place.candidates.map((candidate) => module.toRun(candidate));
  return {
    module,
    candidates,
    line: place.line,
    function: place.function,
    ...(place.doubt !== undefined && { doubt: place.doubt }),
  };
}

/** One file that is broken does not hide what the others have; one that can't be opened has nothing. */
function searchEach(
  modules: readonly Module[],
  search: (module: Module) => readonly FoundPlace[],
): { readonly found: readonly FoundPlace[]; readonly errors: readonly SidestepError[] } {
  const found: FoundPlace[] = [];
  const errors: SidestepError[] = [];
  for (const module of modules) {
    if (module.problem) continue;
    try {
      found.push(...search(module));
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      errors.push(error);
    }
  }
  return { found, errors };
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
    (module) =>
      isHidden(module) &&
      ((location.kind !== 'offset' && location.kind !== 'function') ||
        location.module === undefined ||
        isNamed(module, location.module)),
  );
  if (hidden?.problem && location.kind !== 'address') return mayBeIn(hidden.problem, location);
  switch (location.kind) {
    case 'line':
      return explainMissingLine(location, modules, sourceMap, program);
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

function notLoaded(module: string): SidestepError {
  return new SidestepError('unknown-name', `no module ${module} is loaded`);
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
  const what =
    location.kind === 'line' ? location.file : location.kind === 'function' ? location.name : location.module;
  return new SidestepError('file-unreadable', `no readable file has ${what}, and one file can't be read: ${message}`, {
    ...(place && { place }),
    ...(advice !== undefined && { advice }),
  });
}

function didYouMean(names: readonly string[]): { advice?: string } {
  return names.length === 0 ? {} : { advice: `Did you mean ${names.join(' or ')}?` };
}

function explainMissingLine(
  { file, line }: Extract<ProbeLocation, { kind: 'line' }>,
  modules: readonly Module[],
  sourceMap: SourceMap,
  program: Module | undefined,
): SidestepError {
  if (findSources(file, modules, sourceMap).length > 0) {
    return new SidestepError('no-code', `${file} has no code at line ${line} or just below`, {
      advice: 'Choose a line in a function that is used: compilers leave out what is never called.',
    });
  }
  if (program?.readableImage?.hasDebugInfo === false) {
    return new SidestepError('unknown-file', `${program.path} has no debug information`, {
      advice: 'Compile it with -g or install its debug symbols; probes on function names work without.',
    });
  }
  const similar = similarFiles(file, listSources(modules, sourceMap));
  return new SidestepError('unknown-file', `no loaded module was compiled from ${file}`, { ...didYouMean(similar) });
}
