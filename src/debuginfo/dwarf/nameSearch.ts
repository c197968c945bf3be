/**
 * Which units speak of a name or refer to an entry, without an index: names are searched in the string sections, and
 * what a unit would contain if it mentioned them (a string's offset, an entry's offset) is searched in the bytes of the
 * units. The answer may hold units that contain the bytes by chance, never misses one. Searching runs at memory speed,
 * and the first hit in a unit settles it.
 */
import { partitionPointOf } from '../../base/binarySearch';
import { type ByteReader } from '../../base/byteReader';
import { AT } from './constants';
import { type DebugInfo, ifWellFormed } from './debugInfo';
import { type Entry } from './entry';
import { type SplitUnits } from './splitUnits';
import { type Unit } from './unit';

/**
 * If more strings than this end in the name, it is a very common ending, and the answer is all units. Each string costs
 * one search through .debug_info, so many of them cost more than reading the units.
 */
const MAX_STRINGS = 64;

const SECTIONS = ['.debug_info', '.debug_types'] as const;

/**
 * Units of `info` and of its supplementary file that may have an entry named `name` or, with template arguments,
 * `name<`….
 */
export function unitsMentioning(info: DebugInfo, name: string): ReadonlySet<Unit> {
  const units = new Set<Unit>();
  const { supplementary } = info;
  const own = stringOffsets(info, name);
  const shared = supplementary ? stringOffsets(supplementary, name) : [];
  if (!own || !shared) return new Set([...info.units, ...(supplementary?.units ?? [])]);
  addUnits(info, patternsOf(name, [...own, ...shared]), units);
  addIndexedUnits(info, own, units);
  if (supplementary) addUnits(supplementary, patternsOf(name, shared), units);
  return units;
}

/** The same of all files that describe a program, those of split DWARF too. */
export function programUnitsMentioning(info: DebugInfo, split: SplitUnits, name: string): readonly Unit[] {
  const own = [...unitsMentioning(info, name)].filter((unit) => split.described(unit) === unit);
  return [...own, ...splitUnitsMentioning(split, name)];
}

/** Units of .dwo and .dwp files that may have an entry named `name`. */
export function splitUnitsMentioning(split: SplitUnits, name: string): readonly Unit[] {
  const units: Unit[] = [];
  for (const { info, isUsed } of split.files()) {
    for (const unit of ifWellFormed(() => unitsMentioning(info, name)) ?? []) if (isUsed(unit)) units.push(unit);
  }
  return units;
}

/** Units other than its own that may refer to an entry of `info` or of its supplementary file. */
export function unitsReferringTo(info: DebugInfo, { offset, unit }: Entry): ReadonlySet<Unit> {
  const units = new Set<Unit>();
  const { supplementary } = info;
  addUnits(info, [offsetPattern(offset)], units);
  // Nothing in the supplementary file refers to what is not in it.
  if (supplementary && unit.file.isSupplementary) addUnits(supplementary, [offsetPattern(offset)], units);
  return units;
}

/** Offsets in .debug_str of strings that end in `name` or have `name<` in them; undefined: too many to tell. */
function stringOffsets(info: DebugInfo, name: string): number[] | undefined {
  const strings = asBuffer(info.sections.reader('.debug_str'));
  const offsets: number[] = [];
  for (const ending of ['\0', '<']) {
    const pattern = Buffer.from(name + ending);
    for (let at = strings.indexOf(pattern); at >= 0; at = strings.indexOf(pattern, at + 1)) {
      offsets.push(at);
      if (offsets.length > MAX_STRINGS) return undefined;
      // A linker may keep a string only as the tail of a longer one; and a name may have another before it.
      const start = strings.lastIndexOf(0, at) + 1;
      if (start < at) offsets.push(start);
    }
  }
  return offsets;
}

function patternsOf(name: string, offsets: readonly number[]): Buffer[] {
  return [Buffer.from(`${name}\0`), Buffer.from(`${name}<`), ...offsets.map(offsetPattern)];
}

/** An offset as forms have it; of 8 bytes, the lower four are searched. */
function offsetPattern(offset: number): Buffer {
  const pattern = Buffer.alloc(4);
  pattern.writeUInt32LE(offset % 0x1_0000_0000);
  return pattern;
}

function addUnits(info: DebugInfo, patterns: readonly Buffer[], units: Set<Unit>): void {
  for (const section of SECTIONS) {
    const bytes = asBuffer(info.sections.reader(section));
    for (const pattern of patterns) {
      let at = bytes.indexOf(pattern);
      while (at >= 0) {
        const unit = info.unitAt(at, section);
        if (unit) units.add(unit);
        at = bytes.indexOf(pattern, unit ? unit.header.end : at + 1);
      }
    }
  }
}

/** Units that reach the strings through their part of .debug_str_offsets (DW_FORM_strx). */
function addIndexedUnits(info: DebugInfo, offsets: readonly number[], units: Set<Unit>): void {
  const table = asBuffer(info.sections.reader('.debug_str_offsets'));
  if (table.length === 0) return;
  // Several units can share one part.
  const parts = new Map<number, Unit[]>();
  for (const unit of info.units) {
    if (!unit.isSplit && !unit.root?.has(AT.str_offsets_base)) continue;
    const part = parts.get(unit.strOffsetsBase);
    if (part) part.push(unit);
    else parts.set(unit.strOffsetsBase, [unit]);
  }
  const bases = [...parts.keys()].sort((a, b) => a - b);
  for (const offset of offsets) {
    const pattern = offsetPattern(offset);
    let at = table.indexOf(pattern);
    while (at >= 0) {
      const next = partitionPointOf(bases, (base) => base <= at);
      for (const unit of parts.get(bases[next - 1] ?? -1) ?? []) units.add(unit);
      // One hit settles a part.
      at = next < bases.length ? table.indexOf(pattern, bases[next]) : -1;
    }
  }
}

function asBuffer(reader: ByteReader): Buffer {
  const { data } = reader;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
