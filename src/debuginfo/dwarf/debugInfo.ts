/**
 * .debug_info and .debug_types of one file (DWARF 5 §7.5): the list of units, entries by offset or signature, and the
 * strings and addresses that forms refer to. Entry tables are kept for the units used last, so that walking a huge file
 * does not hold it all.
 */
import { SidestepError } from '../../base/errors';
import { Once } from '../../base/once';
import { OverlapLimit } from '../../base/overlapLimit';
import { StringTable } from '../../base/stringTable';
import { Abbreviations } from './abbreviations';
import { type Entry } from './entry';
import { type EntryTable } from './entryTable';
import { LocationLists } from './locationSection';
import { RangeLists } from './rangeSection';
import { type DebugSectionName, DebugSections, type SectionSource } from './sections';
import { Unit, type UnitHeader, readUnitHeader } from './unit';

/** Entries held in tables at most (14 bytes each), beyond the last unit's. */
const MAX_TABLED_ENTRIES = 1_500_000;

/** Longer strings (mangled templates) are seldom wanted twice. */
const MAX_KEPT_STRING = 100;
const MAX_KEPT_STRINGS = 200_000;

type StringSection = '.debug_str' | '.debug_line_str';

export class DebugInfo {
  readonly sections: DebugSections;
  readonly rangeLists: RangeLists;
  readonly locationLists: LocationLists;
  readonly #units = new Once(() => [...this.#readUnits('.debug_info'), ...this.#readUnits('.debug_types')]);
  readonly #supplementary: Once<DebugInfo | undefined>;
  #typeUnits: Map<bigint, Unit> | undefined;
  /** By what they depend on: the offset, and how wide offsets and addresses are. */
  readonly #abbreviations = new Map<string, Once<Abbreviations>>();
  readonly #limits = new Map<string, OverlapLimit>();
  readonly #tables = new Map<Unit, EntryTable>();
  /** Units whose entries can't be read, and why. */
  readonly #broken = new Map<Unit, unknown>();
  #tabledEntries = 0;
  readonly #strings = new Map<StringSection, { readonly table: StringTable; readonly kept: Map<number, string> }>();

  constructor(
    source: SectionSource,
    options: { supplementary?: () => SectionSource | undefined; isSupplementary?: boolean } = {},
  ) {
    this.sections = new DebugSections(source);
    this.rangeLists = new RangeLists(this.sections);
    this.locationLists = new LocationLists(this.sections);
    this.#supplementary = new Once(() => {
      const shared = options.supplementary?.();
      return shared && new DebugInfo(shared, { isSupplementary: true });
    });
    this.isSupplementary = options.isSupplementary ?? false;
  }

  /** This is the file that others share entries through (DWARF 5 §7.3.6; dwz's .gnu_debugaltlink). */
  readonly isSupplementary: boolean;

  /** The file whose entries and strings this one shares; undefined if there is none or it can't be found. */
  get supplementary(): DebugInfo | undefined {
    return this.#supplementary.value;
  }

  /** Units in the order of .debug_info, then those of .debug_types. */
  get units(): readonly Unit[] {
    return this.#units.value;
  }

  /** Tells the entries and units of an image apart: which file and section, and where in it. */
  keyAt(section: UnitHeader['section'], offset: number): number {
    return offset * 4 + (section === '.debug_types' ? 2 : 0) + (this.isSupplementary ? 1 : 0);
  }

  /** The abbreviations that a unit names. Many units of a file may share them. */
  abbreviationsOf(header: UnitHeader): Abbreviations {
    const { abbreviationsOffset: offset, offsetSize, version } = header;
    const key = `${offset}:${offsetSize}${version <= 2 ? ':2' : ''}`;
    let read = this.#abbreviations.get(key);
    if (!read) {
      read = new Once(() => this.#readAbbreviations(offset, header));
      this.#abbreviations.set(key, read);
    }
    return read.value;
  }

  #readAbbreviations(offset: number, header: UnitHeader): Abbreviations {
    const all = this.sections.reader('.debug_abbrev');
    if (offset > all.end) {
      throw this.sections.reader(header.section).malformed('a unit points outside of .debug_abbrev', header.offset);
    }
    const reader = all.at(offset);
    const read = Abbreviations.read(reader, header);
    this.limitOf('.debug_abbrev').read(offset, reader.offset - offset);
    return read;
  }

  /** Bounds how much of a section's contents may overlap. */
  limitOf(section: DebugSectionName): OverlapLimit {
    let limit = this.#limits.get(section);
    if (!limit) {
      const { origin, end } = this.sections.reader(section);
      limit = new OverlapLimit(origin, end);
      this.#limits.set(section, limit);
    }
    return limit;
  }

  /** The unit that the byte at `offset` of .debug_info belongs to. */
  unitAt(offset: number, section: UnitHeader['section'] = '.debug_info'): Unit | undefined {
    const { units } = this;
    let low = 0;
    let high = units.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const { header } = units[middle]!;
      const before = header.section === section ? offset < header.offset : section === '.debug_info';
      if (before) high = middle - 1;
      else if (header.section !== section || offset >= header.end) low = middle + 1;
      else return units[middle];
    }
    return undefined;
  }

  /** The entry at `offset` of .debug_info, wherever it is. */
  entryAt(offset: number): Entry {
    const unit = this.unitAt(offset);
    if (!unit) throw this.sections.reader('.debug_info').malformed('a reference leads outside of all units', offset);
    return this.entryIn(unit, offset, offset);
  }

  /** The entry at `offset`, which must be one of `unit`'s. `from`: where the reference is, for the error. */
  entryIn(unit: Unit, offset: number, from: number): Entry {
    const { entries } = unit;
    const index = entries.indexAt(offset);
    if (index === undefined)
      throw unit.reader.malformed(`a reference leads to 0x${offset.toString(16)}: no entry`, from);
    return entries.entry(index);
  }

  /** The type that a type unit of this signature describes (DWARF 5 §7.32); undefined when the linker dropped it. */
  typeOfSignature(signature: bigint): Entry | undefined {
    if (!this.#typeUnits) {
      this.#typeUnits = new Map();
      for (const unit of this.units) {
        if (unit.header.signature !== undefined) this.#typeUnits.set(unit.header.signature, unit);
      }
    }
    const unit = this.#typeUnits.get(signature);
    return unit && this.entryIn(unit, unit.header.typeEntry, unit.header.offset);
  }

  entriesOf(unit: Unit): EntryTable {
    let table = this.#tables.get(unit);
    if (table) {
      if (this.#tabledEntries <= MAX_TABLED_ENTRIES) return table;
      // Used again: to the end of the line of those that will be dropped.
      this.#tables.delete(unit);
    } else {
      if (this.#broken.has(unit)) throw this.#broken.get(unit);
      try {
        table = unit.readEntries();
      } catch (error) {
        this.#broken.set(unit, error);
        throw error;
      }
      this.#tabledEntries += table.length;
    }
    this.#tables.set(unit, table);
    for (const [oldest, { length }] of this.#tables) {
      if (this.#tabledEntries <= MAX_TABLED_ENTRIES || oldest === unit) break;
      this.#tables.delete(oldest);
      this.#tabledEntries -= length;
    }
    return table;
  }

  /** A string of .debug_str or .debug_line_str; short ones are kept, because units repeat each other's names. */
  stringAt(section: StringSection, offset: number): string {
    let strings = this.#strings.get(section);
    if (!strings) {
      const { data, origin } = this.sections.reader(section);
      strings = { table: new StringTable(data, origin), kept: new Map<number, string>() };
      this.#strings.set(section, strings);
    }
    const { table, kept } = strings;
    let text = kept.get(offset);
    if (text === undefined) {
      text = table.at(offset);
      if (kept.size === MAX_KEPT_STRINGS) kept.clear();
      if (text.length <= MAX_KEPT_STRING) kept.set(offset, text);
    }
    return text;
  }

  /** String number `index` of a unit (DW_FORM_strx, DWARF 5 §7.26). */
  indexedString(unit: Unit, index: number): string {
    const { offsetSize } = unit.header;
    const reader = this.sections.reader('.debug_str_offsets');
    reader.offset = unit.strOffsetsBase + index * offsetSize;
    return this.stringAt('.debug_str', offsetSize === 4 ? reader.u32() : reader.size64());
  }

  /** Address number `index` of a unit (DW_FORM_addrx, DWARF 5 §7.27). */
  indexedAddress(unit: Unit, index: number): number {
    const reader = this.sections.reader('.debug_addr');
    reader.offset = unit.addrBase + index * unit.header.addressSize;
    return reader.number64();
  }

  #readUnits(section: UnitHeader['section']): Unit[] {
    const reader = this.sections.reader(section);
    reader.offset = 0;
    const units: Unit[] = [];
    while (!reader.atEnd) {
      const header = readUnitHeader(reader, section);
      if (header) units.push(new Unit(this, header));
    }
    return units;
  }
}

/**
 * Runs `read`; what malformed input makes of it counts as missing. For lists, where one bad item must not hide the
 * others.
 */
export function ifWellFormed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SidestepError && error.code === 'malformed') return undefined;
    throw error;
  }
}
