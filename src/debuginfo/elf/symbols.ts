/** All symbols of a program: .symtab of it or of its debug file, and .dynsym, which stripped programs keep. */
import { type ElfFile } from './elfFile';
import { readableName } from './readableName';
import { type ElfSymbol, SymbolTable } from './symbolTable';

export class Symbols {
  readonly #files: readonly ElfFile[];
  #tables: readonly SymbolTable[] | undefined;

  /** `files`: the program and, if there is one, its debug file. */
  constructor(files: readonly ElfFile[]) {
    this.#files = files;
  }

  /** Defined symbols of this name, without repetition. */
  named(name: string): ElfSymbol[] {
    const found = new Map<number, ElfSymbol>();
    for (const table of this.#all()) {
      for (const symbol of table.named(name)) if (!found.has(symbol.address)) found.set(symbol.address, symbol);
    }
    return [...found.values()];
  }

  /** Functions of this name, as the symbol spells it or as its source does: whole or from the start of a component. */
  functionsMeant(name: string): ElfSymbol[] {
    const exact = this.named(name).filter(({ kind }) => kind === 'function');
    if (exact.length > 0) return exact;
    const found = new Map<number, ElfSymbol>();
    for (const symbol of this.functions()) {
      const readable = readableName(symbol.name);
      if (readable === name || readable?.endsWith(`::${name}`)) found.set(symbol.address, symbol);
    }
    return [...found.values()];
  }

  functionAt(address: number): ElfSymbol | undefined {
    for (const table of this.#all()) {
      const symbol = table.functionAt(address);
      if (symbol) return symbol;
    }
    return undefined;
  }

  *functions(): IterableIterator<ElfSymbol> {
    for (const table of this.#all()) yield* table.functions();
  }

  #all(): readonly SymbolTable[] {
    // .symtab first: it has what .dynsym has, and local symbols.
    this.#tables ??= (['.symtab', '.dynsym'] as const).flatMap((section) =>
      this.#files.flatMap((file) => SymbolTable.of(file, section) ?? []),
    );
    return this.#tables;
  }
}
