/** .debug_info and .debug_types of one file (DWARF 5 §7.5): its units, by offset and by signature. */
import { partitionPointOf } from '../../base/binarySearch';
import { SidestepError } from '../../base/errors';
import { Once } from '../../base/once';
import { type DebugFile } from './debugFile';
import { EntryTables } from './entryTables';
import { type DebugSections } from './sections';
import { type SplitParts, Unit, type Units } from './unit';
import { readUnitHeader, type UnitSection } from './unitHeader';

export class DebugInfo implements Units {
  readonly #units: Once<Readonly<Record<UnitSection | 'all', readonly Unit[]>>>;
  readonly #supplementary: Once<DebugInfo | undefined>;
  readonly #typeUnits: Once<ReadonlyMap<bigint, Unit>>;

  constructor(
    readonly file: DebugFile,
    /** Of a .dwo or .dwp file. */
    readonly split?: SplitParts,
    /** Shared by all files of a program that may be many. */
    readonly entryTables = new EntryTables<Unit>(),
  ) {
    this.#units = new Once(() => {
      const info = this.#readUnits('.debug_info');
      const types = this.#readUnits('.debug_types');
      return { '.debug_info': info, '.debug_types': types, all: [...info, ...types] };
    });
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
    return this.#units.value.all;
  }

  unitAt(offset: number, section: UnitSection = '.debug_info'): Unit | undefined {
    const units = this.#units.value[section];
    const unit = units[partitionPointOf(units, ({ header }) => header.end <= offset)];
    return unit && unit.header.offset <= offset ? unit : undefined;
  }

  unitOfSignature(signature: bigint): Unit | undefined {
    return this.#typeUnits.value.get(signature);
  }

  #readUnits(section: UnitSection): Unit[] {
    const reader = this.sections.reader(section);
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
