/**
 * One unit of .debug_info or .debug_types (DWARF 5 §3.1): its own entry, the bases that its indexed forms count from,
 * its entries, and what a value of one of its attributes means.
 */
import { type ByteReader } from '../../base/byteReader';
import { Once } from '../../base/once';
import { type Abbreviations } from './abbreviations';
import { type AttributeValue } from './attributeValue';
import { AT, UT } from './constants';
import { type DebugFile } from './debugFile';
import { type EntryKey, entryKey } from './entryKey';
import { type EntryTable } from './entryTable';
import { type EntryTables } from './entryTables';
import { readOffset } from './initialLength';
import { type EntrySource, RawEntry } from './rawEntry';
import { type DebugSectionName } from './sections';
import { type UnitHeader, type UnitSection } from './unitHeader';

/** The units among which references lead: those of one file (`DebugInfo`). */
export interface Units {
  readonly file: DebugFile;
  /** Of a .dwo or .dwp file: what its units lean on. */
  readonly split?: SplitParts | undefined;
  readonly entryTables: EntryTables<Unit>;
  /** Those of the file that this one shares entries with. */
  readonly supplementary: Units | undefined;
  /** The unit that the byte at `offset` belongs to. */
  unitAt(offset: number, section?: UnitSection): Unit | undefined;
  /** The type unit of this signature (DWARF 5 §7.32); undefined when the linker dropped it. */
  unitOfSignature(signature: bigint): Unit | undefined;
}

/** What units of split DWARF lean on (DWARF 5 §3.1.3, §7.3.5). */
export interface SplitParts {
  /** The unit of the linked file that stands for `unit` and has its addresses; undefined where none does. */
  skeletonOf(unit: Unit): Unit | undefined;
  /** Where the part of `section` starts that the unit counts its offsets from: in packages, each has its own. */
  partOf(header: UnitHeader, section: DebugSectionName): number;
  /** Whether offsets in .debug_info count from where the unit's part starts. */
  readonly refersByOffset: boolean;
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
  #skeleton: Once<Unit | undefined> | undefined;
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
    this.#abbreviations ??= this.file.abbreviationsOf(this.header, this.partOf('.debug_abbrev'));
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
    if (this.header.version >= 5) return this.header.type === UT.skeleton;
    return !this.isSplit && this.root?.has(AT.GNU_dwo_name) === true;
  }

  /** A unit of a .dwo or .dwp file. */
  get isSplit(): boolean {
    return this.units.split !== undefined;
  }

  /** What ties skeleton and split unit together; undefined for other units. */
  get dwoId(): bigint | undefined {
    if (this.header.dwoId !== undefined) return this.header.dwoId;
    const id = this.root?.value(AT.GNU_dwo_id);
    return id?.class === 'constant' ? BigInt.asUintN(64, BigInt(id.value)) : undefined;
  }

  /** The unit that has the addresses and the lines of this one: itself, unless it is split. */
  get linked(): Unit | undefined {
    const { split } = this.units;
    if (!split) return this;
    this.#skeleton ??= new Once(() => split.skeletonOf(this));
    return this.#skeleton.value;
  }

  /** Where the part of a section starts that offsets of this unit count from. */
  partOf(section: DebugSectionName): number {
    return this.units.split?.partOf(this.header, section) ?? 0;
  }

  /** What DW_FORM_strx counts from: by default the first entry of the only contribution to .debug_str_offsets. */
  get strOffsetsBase(): number {
    const { version, offsetSize } = this.header;
    const afterHeader = version >= 5 ? (offsetSize === 8 ? 16 : 8) : 0;
    return this.partOf('.debug_str_offsets') + this.#base(AT.str_offsets_base, afterHeader);
  }

  /** What the offsets in its range and location lists are relative to (DWARF 5 §3.1.1). */
  get baseAddress(): number {
    const { linked } = this;
    const low = linked?.root?.value(AT.low_pc);
    return (low && linked?.address(low)) ?? 0;
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
    const { linked } = this;
    if (!linked) throw this.section.malformed('a unit without a skeleton has no addresses', this.header.offset);
    return linked.#ownAddressAt(index);
  }

  #ownAddressAt(index: number): number {
    const { version, addressSize } = this.header;
    const base = this.#base(version >= 5 ? AT.addr_base : AT.GNU_addr_base, version >= 5 ? 8 : 0);
    return this.file.sections
      .reader('.debug_addr')
      .at(base + index * addressSize)
      .number64();
  }

  /** Where list number `index` of the unit's part of `section` starts (DWARF 5 §7.28). */
  listOffset(section: '.debug_rnglists' | '.debug_loclists', index: number): number {
    const { offsetSize } = this.header;
    const afterHeader = this.isSplit ? (offsetSize === 8 ? 20 : 12) : 0;
    const attribute = section === '.debug_rnglists' ? AT.rnglists_base : AT.loclists_base;
    const base = this.partOf(section) + this.#base(attribute, afterHeader);
    return base + readOffset(this.file.sections.reader(section).at(base + index * offsetSize), offsetSize);
  }

  /**
   * Where the list at `offset` of .debug_ranges is. Split units have their lists in the linked file, counted from a
   * base that the skeleton's own list does not count from (GNU's DebugFission).
   */
  rangesAt(offset: number): { readonly file: DebugFile; readonly offset: number } {
    const { linked } = this;
    if (!linked) throw this.section.malformed('a unit without a skeleton has no ranges', this.header.offset);
    const base = this.isSplit ? linked.#base(AT.GNU_ranges_base, 0) : 0;
    return { file: linked.file, offset: base + offset };
  }

  /** The entry at an offset in .debug_info, as references and expressions give it; undefined where none can tell. */
  placeInFile(offset: number): EntryPlace | undefined {
    const { units } = this;
    if (units.split && !units.split.refersByOffset) return undefined;
    return { units, section: '.debug_info', offset: this.partOf('.debug_info') + offset, unit: undefined };
  }

  /** Where a reference leads; undefined for other values, and where the file or unit that it leads to is not here. */
  placeOf(value: AttributeValue): EntryPlace | undefined {
    const { units } = this;
    switch (value.class) {
      case 'unitReference':
        return { units, section: this.header.section, offset: this.header.offset + value.value, unit: this };
      case 'fileReference':
        return this.placeInFile(value.value);
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
