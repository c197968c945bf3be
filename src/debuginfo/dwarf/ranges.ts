/** Address ranges of an entry: low_pc and high_pc, .debug_rnglists (DWARF 5 §2.17.3, §7.25) and .debug_ranges (DWARF 4 §2.17.3). */
import { type ByteReader } from '../../base/byteReader';
import { AT, FORM, RLE } from './constants';
import { type Entry } from './entry';
import { readOffset } from './initialLength';
import { type Unit } from './unit';

/** The largest address, which starts a new base in .debug_ranges, as a number. */
const BASE_SELECTION = 2 ** 64;

/** [low, high) */
export interface AddressRange {
  readonly low: number;
  readonly high: number;
}

/** The ranges an entry's code takes, in the entry's order, without empty ones; none for an entry without code. */
export function entryRanges(entry: Entry): readonly AddressRange[] {
  const list = entry.attribute(AT.ranges);
  if (list) {
    const offset = list.unsigned();
    if (offset === undefined) return [];
    if (entry.unit.header.version < 5) return readRanges(entry.unit, offset);
    return readRangeList(entry.unit, list.form === FORM.rnglistx ? listOffset(entry.unit, offset) : offset);
  }
  const low = entry.address(AT.low_pc);
  const high = entry.attribute(AT.high_pc);
  if (low === undefined || !high) return [];
  // An address in DWARF 2 and 3, a length since DWARF 4 (§2.17.2).
  const end = high.address() ?? low + (high.unsigned() ?? 0);
  return low < end ? [{ low, high: end }] : [];
}

/** Entry number `index` of the unit's offsets table (DWARF 5 §7.28). */
function listOffset(unit: Unit, index: number): number {
  const { rnglistsBase } = unit;
  const reader = unit.info.sections.reader('.debug_rnglists');
  reader.offset = rnglistsBase + index * unit.header.offsetSize;
  return rnglistsBase + readOffset(reader, unit.header.offsetSize);
}

function readRanges(unit: Unit, offset: number): AddressRange[] {
  const reader = listReader(unit, '.debug_ranges', offset);
  let base = unit.baseAddress;
  const ranges: AddressRange[] = [];
  for (;;) {
    const start = reader.offset;
    const low = reader.number64();
    const high = reader.number64();
    if (low === 0 && high === 0) return ranges;
    if (low === BASE_SELECTION) base = high;
    else add(ranges, base + low, base + high, reader, start);
  }
}

function readRangeList(unit: Unit, offset: number): AddressRange[] {
  const reader = listReader(unit, '.debug_rnglists', offset);
  const { info } = unit;
  let base = unit.baseAddress;
  const ranges: AddressRange[] = [];
  for (;;) {
    const start = reader.offset;
    const kind = reader.u8();
    switch (kind) {
      case RLE.end_of_list:
        return ranges;
      case RLE.base_addressx:
        base = info.indexedAddress(unit, reader.uleb());
        break;
      case RLE.base_address:
        base = reader.number64();
        break;
      case RLE.startx_endx: {
        const low = info.indexedAddress(unit, reader.uleb());
        add(ranges, low, info.indexedAddress(unit, reader.uleb()), reader, start);
        break;
      }
      case RLE.startx_length: {
        const low = info.indexedAddress(unit, reader.uleb());
        add(ranges, low, low + reader.uleb(), reader, start);
        break;
      }
      case RLE.offset_pair: {
        const low = base + reader.uleb();
        add(ranges, low, base + reader.uleb(), reader, start);
        break;
      }
      case RLE.start_end: {
        const low = reader.number64();
        add(ranges, low, reader.number64(), reader, start);
        break;
      }
      case RLE.start_length: {
        const low = reader.number64();
        add(ranges, low, low + reader.uleb(), reader, start);
        break;
      }
      default:
        throw reader.malformed(`a range list entry of kind ${kind} is unknown`, start);
    }
  }
}

function listReader(unit: Unit, section: '.debug_ranges' | '.debug_rnglists', offset: number): ByteReader {
  const reader = unit.info.sections.reader(section);
  if (offset > reader.end) throw reader.malformed('a range list lies past its end', offset);
  reader.offset = offset;
  return reader;
}

function add(ranges: AddressRange[], low: number, high: number, reader: ByteReader, start: number): void {
  if (low > high) throw reader.malformed('a range ends before it starts', start);
  if (low < high) ranges.push({ low, high });
}
