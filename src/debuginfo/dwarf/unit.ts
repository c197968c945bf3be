/**
 * One unit of .debug_info or .debug_types (DWARF 5 §7.5.1): its header, the bases its indexed forms count from, its
 * entries.
 */
import { type ByteReader } from '../../base/byteReader';
import { type Abbreviations } from './abbreviations';
import { AT, TAG, UT } from './constants';
import { type DebugInfo } from './debugInfo';
import { Entry } from './entry';
import { EntryTable } from './entryTable';
import { type Encoding } from './forms';
import { readInitialLength, readOffset } from './initialLength';

export interface UnitHeader extends Encoding {
  readonly version: number;
  readonly section: '.debug_info' | '.debug_types';
  /** Of the header in its section. */
  readonly offset: number;
  /** Where the unit's first entry is, and the unit's end, both from the start of the section. */
  readonly firstEntry: number;
  readonly end: number;
  readonly abbreviationsOffset: number;
  /** DW_UT_*; units before DWARF 5 say `compile` here, or `type` when they come from .debug_types. */
  readonly type: number;
  /** Type units: the signature others refer to, and the described type's entry, from the start of the section. */
  readonly signature: bigint | undefined;
  readonly typeEntry: number;
}

/**
 * The header at the reader's offset; undefined for a unit of a version that nobody has defined yet. Moves behind the
 * unit.
 */
export function readUnitHeader(reader: ByteReader, section: UnitHeader['section']): UnitHeader | undefined {
  const offset = reader.offset;
  const { length, offsetSize } = readInitialLength(reader);
  const end = reader.offset + length;
  if (end > reader.end) throw reader.malformed('a unit reaches past the end of the section', offset);
  const version = reader.u16();
  if (version < 2 || version > 5) {
    reader.offset = end;
    return undefined;
  }
  let type: number = section === '.debug_types' ? UT.type : UT.compile;
  let addressSize: number;
  let abbreviationsOffset: number;
  if (version >= 5) {
    type = reader.u8();
    addressSize = reader.u8();
    abbreviationsOffset = readOffset(reader, offsetSize);
  } else {
    abbreviationsOffset = readOffset(reader, offsetSize);
    addressSize = reader.u8();
  }
  if (addressSize !== 8) throw reader.malformed(`addresses of ${addressSize} bytes are not x86-64's`, offset);
  let signature: bigint | undefined;
  let typeEntry = 0;
  if (type === UT.type || type === UT.split_type) {
    signature = reader.u64();
    typeEntry = offset + readOffset(reader, offsetSize);
  } else if (type === UT.skeleton || type === UT.split_compile) {
    reader.skip(8);
  }
  const firstEntry = reader.offset;
  if (firstEntry > end) throw reader.malformed('a unit is shorter than its header', offset);
  reader.offset = end;
  return {
    section,
    offset,
    firstEntry,
    end,
    version,
    offsetSize,
    addressSize,
    abbreviationsOffset,
    type,
    signature,
    typeEntry,
  };
}

export class Unit {
  #abbreviations: Abbreviations | undefined;
  #root: Entry | undefined;
  readonly #bases = new Map<number, number>();

  /** Of the whole section that the unit lies in, shared by all its units. */
  readonly reader: ByteReader;

  constructor(
    readonly info: DebugInfo,
    readonly header: UnitHeader,
  ) {
    this.reader = info.sections.reader(header.section);
  }

  get abbreviations(): Abbreviations {
    this.#abbreviations ??= this.info.abbreviationsOf(this.header);
    return this.#abbreviations;
  }

  /** The unit's own entry; undefined for a unit without any. Does not read the other entries. */
  get root(): Entry | undefined {
    if (!this.#root && this.header.firstEntry < this.header.end) {
      this.#root = Entry.read(this, this.header.firstEntry);
    }
    return this.#root;
  }

  /** All entries; read when first asked for. */
  get entries(): EntryTable {
    return this.info.entriesOf(this);
  }

  readEntries(): EntryTable {
    return EntryTable.read(this);
  }

  /** A unit whose code is described in a .dwo file (split DWARF). */
  get isSkeleton(): boolean {
    const { root } = this;
    return (
      this.header.type === UT.skeleton ||
      (root !== undefined && (root.has(AT.GNU_dwo_name) || root.has(AT.dwo_name)) && root.tag !== TAG.type_unit)
    );
  }

  /** What DW_FORM_strx counts from: by default the first entry of the only contribution to .debug_str_offsets. */
  get strOffsetsBase(): number {
    return this.#base(AT.str_offsets_base, this.header.version >= 5 ? 8 : 0);
  }

  get addrBase(): number {
    return this.#base(AT.addr_base, this.header.version >= 5 ? 8 : 0);
  }

  get rnglistsBase(): number {
    return this.#base(AT.rnglists_base, 0);
  }

  get loclistsBase(): number {
    return this.#base(AT.loclists_base, 0);
  }

  /** What the offsets in its range and location lists are relative to (DWARF 5 §3.1.1). */
  get baseAddress(): number {
    return this.root?.address(AT.low_pc) ?? 0;
  }

  /** Tells units of an image apart. */
  get key(): number {
    return this.info.keyAt(this.header.section, this.header.offset);
  }

  /** Address number `index` (DW_FORM_addrx). */
  addressAt(index: number): number {
    return this.info.indexedAddress(this, index);
  }

  /** Where list number `index` of the unit's part of `section` starts (DWARF 5 §7.28). */
  listOffset(section: '.debug_rnglists' | '.debug_loclists', index: number): number {
    const base = section === '.debug_rnglists' ? this.rnglistsBase : this.loclistsBase;
    const { offsetSize } = this.header;
    return base + readOffset(this.info.sections.reader(section).at(base + index * offsetSize), offsetSize);
  }

  #base(attribute: number, otherwise: number): number {
    let base = this.#bases.get(attribute);
    if (base === undefined) {
      base = this.root?.unsigned(attribute) ?? otherwise;
      this.#bases.set(attribute, base);
    }
    return base;
  }
}
