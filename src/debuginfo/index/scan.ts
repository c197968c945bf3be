/**
 * Makes the index of one debug file in one pass over its units. A unit that can't be read is noted, and whoever asks
 * looks at it himself: one bad unit must not hide what others have.
 */
import { type ByteReader } from '../../base/byteReader';
import { SidestepError } from '../../base/errors';
import { AT, FORM, TAG, UT } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type DebugSectionName, DebugSections, type SectionSource } from '../dwarf/sections';
import { readUnitHeader, type UnitHeader } from '../dwarf/unitHeader';
import { FileLister } from './fileLister';
import { NumberList } from './growing';
import { IndexBuilder } from './indexBuilder';
import { type IndexTables, UNIT, UNITS } from './indexTables';
import { StringNames } from './stringNames';
import { placeOf, ScanPlan } from './scanPlan';
import { type ScannedUnit, UnitScanner } from './unitScanner';

/** Offsets of entries are kept in 32 bits. */
const MAX_SECTION = 2 ** 32 - 1;

/** Units that share abbreviations are seldom far from each other: few are read twice. */
const MAX_READINGS = 8;
const FREE_ABBREVIATIONS = 1 << 20;

export interface ScanOptions {
  /** The file that this one shares strings with. */
  readonly supplementary?: SectionSource | undefined;
  /** This file is one that others share entries through. */
  readonly isSupplementary?: boolean;
}

/** Throws `unsupported` for a file that is too large, `malformed` where its units can't be told apart. */
export function scanNames(source: SectionSource, options: ScanOptions = {}): IndexTables {
  return new Scan(source, options).run();
}

class Scan {
  readonly #sections: DebugSections;
  readonly #isSupplementary: boolean;
  readonly #builder = new IndexBuilder();
  readonly #scanner: UnitScanner;
  readonly #files: FileLister;
  readonly #lineStrings: Uint8Array;
  readonly #strings: Uint8Array;
  /** Bytes of abbreviations that are read: more in all than any compiler's, however they overlap, are not. */
  #abbreviationsLeft: number;
  readonly #plans = new Map<string, ScanPlan>();
  #planned = 0;
  readonly #units = new NumberList();
  readonly #ends = new NumberList();
  readonly #flags = new NumberList();

  constructor(source: SectionSource, { supplementary, isSupplementary }: ScanOptions) {
    this.#sections = new DebugSections(source);
    this.#isSupplementary = isSupplementary ?? false;
    const abbreviations = this.#sections.reader('.debug_abbrev');
    this.#abbreviationsLeft = FREE_ABBREVIATIONS + MAX_READINGS * abbreviations.end;
    this.#strings = this.#sections.reader('.debug_str').data;
    this.#lineStrings = this.#sections.reader('.debug_line_str').data;
    const sharedReader = supplementary && new DebugSections(supplementary).reader('.debug_str');
    const sharedStrings = sharedReader?.data;
    const { names } = this.#builder;
    this.#scanner = new UnitScanner(this.#builder, {
      strings: new StringNames(this.#sections.reader('.debug_str'), names),
      lineStrings: new StringNames(this.#sections.reader('.debug_line_str'), names),
      sharedStrings: sharedReader && new StringNames(sharedReader, names),
      stringOffsets: this.#sections.reader('.debug_str_offsets'),
    });
    this.#files = new FileLister({
      lines: this.#sections.reader('.debug_line'),
      lineStrings: this.#lineStrings,
      strings: this.#strings,
      sharedStrings,
    });
  }

  run(): IndexTables {
    for (const section of ['.debug_info', '.debug_types'] as const) {
      const reader = this.#sections.reader(section);
      if (reader.end > MAX_SECTION) {
        throw this.#tooMuch(section, 'it is too large');
      }
      let offset = 0;
      while (offset < reader.end) {
        reader.offset = offset;
        const header = readUnitHeader(reader, section);
        offset = reader.offset;
        if (header) this.#scanUnit(header, reader);
      }
    }
    return {
      ...this.#builder.tables(),
      ...this.#files.tables(),
      units: this.#units.values.slice(),
      unitEnds: this.#ends.values.slice(),
      unitFlags: Uint8Array.from(this.#flags.values),
    };
  }

  #scanUnit(header: UnitHeader, reader: ByteReader): void {
    const number = this.#units.length;
    if (number === UNITS.most) throw reader.malformed(`it has more than ${UNITS.most} units`, header.offset);
    this.#units.push(header.offset);
    this.#ends.push(header.end);
    const inTypes = header.section === '.debug_types' ? UNIT.inTypes : 0;
    this.#flags.push(inTypes);
    const isRead = ifWellFormed(() => {
      this.#flags.set(number, inTypes | this.#readUnit(header, reader, number));
      return true;
    });
    if (!isRead) this.#flags.set(number, inTypes | UNIT.unread | UNIT.code | UNIT.skeleton);
  }

  /** Its flags of {@link UNIT}. */
  #readUnit(header: UnitHeader, reader: ByteReader, number: number): number {
    if (header.firstEntry >= header.end) return 0;
    const plan = this.#planOf(header);
    reader.offset = header.firstEntry;
    const root = new Root(header, plan, reader);
    const isPartial = root.tag === TAG.partial_unit;
    const unit: ScannedUnit = {
      header,
      number,
      plan,
      isShared: isPartial || this.#isSupplementary,
      stringOffsetsBase: root.offset(AT.str_offsets_base) ?? (header.version >= 5 ? 8 : 0),
    };
    try {
      this.#scanner.scan(reader, unit);
    } finally {
      const program = root.offset(AT.stmt_list);
      // A program that can't be read lists no files, like one that isn't there.
      if (program !== undefined && header.section === '.debug_info')
        ifWellFormed(() => this.#files.list(program, this.#text(root, unit) ?? '', number));
    }
    return (isPartial ? UNIT.partial : 0) | root.marks;
  }

  #tooMuch(section: DebugSectionName, why: string): SidestepError {
    const { path } = this.#sections;
    return new SidestepError('unsupported', `${section} of ${path} can't be indexed: ${why}`, {
      place: { file: path, section },
    });
  }

  /** The unit's compilation directory. */
  #text(root: Root, unit: ScannedUnit): string | undefined {
    const place = root.place(AT.comp_dir);
    if (!place) return undefined;
    return this.#scanner.textAt(place.at, place.form, unit);
  }

  #planOf(header: UnitHeader): ScanPlan {
    const { abbreviationsOffset: offset, offsetSize, version } = header;
    const key = `${offset}:${offsetSize}${version <= 2 ? ':2' : ''}`;
    let plan = this.#plans.get(key);
    if (!plan) {
      const abbreviations = this.#sections.reader('.debug_abbrev').at(offset);
      plan = ScanPlan.read(abbreviations, header);
      this.#abbreviationsLeft -= abbreviations.offset - offset;
      if (this.#abbreviationsLeft < 0) throw this.#tooMuch('.debug_abbrev', 'too much of its contents overlaps');
      // Units that share abbreviations follow each other.
      this.#planned += plan.entries.length;
      if (this.#planned > MAX_PLANNED) {
        this.#plans.clear();
        this.#planned = plan.entries.length;
      }
      this.#plans.set(key, plan);
    }
    return plan;
  }
}

/** Abbreviations that are kept: some hundred tables of compilers. */
const MAX_PLANNED = 1 << 16;

/** A unit's own entry. */
class Root {
  readonly #code: number;
  readonly #values: number;

  constructor(
    readonly header: UnitHeader,
    readonly plan: ScanPlan,
    readonly reader: ByteReader,
  ) {
    this.#code = reader.uleb();
    this.#values = reader.offset;
  }

  get tag(): number {
    return this.plan.tags[this.#code] ?? 0;
  }

  /** {@link UNIT_MARK}. */
  get marks(): number {
    const has = (attribute: number): boolean => this.plan.entries[this.#code]?.root.has(attribute) ?? false;
    const code = has(AT.low_pc) || has(AT.ranges) ? UNIT.code : 0;
    const isSkeleton = this.header.type === UT.skeleton || has(AT.GNU_dwo_name) || has(AT.dwo_name);
    return code | (isSkeleton ? UNIT.skeleton : 0);
  }

  place(attribute: number): { readonly at: number; readonly form: number } | undefined {
    const place = this.plan.entries[this.#code]?.root.get(attribute);
    return place && { at: placeOf(this.reader.data, this.#values, place, this.header), form: place.form };
  }

  /** The value of an attribute that is an offset in another section. */
  offset(attribute: number): number | undefined {
    const place = this.place(attribute);
    if (!place) return undefined;
    this.reader.offset = place.at;
    switch (place.form) {
      case FORM.sec_offset:
        return this.header.offsetSize === 4 ? this.reader.u32() : this.reader.number64();
      case FORM.data4:
        return this.reader.u32();
      case FORM.data8:
        return this.reader.number64();
      default:
        return undefined;
    }
  }
}
