/**
 * One unit of .debug_info or .debug_types (DWARF 5 §3.1): its own entry, the bases that its indexed forms count from,
 * its entries, and what a value of one of its attributes means.
 */
import { type ByteReader } from '../../base/byteReader';
import { type Abbreviations } from './abbreviations';
import { type AttributeValue } from './attributeValue';
import { AT, TAG, UT } from './constants';
import { type DebugFile } from './debugFile';
import { type EntryKey, entryKey } from './entryKey';
import { type EntryTable } from './entryTable';
import { type EntryTables } from './entryTables';
import { readOffset } from './initialLength';
import { type EntrySource, RawEntry } from './rawEntry';
import { type UnitHeader, type UnitSection } from './unitHeader';

/** The units among which references lead: those of one file (`DebugInfo`). */
export interface Units {
  readonly file: DebugFile;
  readonly entryTables: EntryTables<Unit>;
  /** Those of the file that this one shares entries with. */
  readonly supplementary: Units | undefined;
  /** The unit that the byte at `offset` belongs to. */
  unitAt(offset: number, section?: UnitSection): Unit | undefined;
  /** The type unit of this signature (DWARF 5 §7.32); undefined when the linker dropped it. */
  unitOfSignature(signature: bigint): Unit | undefined;
}

/** An entry that something refers to, not read yet. */
export interface EntryPlace {
  readonly units: Units;
  readonly section: UnitSection;
  readonly offset: number;
  /** Its unit, where the reference says that. */
  readonly unit: Unit | undefined;
}

export class Unit implements EntrySource {
  /** The unit's own bytes in its section. */
  readonly section: ByteReader;
  readonly cursor: ByteReader;
  #abbreviations: Abbreviations | undefined;
  #root: RawEntry | undefined;
  readonly #bases = new Map<number, number>();

  constructor(
    readonly units: Units,
    readonly header: UnitHeader,
  ) {
    this.section = units.file.sections.part(header.section, header.offset, header.end);
    this.cursor = this.section.at(header.offset, header.end);
  }

  get file(): DebugFile {
    return this.units.file;
  }

  get abbreviations(): Abbreviations {
    this.#abbreviations ??= this.file.abbreviationsOf(this.header);
    return this.#abbreviations;
  }

  /** The unit's own entry; undefined for a unit without any. Does not read the other entries. */
  get root(): RawEntry | undefined {
    if (!this.#root && this.header.firstEntry < this.header.end) {
      this.#root = new RawEntry(this, this.header.firstEntry, 0);
    }
    return this.#root;
  }

  /** All entries; read when first asked for. */
  get entries(): EntryTable<Unit> {
    return this.units.entryTables.of(this);
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

  /** What the offsets in its range and location lists are relative to (DWARF 5 §3.1.1). */
  get baseAddress(): number {
    const low = this.root?.value(AT.low_pc);
    return (low && this.address(low)) ?? 0;
  }

  /** Tells units of a program apart. */
  get key(): EntryKey {
    return this.keyAt(this.header.offset);
  }

  /** Tells entries of a program apart, this unit's by their offset in the section. */
  keyAt(offset: number): EntryKey {
    return entryKey(this.file.number, this.header.section, offset);
  }

  string(value: AttributeValue): string | undefined {
    return value.class === 'stringIndex' ? this.#stringOf(value.value) : this.file.string(value);
  }

  address(value: AttributeValue): number | undefined {
    if (value.class === 'address') return value.value;
    return value.class === 'addressIndex' ? this.addressAt(value.value) : undefined;
  }

  /** Address number `index` (DW_FORM_addrx, DWARF 5 §7.27). */
  addressAt(index: number): number {
    const { version, addressSize } = this.header;
    const base = this.#base(AT.addr_base, version >= 5 ? 8 : 0);
    return this.file.sections
      .reader('.debug_addr')
      .at(base + index * addressSize)
      .number64();
  }

  /** Where list number `index` of the unit's part of `section` starts (DWARF 5 §7.28). */
  listOffset(section: '.debug_rnglists' | '.debug_loclists', index: number): number {
    const base = this.#base(section === '.debug_rnglists' ? AT.rnglists_base : AT.loclists_base, 0);
    const { offsetSize } = this.header;
    return base + readOffset(this.file.sections.reader(section).at(base + index * offsetSize), offsetSize);
  }

  /** Where a reference leads; undefined for other values, and where the file or unit that it leads to is not here. */
  placeOf(value: AttributeValue): EntryPlace | undefined {
    const { units } = this;
    switch (value.class) {
      case 'unitReference':
        return { units, section: this.header.section, offset: this.header.offset + value.value, unit: this };
      case 'fileReference':
        return { units, section: '.debug_info', offset: value.value, unit: undefined };
      case 'sharedReference':
        return (
          units.supplementary && {
            units: units.supplementary,
            section: '.debug_info',
            offset: value.value,
            unit: undefined,
          }
        );
      case 'signature': {
        const unit = units.unitOfSignature(value.value);
        return unit && { units, section: unit.header.section, offset: unit.header.typeEntry, unit };
      }
      default:
        return undefined;
    }
  }

  /** String number `index` (DW_FORM_strx, DWARF 5 §7.26). */
  #stringOf(index: number): string {
    const { offsetSize } = this.header;
    const reader = this.file.sections.reader('.debug_str_offsets').at(this.strOffsetsBase + index * offsetSize);
    return this.file.stringAt('.debug_str', readOffset(reader, offsetSize));
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
