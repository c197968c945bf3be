/** What the search for a location's places works with, and what it gives. */
import { type Address } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { type FrameKey, type Leaving, type ProbePlace, type SourceLine } from '../../debuginfo/model/model';
import { similarFiles } from '../../debuginfo/names/similarity';
import { type Module } from '../code/module';
import { pathPattern } from '../code/pathPattern';
import { type SourceMap } from '../code/sourceMap';
import { listSources } from '../code/sources';

/** One place in one process. */
export interface FoundPlace {
  /** Undefined for code that belongs to no file. */
  readonly module: Module | undefined;
  /** Addresses that serve, best first; never empty. */
  readonly candidates: readonly Address[];
  /** The start of the function, where the user chose an address in it: that address may be no instruction's start. */
  readonly from?: Address;
  readonly line: SourceLine | undefined;
  /** Where an inlined function starts, the address alone does not say which function is meant. */
  readonly function: string | undefined;
  /** Why hits there may be more or fewer than what is meant. */
  readonly doubt?: string;
  /** Where a function returns. */
  readonly leaving?: Leaving;
  /** Which copy of the function returns there, among all of the process. */
  readonly copy?: string;
}

/** Where a copy of a function is entered. */
export interface FoundEntry {
  readonly module: Module;
  readonly address: Address;
  readonly copy: string;
  readonly frame: FrameKey;
}

/** The result of the search in some modules: places, or why there are none. */
export interface Search {
  readonly places: readonly FoundPlace[];
  /** The line that the places stand for, when it was a line that was looked for. */
  readonly line?: number;
  /** Of a function's returns: where it is entered. */
  readonly entries?: readonly FoundEntry[];
  /** Why there may be more or fewer hits than what is meant, wherever the places are. */
  readonly doubts?: readonly string[];
  /** What was wrong in modules that were searched. */
  readonly errors: readonly SidestepError[];
  /** Of a pattern: why functions that it matches have no place. */
  readonly refused?: readonly SidestepError[];
  /** Of a pattern: names that it matches, but does not mean, because the compiler left no function of them. */
  readonly inlinedOnly?: readonly string[];
}

/** `libc.so.6`, `libc` or the whole path; `*` in it is any characters of a component. */
export function isNamed(module: Module, name: string): boolean {
  if (name.includes('*')) {
    return pathPattern(name, '^', '(?:\\.so.*)?$').test(name.includes('/') ? module.path : module.name);
  }
  return module.name === name || module.path === name || module.name.startsWith(`${name}.so`);
}

const DYNAMIC_LINKER = /^ld(-linux.*|-[0-9.]+)\.so/;

export function isDynamicLinker(module: Module): boolean {
  return !module.isProgram && DYNAMIC_LINKER.test(module.name);
}

export function inModule(module: Module, place: ProbePlace): FoundPlace {
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
export function searchEach(
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

/** The advice that names what is near. */
export function didYouMean(names: readonly string[]): { advice?: string } {
  return names.length === 0 ? {} : { advice: `Did you mean ${names.join(' or ')}?` };
}

export function notLoaded(module: string): SidestepError {
  return new SidestepError('unknown-name', `no module ${module} is loaded`);
}

/** Why no module has code of a file. */
export function explainNoFile(file: string, modules: readonly Module[], sourceMap: SourceMap): SidestepError {
  const program = modules.find((module) => module.isProgram);
  if (program?.readableImage?.hasDebugInfo === false) {
    return new SidestepError('unknown-file', `${program.path} has no debug information`, {
      advice: 'Compile it with -g or install its debug symbols; probes on function names work without.',
    });
  }
  const similar = similarFiles(file, listSources(modules, sourceMap));
  return new SidestepError('unknown-file', `no loaded module was compiled from ${file}`, { ...didYouMean(similar) });
}
