/**
 * .symtab and .dynsym (gABI, chapter 4, "Symbol Table"). A table stays the bytes it is: symbols are looked at when
 * asked for, and only their order by address and lists by name are kept.
 */
import { assertExists } from '../../base/assert';
import { partitionPoint } from '../../base/binarySearch';
import { StringTable } from '../../base/stringTable';
import { type ElfFile } from './elfFile';
import { SHT } from './header';

const SYMBOL_SIZE = 24;
const SHN_UNDEF = 0;
const SHN_ABS = 0xfff1;
const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, TLS: 6, GNU_IFUNC: 10 } as const;
const STB_LOCAL = 0;

/**
 * Of the symbols at one address, at most this many are examined, the last ones. Real programs have a few; the bound
 * keeps a malicious table from costing the square of its size.
 */
const MAX_ALIASES = 256;

export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  /** Bytes; 0 if unknown. */
  readonly size: number;
  readonly kind: 'function' | 'object' | 'threadLocal' | 'indirectFunction' | 'other';
  readonly local: boolean;
}

const KINDS = new Map<number, ElfSymbol['kind']>([
  [STT.FUNC, 'function'],
  [STT.OBJECT, 'object'],
  [STT.TLS, 'threadLocal'],
  [STT.GNU_IFUNC, 'indirectFunction'],
]);

/** Lists of symbols' indices: where each starts, and what comes after each; 0, which is no symbol, ends them. */
interface NameChains {
  readonly heads: Uint32Array;
  readonly next: Uint32Array;
}

/** Bytes of a name that its list is told by: a table's names may all be one long string. */
const HASHED = 64;

export class SymbolTable {
  readonly #symbols: DataView;
  readonly #strings: StringTable;
  readonly #count: number;
  #byName: NameChains | undefined;
  /** Indices of functions, by address. */
  #functions: Uint32Array | undefined;
  /** Indices of symbols without a type. */
  #labels: readonly number[] | undefined;

  /** The file's table of this kind; undefined if it has none. */
  static of(file: ElfFile, section: '.symtab' | '.dynsym'): SymbolTable | undefined {
    const table = file.section(section);
    if (!table || table.type === SHT.NOBITS) return undefined;
    const bytes = assertExists(file.sectionBytes(section), 'symbol table');
    const strings = file.sections[table.link];
    const stringBytes =
      strings && strings.type === SHT.STRTAB
        ? file.read(strings.offset, strings.size, `the names of ${section}`)
        : undefined;
    return stringBytes && new SymbolTable(bytes, stringBytes, { file: file.path, section });
  }

  constructor(symbols: Uint8Array, strings: Uint8Array, origin: { readonly file: string; readonly section: string }) {
    this.#symbols = new DataView(symbols.buffer, symbols.byteOffset, symbols.byteLength);
    this.#strings = new StringTable(strings, { ...origin, section: `the names of ${origin.section}` });
    this.#count = Math.floor(symbols.length / SYMBOL_SIZE);
  }

  /** Defined symbols of this name. */
  *named(name: string): IterableIterator<ElfSymbol> {
    const wanted = Buffer.from(`${name}\0`);
    const { heads, next } = (this.#byName ??= this.#chainByName());
    const strings = this.#strings.bytes;
    for (let index = heads[nameHash(wanted, 0) & (heads.length - 1)]!; index !== 0; index = next[index]!) {
      if (!this.#isDefined(index)) continue;
      const at = this.#nameOffset(index);
      const end = at + wanted.length;
      if (end <= strings.length && wanted.compare(strings, at, end) === 0) yield this.#symbol(index, name);
    }
  }

  /** All symbols by the start of their names, ascending: thousands of names may be asked for. */
  #chainByName(): NameChains {
    const heads = new Uint32Array(2 ** Math.ceil(Math.log2(this.#count + 1)));
    const next = new Uint32Array(this.#count + 1);
    const { bytes } = this.#strings;
    for (let index = this.#count - 1; index > 0; index--) {
      const bucket = nameHash(bytes, this.#nameOffset(index)) & (heads.length - 1);
      next[index] = heads[bucket]!;
      heads[bucket] = index;
    }
    return { heads, next };
  }

  /** The function symbol that holds `address`: the nearest at or below it, unless its size says that it ends before. */
  functionAt(address: number): ElfSymbol | undefined {
    const order = (this.#functions ??= this.#sortFunctions());
    const low = partitionPoint(order.length, (index) => this.#address(order[index]!) <= address);
    if (low === 0) return undefined;
    const start = this.#address(order[low - 1]!);
    // Of several symbols at one address, a global name is the better known.
    let best: ElfSymbol | undefined;
    for (let i = low - 1; i >= Math.max(0, low - MAX_ALIASES) && this.#address(order[i]!) === start; i--) {
      const symbol = this.#symbol(order[i]!);
      if (symbol.size > 0 && address >= start + symbol.size) continue;
      if (!best || (best.local && !symbol.local)) best = symbol;
    }
    return best;
  }

  /** The functions that begin at `address`. */
  functionsAt(address: number): ElfSymbol[] {
    const order = (this.#functions ??= this.#sortFunctions());
    let low = partitionPoint(order.length, (index) => this.#address(order[index]!) < address);
    const found: ElfSymbol[] = [];
    for (; low < order.length && this.#address(order[low]!) === address; low++) found.push(this.#symbol(order[low]!));
    return found;
  }

  /** Defined functions whose address a resolver chooses. */
  *indirectFunctions(): IterableIterator<ElfSymbol> {
    for (let index = 1; index < this.#count; index++) {
      if ((this.#info(index) & 0xf) === STT.GNU_IFUNC && this.#isDefined(index)) yield this.#symbol(index);
    }
  }

  /**
   * The nearest symbol without a type at or below `address`: assemblers give code no type unless asked to. Names that
   * begin with a dot are made by tools.
   */
  labelAt(address: number): ElfSymbol | undefined {
    let best: ElfSymbol | undefined;
    for (const index of (this.#labels ??= this.#findLabels())) {
      const start = this.#address(index);
      if (start > address || (best && start <= best.address)) continue;
      const symbol = this.#symbol(index);
      if (symbol.name !== '' && !symbol.name.startsWith('.')) best = symbol;
    }
    return best;
  }

  #findLabels(): readonly number[] {
    const indices: number[] = [];
    for (let index = 1; index < this.#count; index++) {
      if ((this.#info(index) & 0xf) === STT.NOTYPE && this.#isDefined(index)) indices.push(index);
    }
    return indices;
  }

  /** Defined functions, in address order. */
  *functions(): IterableIterator<ElfSymbol> {
    this.#functions ??= this.#sortFunctions();
    for (const index of this.#functions) yield this.#symbol(index);
  }

  #sortFunctions(): Uint32Array {
    const indices: number[] = [];
    for (let index = 1; index < this.#count; index++) {
      if ((this.#info(index) & 0xf) === STT.FUNC && this.#isDefined(index)) indices.push(index);
    }
    return Uint32Array.from(indices.sort((a, b) => this.#address(a) - this.#address(b)));
  }

  #symbol(index: number, name = this.#name(index)): ElfSymbol {
    const info = this.#info(index);
    return {
      name,
      address: this.#address(index),
      size: Number(this.#symbols.getBigUint64(index * SYMBOL_SIZE + 16, true)),
      kind: KINDS.get(info & 0xf) ?? 'other',
      local: info >> 4 === STB_LOCAL,
    };
  }

  #name(index: number): string {
    return this.#strings.at(this.#nameOffset(index));
  }

  #nameOffset(index: number): number {
    return this.#symbols.getUint32(index * SYMBOL_SIZE, true);
  }

  #info(index: number): number {
    return this.#symbols.getUint8(index * SYMBOL_SIZE + 4);
  }

  #isDefined(index: number): boolean {
    const section = this.#symbols.getUint16(index * SYMBOL_SIZE + 6, true);
    return section !== SHN_UNDEF && section !== SHN_ABS;
  }

  #address(index: number): number {
    const at = index * SYMBOL_SIZE + 8;
    return this.#symbols.getUint32(at, true) + this.#symbols.getUint32(at + 4, true) * 0x1_0000_0000;
  }
}

/** FNV-1a of the beginning of the NUL-terminated name at `start`, with its bits spread. */
function nameHash(bytes: Uint8Array, start: number): number {
  let hash = 0x811c9dc5;
  const end = Math.min(bytes.length, start + HASHED);
  for (let at = start; at < end && bytes[at] !== 0; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
