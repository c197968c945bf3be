/**
 * What a pattern of names means in one file: every function with code whose name it matches, each with all its inlined
 * copies, in debug information and among the symbols of what was compiled without.
 */
import { SidestepError } from '../base/errors';
import { ifWellFormed } from './dwarf/debugInfo';
import { type Entry } from './dwarf/entry';
import { AT, TAG } from './dwarf/constants';
import { readableName } from './elf/readableName';
import { type ElfSymbol } from './elf/symbolTable';
import { type Symbols, withoutReserved } from './elf/symbols';
import { type FunctionFinder } from './functionFinder';
import { type ProbePlace } from './model/model';
import { type NamePattern } from './names/namePattern';
import { tooMany } from './names/tooMany';
import { entryAddress } from './symbols/blocks';
import { codeOf, enteredOf, functionsMatching } from './symbols/functionInstances';
import { linkageNameOf, qualifiedNameOf } from './symbols/names';
import { bestOf, instancePlaces } from './symbols/places';
import { type Program } from './symbols/program';

/** What was found, and why functions that match have no place. */
export interface MatchedPlaces {
  readonly places: readonly ProbePlace[];
  readonly errors: readonly SidestepError[];
  /** Names of functions that match too, but were inlined everywhere. */
  readonly inlinedOnly: readonly string[];
}

/** How many patterns' places are remembered. */
const MAX_REMEMBERED = 16;

/** What GCC put aside of a function as unlikely, which is never called, and what it outlined, which may be. */
const COLD = /\.cold(\.\d+)?$/;
const OUTLINED = /\.part\.\d+/;

export class PatternFinder {
  readonly #symbols: Symbols;
  readonly #program: Program;
  readonly #finder: FunctionFinder;
  /** What was found last: several processes may run the file, and a program is searched before it starts. */
  readonly #found = new Map<string, MatchedPlaces>();

  constructor(symbols: Symbols, program: Program, finder: FunctionFinder) {
    this.#symbols = symbols;
    this.#program = program;
    this.#finder = finder;
  }

  /** Whether a function's symbol matches: a cheap test, without debug information. */
  mayMatch(pattern: NamePattern): boolean {
    for (const symbol of this.#symbols.functions()) if (isMatch(pattern, symbol)) return true;
    for (const symbol of this.#symbols.indirectFunctions()) if (isMatch(pattern, symbol)) return true;
    return false;
  }

  /**
   * The places of the functions that match, in address order; of several with one place, each function's. Throws
   * `too-many` when there are more than `most`.
   */
  find(pattern: NamePattern, most: number): MatchedPlaces {
    let found = this.#found.get(pattern.text);
    if (!found) {
      found = this.#search(pattern, most);
      if (this.#found.size >= MAX_REMEMBERED) this.#found.clear();
      this.#found.set(pattern.text, found);
    }
    if (found.places.length > most) throw tooMany(`${pattern.text} matches ${found.places.length} places`, most);
    return found;
  }

  #search(pattern: NamePattern, most: number): MatchedPlaces {
    const symbols = byAddress(this.#symbols.functions(), pattern);
    // Debug information takes longer to search.
    if (symbols.size > most) throw tooMany(`${pattern.text} matches ${symbols.size} functions`, most);
    const indirect = byAddress(this.#symbols.indirectFunctions(), pattern);
    const found = new Found(pattern, most);
    const instances = codeOf(this.#program, functionsMatching(this.#program, pattern));
    const { whole, inlinedOnly } = withCodeOfTheirOwn(instances);
    for (const instance of enteredOf(this.#program, whole)) {
      if (!indirect.has(entryAddress(instance) ?? -1)) found.take(() => instancePlaces(this.#program, instance));
    }
    const known = new Set(whole.flatMap((entry) => (entry.tag === TAG.subprogram ? (entryAddress(entry) ?? []) : [])));
    const names = new Set([...symbols.values()].map(({ name }) => name));
    for (const symbol of symbols.values()) {
      const isElsewhere = known.has(symbol.address) || indirect.has(symbol.address);
      if (isElsewhere || !this.#isCalled(symbol, names)) continue;
      found.take(() => this.#finder.symbolPlaces(symbol));
    }
    for (const symbol of indirect.values()) found.take(() => this.#finder.implementations(symbol, symbol.name));
    return { places: found.places, errors: found.errors, inlinedOnly };
  }

  /** Whether the symbol is a function's entry, not a part of one that its beginning leads to. */
  #isCalled({ address, name }: ElfSymbol, names: ReadonlySet<string>): boolean {
    const around = ifWellFormed(() => this.#program.functionAt(address));
    if (around && entryAddress(around) !== address) return false;
    return !COLD.test(name) && !(OUTLINED.test(name) && names.has(name.replace(OUTLINED, '')));
  }
}

/** Places as they come in, each once for each function. */
class Found {
  readonly errors: SidestepError[] = [];
  readonly #pattern: NamePattern;
  readonly #most: number;
  readonly #places = new Map<string, ProbePlace>();

  constructor(pattern: NamePattern, most: number) {
    this.#pattern = pattern;
    this.#most = most;
  }

  get places(): readonly ProbePlace[] {
    return [...this.#places.values()].sort((a, b) => Number(bestOf(a) - bestOf(b)));
  }

  /** A function that can't be placed does not hide the others. */
  take(find: () => readonly ProbePlace[]): void {
    try {
      for (const place of find()) this.#add(place);
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      if (error.code === 'too-many') throw error;
      this.errors.push(error);
    }
  }

  #add(place: ProbePlace): void {
    const key = `${bestOf(place)} ${place.function ?? ''}`;
    if (this.#places.has(key)) return;
    if (this.#places.size === this.#most)
      throw tooMany(`${this.#pattern.text} matches functions at more than ${this.#most} places`, this.#most);
    this.#places.set(key, place);
  }
}

/**
 * Entries of functions that have code of their own somewhere, copies included, and the names of the others. Those are
 * accessors and macros in the form of functions, with thousands of copies in the code of all others: whoever writes a
 * pattern seldom means them.
 */
function withCodeOfTheirOwn(instances: readonly Entry[]): {
  readonly whole: readonly Entry[];
  readonly inlinedOnly: readonly string[];
} {
  const functions = new Map<string, Entry[]>();
  const names = new Map<number, string>();
  for (const entry of instances) {
    const name = identityOf(entry, names);
    const known = functions.get(name);
    if (known) known.push(entry);
    else functions.set(name, [entry]);
  }
  const isWhole = (entries: readonly Entry[]): boolean => entries.some(({ tag }) => tag === TAG.subprogram);
  const groups = [...functions.values()];
  const inlined = groups.flatMap((entries) => (isWhole(entries) ? [] : (entries[0] ?? [])));
  return {
    whole: groups.filter(isWhole).flat(),
    inlinedOnly: [...new Set(inlined.map((entry) => qualifiedNameOf(entry) ?? ''))].sort(),
  };
}

/** The same for all instances of a function, whichever units they are in. `known`: by the entry that they complete. */
function identityOf(entry: Entry, known: Map<number, string>): string {
  const origin = entry.reference(AT.abstract_origin) ?? entry;
  let identity = known.get(origin.key);
  if (identity === undefined) {
    identity = linkageNameOf(origin) ?? qualifiedNameOf(origin) ?? '';
    known.set(origin.key, identity);
  }
  return identity;
}

/** One symbol for each address, in their order. */
function byAddress(symbols: Iterable<ElfSymbol>, pattern: NamePattern): ReadonlyMap<number, ElfSymbol> {
  const found = new Map<number, ElfSymbol>();
  for (const symbol of symbols) {
    if (!found.has(symbol.address) && isMatch(pattern, symbol)) found.set(symbol.address, symbol);
  }
  return found;
}

/** As the symbol spells it or as its source does. */
function isMatch(pattern: NamePattern, { name }: ElfSymbol): boolean {
  if (pattern.matches(name)) return true;
  const readable = readableName(name);
  return readable !== undefined && (pattern.matches(readable) || pattern.matches(withoutReserved(readable)));
}
