/**
 * What a function's name means in one file: functions that debug information describes and their inlined copies;
 * symbols of files that were compiled without; what the loader picks for an indirect function; a function whose code a
 * linker folded into an equal one.
 */
import { linkAddress } from '../base/address';
import { type FlowInstruction } from '../base/controlFlow';
import { SidestepError } from '../base/errors';
import { type ElfFile } from './elf/elfFile';
import { readableName } from './elf/readableName';
import { readSlots } from './elf/relocations';
import { type ElfSymbol } from './elf/symbolTable';
import { type Symbols } from './elf/symbols';
import { type ProbePlace } from './model/model';
import { entryAddress } from './symbols/blocks';
import { findFolded } from './symbols/folded';
import { implementationsOf } from './symbols/implementations';
import { linkageNameOf, nameOf, qualifiedNameOf } from './symbols/names';
import { bestOf, functionPlaces, instancePlaces } from './symbols/places';
import { type Program } from './symbols/program';

/** What is written after an indirect function's name to mean its resolver. */
const RESOLVER = '@resolver';

/** More names are not listed. */
const MAX_NAMES = 3;

/** Where calls of what may lie elsewhere go by: no functions. */
const PROCEDURE_LINKAGE = ['.plt', '.plt.got', '.plt.sec', '.iplt'];

export class FunctionFinder {
  readonly #file: ElfFile;
  readonly #symbols: Symbols;
  readonly #program: Program;
  /** By name: a session asks what a probe would need before it sets it, and again for every process. */
  readonly #found = new Map<string, readonly ProbePlace[]>();
  #slots: ReadonlyMap<number, number> | undefined;
  #indirect: readonly ElfSymbol[] | undefined;
  /** What {@link implementationsOf} found, by resolver. */
  readonly #chosen = new Map<number, readonly number[]>();

  constructor(file: ElfFile, symbols: Symbols, program: Program) {
    this.#file = file;
    this.#symbols = symbols;
    this.#program = program;
  }

  /**
   * Where the functions of this name, qualified or not, are entered. Throws when nothing tells what an indirect
   * function runs.
   */
  find(name: string): readonly ProbePlace[] {
    let found = this.#found.get(name);
    if (!found) {
      found = this.#search(name);
      this.#found.set(name, found);
    }
    return found;
  }

  #search(name: string): readonly ProbePlace[] {
    if (name.endsWith(RESOLVER)) return this.#resolvers(name.slice(0, -RESOLVER.length));
    const indirect = this.#indirectNamed(name);
    const resolvers = new Set(indirect.map(({ address }) => address));
    const places = new Map<bigint, ProbePlace>();
    const add = (found: readonly ProbePlace[]): void => {
      for (const place of found) if (!places.has(bestOf(place))) places.set(bestOf(place), place);
    };
    add(functionPlaces(this.#program, name).filter((place) => !resolvers.has(this.#entryOf(place))));
    for (const symbol of indirect) add(this.implementations(symbol, name));
    // Aliases, and functions of files that were compiled without debug information.
    const symbols = places.size > 0 ? this.#symbols.named(name) : this.#symbols.functionsMeant(name);
    const [exact] = symbols.filter(({ kind }) => kind === 'function');
    for (const symbol of symbols) {
      const isFunction = symbol.kind === 'function' || (symbol.kind === 'other' && !exact && places.size === 0);
      if (isFunction && !resolvers.has(symbol.address)) add(this.symbolPlaces(symbol));
    }
    return [...places.values()];
  }

  #entryOf(place: ProbePlace): number {
    const address = Number(bestOf(place));
    const known = this.#program.functionAt(address);
    return (known && entryAddress(known)) ?? address;
  }

  #resolvers(name: string): readonly ProbePlace[] {
    return this.#indirectNamed(name).map(({ address }) => ({
      candidates: [linkAddress(address)],
      function: `${name}${RESOLVER}`,
      line: undefined,
    }));
  }

  #indirectNamed(name: string): readonly ElfSymbol[] {
    const exact = this.#symbols.named(name).filter(({ kind }) => kind === 'indirectFunction');
    if (exact.length > 0) return exact;
    return this.#indirectFunctions().filter((symbol) => {
      const readable = readableName(symbol.name);
      return readable !== undefined && (readable === name || readable.endsWith(`::${name}`));
    });
  }

  /** One symbol for each resolver and name. */
  #indirectFunctions(): readonly ElfSymbol[] {
    if (!this.#indirect) {
      const found = [...this.#symbols.indirectFunctions()];
      this.#indirect = [...new Map(found.map((symbol) => [`${symbol.name} ${symbol.address}`, symbol])).values()];
    }
    return this.#indirect;
  }

  /**
   * The places of the functions that the loader may pick for an indirect one. Throws `unknown-function` when nothing
   * tells which those are.
   */
  implementations(symbol: ElfSymbol, name: string): readonly ProbePlace[] {
    const found = this.#chosenFrom(symbol.address);
    if (found.length === 0) {
      throw new SidestepError(
        'unknown-function',
        `the loader picks the function that ${name} means, and its resolver in ${this.#file.path} does not show from which ones`,
        {
          place: { file: this.#file.path },
          advice: `Name the function that the loader picks, or write ${name}${RESOLVER} for the resolver.`,
        },
      );
    }
    const doubt = this.#sharing(symbol, new Set(found));
    return found
      .flatMap((address) => this.#placesAt(address, name))
      .map((place) => (doubt === undefined ? place : { ...place, doubt }));
  }

  #chosenFrom(resolver: number): readonly number[] {
    let chosen = this.#chosen.get(resolver);
    if (!chosen) {
      chosen = this.#readResolver(resolver);
      this.#chosen.set(resolver, chosen);
    }
    return chosen;
  }

  #readResolver(resolver: number): readonly number[] {
    const { facts } = this.#program;
    return implementationsOf(resolver, {
      functionAt: (address) => this.#instructionsOf(address),
      slot: (address) => (this.#slots ??= readSlots(this.#file)).get(address),
      isFunction: (address) =>
        facts.isCode(address) &&
        (this.#symbols.at(address).length > 0 || !this.#symbols.hasAll) &&
        !this.#isPlt(address),
    });
  }

  #isPlt(address: number): boolean {
    return PROCEDURE_LINKAGE.some((name) => {
      const section = this.#file.section(name);
      return section !== undefined && address >= section.address && address < section.address + section.size;
    });
  }

  #instructionsOf(address: number): readonly FlowInstruction[] | undefined {
    const size = Math.max(0, ...this.#symbols.at(address).map((symbol) => symbol.size));
    return size === 0 ? undefined : this.#program.facts.instructions(address, address + size);
  }

  /** Whether another indirect function may run the same code. */
  #sharing({ address, name }: ElfSymbol, own: ReadonlySet<number>): string | undefined {
    const others = this.#indirectFunctions().filter(
      (other) => other.address !== address && this.#chosenFrom(other.address).some((each) => own.has(each)),
    );
    // Of several names, the one that programs use.
    const byResolver = new Map<number, string>();
    for (const other of others) {
      const known = byResolver.get(other.address);
      const plain = other.name.replace(/@.*$/, '');
      if (known === undefined || known.startsWith('_')) byResolver.set(other.address, plain);
    }
    const names = [...new Set(byResolver.values())].filter((other) => other !== name);
    if (names.length === 0) return undefined;
    const listed = names.slice(0, MAX_NAMES).join(', ') + (names.length > MAX_NAMES ? ', …' : '');
    return `the same code serves ${listed}: their calls count too`;
  }

  /**
   * A function by its symbol: where debug information says, else its very entry; under the name of the one that is
   * meant.
   */
  symbolPlaces(symbol: ElfSymbol): readonly ProbePlace[] {
    const { facts } = this.#program;
    if (!facts.isCode(symbol.address)) return [];
    return this.#placesAt(symbol.address, symbol.name);
  }

  #placesAt(address: number, symbolName: string): readonly ProbePlace[] {
    const readable = readableName(symbolName) ?? symbolName;
    const known = this.#program.functionAt(address);
    const places = known && entryAddress(known) === address ? instancePlaces(this.#program, known) : [];
    if (!known || places.length === 0)
      return [{ candidates: [linkAddress(address)], function: this.#nameAt(address) ?? readable, line: undefined }];
    const names = [nameOf(known), linkageNameOf(known), qualifiedNameOf(known)];
    if (names.includes(symbolName) || names.includes(readable)) return places;
    const folded = findFolded(this.#program, readable, symbolName);
    if (folded === undefined) return places;
    const doubt = `the linker folded it with ${qualifiedNameOf(known) ?? 'another function'}: their calls count too`;
    return places.map((place) => ({ ...place, function: folded.name, line: folded.line, doubt }));
  }

  #nameAt(address: number): string | undefined {
    const [symbol] = this.#symbols.at(address);
    return symbol && (readableName(symbol.name) ?? symbol.name);
  }
}
