/**
 * One file with debug information: its sections, and what is kept of them because many units share it: abbreviations,
 * strings, lists. Knows nothing of what refers to what.
 */
import { Once } from '../../base/once';
import { OverlapLimit } from '../../base/overlapLimit';
import { type StringTable } from '../../base/stringTable';
import { Abbreviations } from './abbreviations';
import { type AttributeValue } from './attributeValue';
import { FileNumbers } from './entryKey';
import { LocationLists } from './locationSection';
import { RangeLists } from './rangeSection';
import { type DebugSectionName, DebugSections, type SectionSource } from './sections';
import { type UnitDirectory } from './unitDirectory';
import { type UnitHeader } from './unitHeader';

/** Longer strings (mangled templates) are seldom wanted twice. */
const MAX_KEPT_STRING = 100;
const MAX_KEPT_STRINGS = 200_000;

type StringSection = '.debug_str' | '.debug_line_str';

export interface DebugFileOptions {
  /** Opens the file that this one shares entries and strings with, if it has one that can be found. */
  readonly supplementary?: () => SectionSource | undefined;
  readonly isSupplementary?: boolean;
  /** Shared by all files of a program. */
  readonly numbers?: FileNumbers;
  /** It holds units of split DWARF: its location lists before DWARF 5 are encoded in their own way. */
  readonly isSplit?: boolean;
  /** Where the units of a file are, if that is known before they are read; asked for this file and the other. */
  readonly directoryOf?: (source: SectionSource) => UnitDirectory | undefined;
}

export class DebugFile {
  readonly sections: DebugSections;
  /** Tells the files of a program apart, in keys of entries. */
  readonly number: number;
  /** This is the file that others share entries through (DWARF 5 §7.3.6; dwz's .gnu_debugaltlink). */
  readonly isSupplementary: boolean;
  readonly rangeLists: RangeLists;
  readonly locationLists: LocationLists;
  readonly #numbers: FileNumbers;
  readonly #supplementary: Once<DebugFile | undefined>;
  readonly #directory: Once<UnitDirectory | undefined>;
  /** By what they depend on: the offset, and how wide offsets and addresses are. */
  readonly #abbreviations = new Map<string, Once<Abbreviations>>();
  readonly #limits = new Map<string, OverlapLimit>();
  readonly #strings = new Map<StringSection, { readonly table: StringTable; readonly kept: Map<number, string> }>();

  constructor(source: SectionSource, options: DebugFileOptions = {}) {
    const { supplementary, isSupplementary = false, isSplit = false, directoryOf } = options;
    this.#numbers = options.numbers ?? new FileNumbers();
    this.sections = new DebugSections(source);
    this.number = this.#numbers.next();
    this.isSupplementary = isSupplementary;
    this.rangeLists = new RangeLists(this.sections);
    this.locationLists = new LocationLists(this.sections, isSplit);
    this.#supplementary = new Once(() => {
      const shared = supplementary?.();
      const kind = { isSupplementary: true, numbers: this.#numbers, ...(directoryOf && { directoryOf }) };
      return shared && new DebugFile(shared, kind);
    });
    this.#directory = new Once(() => directoryOf?.(source));
  }

  get path(): string {
    return this.sections.path;
  }

  /** The file whose entries and strings this one shares; undefined if there is none or it can't be found. */
  get supplementary(): DebugFile | undefined {
    return this.#supplementary.value;
  }

  /** A .dwo or .dwp file with units of this program. */
  splitFile(source: SectionSource): DebugFile {
    return new DebugFile(source, { numbers: this.#numbers, isSplit: true });
  }

  /** Where the units are; undefined where only they themselves tell. */
  get directory(): UnitDirectory | undefined {
    return this.#directory.value;
  }

  /**
   * The abbreviations that a unit names, whose part of .debug_abbrev starts at `part`. Many units of a file may share
   * them.
   */
  abbreviationsOf(header: UnitHeader, part: number): Abbreviations {
    const { abbreviationsOffset, offsetSize, version } = header;
    const offset = part + abbreviationsOffset;
    const key = `${offset}:${offsetSize}${version <= 2 ? ':2' : ''}`;
    let read = this.#abbreviations.get(key);
    if (!read) {
      read = new Once(() => this.#readAbbreviations(offset, header));
      this.#abbreviations.set(key, read);
    }
    return read.value;
  }

  /** Bounds how much of a section's contents may overlap. */
  limitOf(section: DebugSectionName): OverlapLimit {
    let limit = this.#limits.get(section);
    if (!limit) {
      limit = new OverlapLimit(this.sections.originOf(section), this.sections.sizeOf(section));
      this.#limits.set(section, limit);
    }
    return limit;
  }

  /** The text of a value that names it without a unit's help; undefined for other values. */
  string(value: AttributeValue): string | undefined {
    switch (value.class) {
      case 'string':
        return value.value;
      case 'stringOffset':
        return this.stringAt('.debug_str', value.value);
      case 'lineStringOffset':
        return this.stringAt('.debug_line_str', value.value);
      case 'sharedStringOffset':
        return this.supplementary?.stringAt('.debug_str', value.value);
      default:
        return undefined;
    }
  }

  /** A string of .debug_str or .debug_line_str; short ones are kept, because units repeat each other's names. */
  stringAt(section: StringSection, offset: number): string {
    let strings = this.#strings.get(section);
    if (!strings) {
      strings = { table: this.sections.strings(section), kept: new Map<number, string>() };
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
}
