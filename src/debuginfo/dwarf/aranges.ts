/** .debug_aranges (DWARF 5 §6.1.2): which unit describes which addresses. Optional, and not all compilers write it. */
import { type DebugFile } from './debugFile';
import { readInitialLength, readOffset } from './initialLength';

export interface UnitRange {
  readonly low: number;
  readonly high: number;
  /** Of the unit's header in .debug_info. */
  readonly unitOffset: number;
}

/** All ranges of the section, in file order. */
export function readAranges(file: DebugFile): UnitRange[] {
  const reader = file.sections.reader('.debug_aranges');
  const ranges: UnitRange[] = [];
  while (!reader.atEnd) {
    const start = reader.offset;
    const { length, offsetSize } = readInitialLength(reader);
    const end = reader.offset + length;
    if (end > reader.end) throw reader.malformed('a set of ranges reaches past the end of the section', start);
    const version = reader.u16();
    const unitOffset = readOffset(reader, offsetSize);
    const addressSize = reader.u8();
    const segmentSize = reader.u8();
    if (version === 2 && addressSize === 8 && segmentSize === 0) {
      // Tuples are aligned to their own size, counted from the set's start.
      reader.skip((16 - ((reader.offset - start) % 16)) % 16);
      while (reader.offset + 16 <= end) {
        const low = reader.number64();
        const size = reader.number64();
        if (low === 0 && size === 0) break;
        if (size > 0) ranges.push({ low, high: low + size, unitOffset });
      }
    }
    reader.offset = end;
  }
  return ranges;
}
