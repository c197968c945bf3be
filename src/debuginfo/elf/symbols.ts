/** All symbols of a program: .symtab of it or of its debug file, and .dynsym, which stripped programs keep. */
import { Once } from '../../base/once';
import { type ElfFile } from './elfFile';
import { readableName } from './readableName';
import { type ElfSection, SHF_EXECINSTR } from './header';
import { type ElfSymbol, SymbolTable } from './symbolTable';

export class Symbols {
  readonly #files: Once<readonly ElfFile[]>;
  #tables: readonly SymbolTable[] | undefined;

  /** `files`: gives the program and, if there is one, the file with the rest of its symbols. */
  constructor(files: () => readonly ElfFile[]) {
    this.#files = new Once(files);
  }

  /** Whether symbols tell all functions, not only those that others may call. */
  get hasAll(): boolean {
    return this.#files.value.some((file) => SymbolTable.of(file, '.symtab') !== undefined);
  }

  /** Defined symbols of this name, without repetition. */
  named(name: string): ElfSymbol[] {
    const found = new Map<number, ElfSymbol>();
    for (const table of this.#all()) {
      for (const symbol of table.named(name)) if (!found.has(symbol.address)) found.set(symbol.address, symbol);
    }
    return [...found.values()];
  }

  /**
   * Functions of this name, as the symbol spells it or as its source does: whole or from the start of a component,
   * inline namespaces left out or not. Symbols without a type, as assemblers make them, only when there is no other.
   */
  functionsMeant(name: string): ElfSymbol[] {
    const named = this.named(name);
    for (const kinds of EXACT) {
      const exact = named.filter(({ kind }) => kinds.has(kind));
      if (exact.length > 0) return exact;
    }
    const found = new Map<number, ElfSymbol>();
    for (const symbol of this.functions()) {
      const readable = readableName(symbol.name);
      if (readable === undefined) continue;
      const isMeant = [readable, withoutReserved(readable)].some((each) => each === name || each.endsWith(`::${name}`));
      if (isMeant) found.set(symbol.address, symbol);
    }
    return [...found.values()];
  }

  /** All functions of this exact address, whatever their names. */
  at(address: number): ElfSymbol[] {
    return this.#all().flatMap((table) => table.functionsAt(address));
  }

  *indirectFunctions(): IterableIterator<ElfSymbol> {
    for (const table of this.#all()) yield* table.indirectFunctions();
  }

  /** The function that holds an address; where none says that it does, the nearest symbol that may be one. */
  functionAt(address: number): ElfSymbol | undefined {
    let nearest: ElfSymbol | undefined;
    for (const table of this.#all()) {
      const symbol = table.functionAt(address);
      if (symbol && symbol.size > 0) return symbol;
      nearest ??= symbol;
    }
    for (const table of this.#all()) {
      const label = table.labelAt(address);
      const isNearer = label && label.address > (nearest?.address ?? -1);
      if (isNearer && this.#sectionAt(label.address) === this.#sectionAt(address)) nearest = label;
    }
    return nearest;
  }

  #sectionAt(address: number): ElfSection | undefined {
    return this.#files.value
      .at(-1)
      ?.sections.find(
        ({ flags, address: start, size }) =>
          (flags & SHF_EXECINSTR) !== 0 && address >= start && address < start + size,
      );
  }

  *functions(): IterableIterator<ElfSymbol> {
    for (const table of this.#all()) yield* table.functions();
  }

  #all(): readonly SymbolTable[] {
    // .symtab first: it has what .dynsym has, and local symbols.
    this.#tables ??= (['.symtab', '.dynsym'] as const).flatMap((section) =>
      this.#files.value.flatMap((file) => SymbolTable.of(file, section) ?? []),
    );
    return this.#tables;
  }
}

const EXACT: readonly ReadonlySet<ElfSymbol['kind']>[] = [new Set(['function']), new Set(['other'])];

/** Without inline namespaces of implementations (`std::__cxx11`, `std::__1`) and anonymous ones. */
export function withoutReserved(name: string): string {
  return name
    .split('::')
    .filter((part, index, { length }) => index === length - 1 || !/^(__|_GLOBAL__N)/.test(part))
    .join('::');
}
