/**
 * Variables that modules share by name. One that another module defines is known here by the word that the dynamic
 * linker writes its address to; and so is one of the library's own that others can see: the program's code reaches it
 * through that word, because an equal name in a module that was loaded before takes its place (a program has a copy of
 * each library's variable that it uses without such a word: R_X86_64_COPY).
 */
import { type LinkAddress } from '../../base/address';
import { type ThreadBlock } from '../model/model';
import { R_X86_64, type RelocatedWords, STT } from './relocatedWords';
import { variableBlock } from './threadLocal';

/** What the words say, by the names of symbols that others define and by the values of the library's own. */
interface Words<Place> {
  readonly imported: Map<string, Place>;
  readonly own: Map<bigint, Place>;
}

export class LinkedSymbols {
  readonly #words: RelocatedWords;
  readonly #isProgram: boolean;
  #read: { readonly data: Words<LinkAddress>; readonly threadLocal: Words<ThreadBlock> } | undefined;

  /** `isProgram`: nothing takes the place of what it defines itself, it is what is looked at first. */
  constructor(words: RelocatedWords, isProgram: boolean) {
    this.#words = words;
    this.#isProgram = isProgram;
  }

  importedData(name: string): LinkAddress | undefined {
    return this.#all().data.imported.get(name);
  }

  ownData(address: LinkAddress): LinkAddress | undefined {
    return this.#isProgram ? undefined : this.#all().data.own.get(address);
  }

  importedThreadLocal(name: string): ThreadBlock | undefined {
    return this.#all().threadLocal.imported.get(name);
  }

  ownThreadLocal(offset: bigint): ThreadBlock | undefined {
    return this.#isProgram ? undefined : this.#all().threadLocal.own.get(offset);
  }

  #all() {
    return (this.#read ??= this.#readAll());
  }

  #readAll() {
    const data: Words<LinkAddress> = { imported: new Map(), own: new Map() };
    const threadLocal: Words<ThreadBlock> = { imported: new Map(), own: new Map() };
    for (const relocation of this.#words.relocations()) {
      const symbol = relocation.symbol === 0 ? undefined : this.#words.symbol(relocation.symbol);
      if (!symbol) continue;
      if (relocation.type === R_X86_64.GLOB_DAT) {
        // Other symbols at the address of a variable (where a section begins or ends) are not the variable.
        if (!symbol.isDefined) data.imported.set(symbol.name, relocation.slot);
        else if (symbol.type === STT.OBJECT) data.own.set(symbol.value, relocation.slot);
        continue;
      }
      const block = symbol.type === STT.TLS ? variableBlock(this.#words, relocation) : undefined;
      if (block === undefined) continue;
      if (!symbol.isDefined) threadLocal.imported.set(symbol.name, block);
      else threadLocal.own.set(symbol.value, block);
    }
    return { data, threadLocal };
  }
}
