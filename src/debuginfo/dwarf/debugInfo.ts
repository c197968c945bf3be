/** .debug_info and .debug_types of one file (DWARF 5 §7.5): its units, by offset and by signature. */
import { assertExists } from '../../base/assert';
import { SidestepError } from '../../base/errors';
import { Once } from '../../base/once';
import { type DebugFile } from './debugFile';
import { EntryTables } from './entryTables';
import { type DebugSections } from './sections';
import { type SplitParts, Unit, type Units } from './unit';
import { type UnitPlaces } from './unitDirectory';
import { readUnitHeader, type UnitHeader, type UnitSection } from './unitHeader';
import { UnitList } from './unitList';

export class DebugInfo implements Units {
  readonly #lists: Once<Readonly<Record<UnitSection, UnitList>>>;
  readonly #units: Once<readonly Unit[]>;
  readonly #supplementary: Once<DebugInfo | undefined>;
  readonly #typeUnits: Once<ReadonlyMap<bigint, Unit>>;

  constructor(
    readonly file: DebugFile,
    /** Of a .dwo or .dwp file. */
    readonly split?: SplitParts,
    /** Shared by all files of a program that may be many. */
    readonly entryTables = new EntryTables<Unit>(),
  ) {
    this.#lists = new Once(() => ({
      '.debug_info': this.#listUnits('.debug_info'),
      '.debug_types': this.#listUnits('.debug_types'),
    }));
    this.#units = new Once(() => Object.values(this.#lists.value).flatMap((list) => list.all()));
    this.#supplementary = new Once(() => file.supplementary && new DebugInfo(file.supplementary));
    this.#typeUnits = new Once(() => {
      const typeUnits = new Map<bigint, Unit>();
      for (const unit of this.units)
        if (unit.header.signature !== undefined) typeUnits.set(unit.header.signature, unit);
      return typeUnits;
    });
  }

  get sections(): DebugSections {
    return this.file.sections;
  }

  get supplementary(): DebugInfo | undefined {
    return this.#supplementary.value;
  }

  /** Units in the order of .debug_info, then those of .debug_types. */
  get units(): readonly Unit[] {
    return this.#units.value;
  }

  unitAt(offset: number, section: UnitSection = '.debug_info'): Unit | undefined {
    return this.#lists.value[section].at(offset);
  }

  /** Units of .debug_info that may have one of the marks (`UNIT_MARK`), without those at the offsets of `known`. */
  unitsMarked(marks: number, known: ReadonlySet<number> = new Set()): Iterable<Unit> {
    return this.#lists.value['.debug_info'].marked(marks, known);
  }

  unitOfSignature(signature: bigint): Unit | undefined {
    return this.#typeUnits.value.get(signature);
  }

  #listUnits(section: UnitSection): UnitList {
    const places = this.file.directory?.[section];
    if (places) return new UnitList(places, (offset, end) => this.#readUnit(section, offset, end));
    const headers = this.#readHeaders(section);
    const units = new Map(headers.map((header) => [header.offset, new Unit(this, header)]));
    return new UnitList(placesOf(headers), (offset) => assertExists(units.get(offset), 'unit'));
  }

  #readUnit(section: UnitSection, offset: number, end: number): Unit {
    const reader = this.sections.part(section, offset, end);
    const header = readUnitHeader(reader, section);
    if (header?.end !== end) throw reader.malformed('its units are not where its index has them', offset);
    return new Unit(this, header);
  }

  #readHeaders(section: UnitSection): UnitHeader[] {
    const reader = this.sections.reader(section);
    const headers: UnitHeader[] = [];
    while (!reader.atEnd) {
      const header = readUnitHeader(reader, section);
      if (header) headers.push(header);
    }
    return headers;
  }
}

function placesOf(headers: readonly UnitHeader[]): UnitPlaces {
  return {
    offsets: Float64Array.from(headers, ({ offset }) => offset),
    ends: Float64Array.from(headers, ({ end }) => end),
    marks: new Uint8Array(headers.length).fill(0xff),
  };
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
