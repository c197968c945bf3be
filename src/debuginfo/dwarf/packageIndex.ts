/**
 * .debug_cu_index and .debug_tu_index of a .dwp package (DWARF 5 §7.3.5.3; version 2 is GNU's, for DWARF 4): which part
 * of each section belongs to which unit.
 */
import { partitionPointOf } from '../../base/binarySearch';
import { type ByteReader } from '../../base/byteReader';
import { type DebugSectionName, type DebugSections } from './sections';
import { type UnitHeader, type UnitSection } from './unitHeader';

/** DW_SECT_*: what a column is about (DWARF 5 §7.3.5, table 7.1; version 2 of GNU's counts otherwise from 5 on). */
const COLUMNS: Readonly<Record<number, readonly (DebugSectionName | undefined)[]>> = {
  2: [
    undefined,
    ...(['.debug_info', '.debug_types', '.debug_abbrev', '.debug_line', '.debug_loc', '.debug_str_offsets'] as const),
  ],
  5: [
    ...([undefined, '.debug_info', undefined, '.debug_abbrev', '.debug_line', '.debug_loclists'] as const),
    ...(['.debug_str_offsets', undefined, '.debug_rnglists'] as const),
  ],
};

/** More columns than there are kinds of sections. */
const MAX_COLUMNS = 16;

interface Row {
  readonly section: UnitSection;
  /** Of its units in that section. */
  readonly low: number;
  readonly high: number;
  readonly parts: ReadonlyMap<DebugSectionName, number>;
}

export class PackageIndex {
  /** Compile units by the identifier that their skeletons have. */
  readonly #byId: ReadonlyMap<bigint, Row>;
  readonly #rows: Readonly<Record<UnitSection, readonly Row[]>>;
  readonly hasTypeUnits: boolean;

  /** Throws `malformed`, and for a version that is not 2 or 5. */
  constructor(sections: DebugSections) {
    const units = readIndex(sections.reader('.debug_cu_index'));
    const types = readIndex(sections.reader('.debug_tu_index'));
    this.#byId = units;
    this.hasTypeUnits = types.size > 0;
    const rows = [...units.values(), ...types.values()].sort((a, b) => a.low - b.low);
    const of = (section: UnitSection) => rows.filter((row) => row.section === section);
    this.#rows = { '.debug_info': of('.debug_info'), '.debug_types': of('.debug_types') };
  }

  /** Where the compile unit of this identifier lies in .debug_info: [low, high). */
  unitsOf(dwoId: bigint): { readonly low: number; readonly high: number } | undefined {
    return this.#byId.get(dwoId);
  }

  /** Where the unit's part of a section starts; 0 where no row speaks of the unit. */
  partOf({ section, offset }: UnitHeader, of: DebugSectionName): number {
    const rows = this.#rows[section];
    const row = rows[partitionPointOf(rows, ({ low }) => low <= offset) - 1];
    return row && offset < row.high ? (row.parts.get(of) ?? 0) : 0;
  }
}

/** The rows by signature; none where there is no such section. */
function readIndex(reader: ByteReader): Map<bigint, Row> {
  const rows = new Map<bigint, Row>();
  if (reader.atEnd) return rows;
  // Version 5 is a 16-bit number before two bytes of padding; version 2 is a 32-bit one.
  const version = reader.u16();
  const columns = COLUMNS[version];
  if (!columns) throw reader.malformed(`version ${version} is unknown`, 0);
  reader.skip(2);
  const columnCount = reader.u32();
  const rowCount = reader.u32();
  const slotCount = reader.u32();
  const signatures = reader.offset;
  const numbers = signatures + slotCount * 8;
  const header = numbers + slotCount * 4;
  const offsets = header + columnCount * 4;
  const sizes = offsets + rowCount * columnCount * 4;
  if (rowCount === 0) return rows;
  if (columnCount > MAX_COLUMNS) throw reader.malformed(`it has ${columnCount} columns`, 4);
  if (sizes + rowCount * columnCount * 4 > reader.end) throw reader.malformed('it is shorter than its tables', 4);
  const names = Array.from({ length: columnCount }, (_, column) => columns[reader.at(header + column * 4).u32()]);
  const unitColumn = names.findIndex((name) => name === '.debug_info' || name === '.debug_types');
  const section = names[unitColumn];
  if (section !== '.debug_info' && section !== '.debug_types') throw reader.malformed('it has no column of units', 0);
  for (let slot = 0; slot < slotCount; slot++) {
    const row = reader.at(numbers + slot * 4).u32();
    if (row === 0) continue;
    if (row > rowCount) throw reader.malformed(`it has no row ${row}`, numbers + slot * 4);
    const cell = (table: number, column: number) => reader.at(table + ((row - 1) * columnCount + column) * 4).u32();
    const parts = new Map<DebugSectionName, number>();
    for (const [column, name] of names.entries()) if (name) parts.set(name, cell(offsets, column));
    const low = cell(offsets, unitColumn);
    const signature = reader.at(signatures + slot * 8).u64();
    rows.set(signature, { section, low, high: low + cell(sizes, unitColumn), parts });
  }
  return rows;
}
