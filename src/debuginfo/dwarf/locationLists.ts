/** Location lists (DWARF 5 §2.6.2, §7.29 in .debug_loclists; DWARF 4 §2.6.2 in .debug_loc): the expression that holds at an address. */
import { type AttributeValue } from './attributeValue';
import { FORM, LLE } from './constants';
import { readOffset } from './initialLength';
import { type Unit } from './unit';

/** The largest address, which starts a new base in .debug_loc, as a number. */
const BASE_SELECTION = 2 ** 64;

/**
 * The expression of a DW_AT_location or DW_AT_frame_base at `pc`: the attribute's own, or the list's entry that covers `pc`.
 * Undefined: nothing holds there.
 */
export function expressionAt(value: AttributeValue, pc: number): Uint8Array | undefined {
  const list = listOffset(value);
  if (list === undefined) return value.block();
  const { unit } = value;
  return unit.info.sections.reader('.debug_loclists').end > 0 && unit.header.version >= 5
    ? inLocationList(unit, list, pc)
    : inOldList(unit, list, pc);
}

/** Whether the value changes from address to address: a sign of optimised code. */
export function isLocationList(value: AttributeValue): boolean {
  return value.isListOffset || value.form === FORM.loclistx;
}

function listOffset(value: AttributeValue): number | undefined {
  if (value.isListOffset) return value.unsigned();
  if (value.form !== FORM.loclistx) return undefined;
  const { unit } = value;
  const { loclistsBase } = unit;
  const reader = unit.info.sections.reader('.debug_loclists');
  const index = value.unsigned() ?? 0;
  reader.offset = loclistsBase + index * unit.header.offsetSize;
  return loclistsBase + readOffset(reader, unit.header.offsetSize);
}

function inOldList(unit: Unit, offset: number, pc: number): Uint8Array | undefined {
  const reader = unit.info.sections.reader('.debug_loc');
  if (offset > reader.end) throw reader.malformed('a location list lies past its end', offset);
  reader.offset = offset;
  let base = unit.baseAddress;
  for (;;) {
    const low = reader.number64();
    const high = reader.number64();
    if (low === 0 && high === 0) return undefined;
    if (low === BASE_SELECTION) {
      base = high;
      continue;
    }
    const expression = reader.bytes(reader.u16());
    if (pc >= base + low && pc < base + high) return expression;
  }
}

function inLocationList(unit: Unit, offset: number, pc: number): Uint8Array | undefined {
  const reader = unit.info.sections.reader('.debug_loclists');
  if (offset > reader.end) throw reader.malformed('a location list lies past its end', offset);
  reader.offset = offset;
  const { info } = unit;
  let base = unit.baseAddress;
  let otherwise: Uint8Array | undefined;
  for (;;) {
    const start = reader.offset;
    const kind = reader.u8();
    let low: number;
    let high: number;
    switch (kind) {
      case LLE.end_of_list:
        return otherwise;
      case LLE.base_addressx:
        base = info.indexedAddress(unit, reader.uleb());
        continue;
      case LLE.base_address:
        base = reader.number64();
        continue;
      case LLE.GNU_view_pair:
        reader.uleb();
        reader.uleb();
        continue;
      case LLE.default_location:
        otherwise = reader.bytes(reader.uleb());
        continue;
      case LLE.startx_endx:
        low = info.indexedAddress(unit, reader.uleb());
        high = info.indexedAddress(unit, reader.uleb());
        break;
      case LLE.startx_length:
        low = info.indexedAddress(unit, reader.uleb());
        high = low + reader.uleb();
        break;
      case LLE.offset_pair:
        low = base + reader.uleb();
        high = base + reader.uleb();
        break;
      case LLE.start_end:
        low = reader.number64();
        high = reader.number64();
        break;
      case LLE.start_length:
        low = reader.number64();
        high = low + reader.uleb();
        break;
      default:
        throw reader.malformed(`a location list entry of kind ${kind} is unknown`, start);
    }
    const expression = reader.bytes(reader.uleb());
    if (pc >= low && pc < high) return expression;
  }
}
