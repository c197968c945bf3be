/**
 * The words of a program or library that the dynamic linker writes (gABI, chapter 5, "Relocation"; the psABI's
 * relocations, table 4.10): what it knows of symbols stands there when the program runs.
 */
import { ByteReader } from '../../base/byteReader';
import { type LinkAddress, linkAddress } from '../../base/address';
import { dynamicEntries } from './dynamic';
import { type ElfFile } from './elfFile';
import { PT } from './header';

const DT = { NEEDED: 1n, PLTRELSZ: 2n, STRTAB: 5n, SYMTAB: 6n, RELA: 7n, RELASZ: 8n, STRSZ: 10n, JMPREL: 23n } as const;
const RELA_BYTES = 24;
/** Of r_info in Elf64_Rela: most relocations are of other types, and nothing else is read of them. */
const TYPE_AT = 8;
const SYMBOL_BYTES = 24;
const SHN_UNDEF = 0;

export const R_X86_64 = { GLOB_DAT: 6, DTPMOD64: 16, DTPOFF64: 17, TPOFF64: 18, TLSDESC: 36 } as const;
export const STT = { OBJECT: 1, TLS: 6 } as const;

/** Bytes of a symbol's name; longer ones are nobody's. */
const MAX_NAME = 1 << 16;

export interface Relocation {
  /** The first word that it writes. */
  readonly slot: LinkAddress;
  readonly type: number;
  /** Number of the symbol; 0: it is about the module itself. */
  readonly symbol: number;
  readonly addend: bigint;
  /** Where the relocation's own entry is. */
  readonly entry: LinkAddress;
}

export interface DynamicSymbol {
  readonly name: string;
  readonly value: bigint;
  readonly type: number;
  /** Whether this file defines it. */
  readonly isDefined: boolean;
}

export class RelocatedWords {
  readonly #file: ElfFile;
  readonly #dynamic = new Map<bigint, bigint>();
  readonly #needed: bigint[] = [];
  #strings: Uint8Array | undefined;

  constructor(file: ElfFile) {
    this.#file = file;
    for (const [tag, value] of dynamicEntries(file)) {
      if (tag === DT.NEEDED) this.#needed.push(value);
      else this.#dynamic.set(tag, value);
    }
  }

  /** Those of the types that {@link R_X86_64} names. */
  *relocations(): IterableIterator<Relocation> {
    const tables = [
      [DT.RELA, DT.RELASZ],
      [DT.JMPREL, DT.PLTRELSZ],
    ] as const;
    for (const [start, size] of tables) yield* this.#table(this.#value(start), this.#value(size));
  }

  *#table(start: bigint, size: bigint): IterableIterator<Relocation> {
    const bytes = this.#bytes(start, size);
    if (!bytes) return;
    const reader = new ByteReader(bytes, { file: this.#file.path, section: 'the relocations' });
    while (reader.end - reader.offset >= RELA_BYTES) {
      const entry = linkAddress(start + BigInt(reader.offset));
      const next = reader.offset + RELA_BYTES;
      reader.offset += TYPE_AT;
      const type = reader.u32();
      if (TYPES.has(type)) {
        const symbol = reader.u32();
        const addend = BigInt.asIntN(64, reader.u64());
        reader.offset = next - RELA_BYTES;
        yield { slot: linkAddress(reader.u64()), type, symbol, addend, entry };
      }
      reader.offset = next;
    }
  }

  symbol(index: number): DynamicSymbol | undefined {
    const bytes = this.#bytes(this.#value(DT.SYMTAB) + BigInt(index * SYMBOL_BYTES), BigInt(SYMBOL_BYTES));
    if (!bytes) return undefined;
    const reader = new ByteReader(bytes, { file: this.#file.path, section: 'the dynamic symbols' });
    const name = this.#name(BigInt(reader.u32()));
    const type = reader.u8() & 0xf;
    reader.offset += 1;
    const isDefined = reader.u16() !== SHN_UNDEF;
    return { name, value: reader.u64(), type, isDefined };
  }

  /** Names of the libraries that it needs. */
  needed(): readonly string[] {
    return this.#needed.map((at) => this.#name(at));
  }

  #value(tag: bigint): bigint {
    return this.#dynamic.get(tag) ?? 0n;
  }

  #name(at: bigint): string {
    this.#strings ??= this.#bytes(this.#value(DT.STRTAB), this.#value(DT.STRSZ)) ?? new Uint8Array(0);
    const start = Number(at);
    const end = this.#strings.subarray(start, start + MAX_NAME).indexOf(0);
    return end < 0 ? '' : Buffer.from(this.#strings.subarray(start, start + end)).toString('utf8');
  }

  /** Bytes by their link-time address; undefined where the file has none there. */
  #bytes(start: bigint, size: bigint): Uint8Array | undefined {
    const [address, length] = [Number(start), Number(size)];
    if (length === 0) return undefined;
    const segment = this.#file.segments.find(
      (each) => each.type === PT.LOAD && address >= each.address && address + length <= each.address + each.fileSize,
    );
    const at = segment && segment.offset + address - segment.address;
    return at === undefined || at + length > this.#file.size
      ? undefined
      : this.#file.read(at, length, 'the dynamic section');
  }
}

const TYPES: ReadonlySet<number> = new Set(Object.values(R_X86_64));
