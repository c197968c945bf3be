/** Address ranges of an entry: low_pc and high_pc, or a list (DWARF 5 §2.17). */
import { AT } from './constants';
import { type Entry } from './entry';
import { type AddressRange } from './rangeSection';

export { type AddressRange } from './rangeSection';

/** The ranges an entry's code takes, in the entry's order, without empty ones; none for an entry without code. */
export function entryRanges(entry: Entry): readonly AddressRange[] {
  const list = entry.attribute(AT.ranges);
  if (list) {
    const { unit } = entry;
    const value = list.unsigned();
    if (value === undefined) return [];
    if (unit.header.version < 5) {
      const { file, offset } = unit.rangesAt(value);
      return file.rangeLists.at('.debug_ranges', offset, entry);
    }
    const isIndex = list.value.class === 'rangeIndex';
    const offset = isIndex ? unit.listOffset('.debug_rnglists', value) : unit.partOf('.debug_rnglists') + value;
    return unit.file.rangeLists.at('.debug_rnglists', offset, entry);
  }
  const low = entry.address(AT.low_pc);
  const high = entry.attribute(AT.high_pc);
  if (low === undefined || !high) return [];
  // An address in DWARF 2 and 3, a length since DWARF 4 (§2.17.2).
  const end = high.address() ?? low + (high.unsigned() ?? 0);
  return low < end ? [{ low, high: end }] : [];
}

/** Whether one of `ranges` holds `address`. */
export function isIn(ranges: readonly AddressRange[], address: number): boolean {
  return ranges.some(({ low, high }) => address >= low && address < high);
}
