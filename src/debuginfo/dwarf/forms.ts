/**
 * The encodings of attribute values (DWARF 5 §7.5.5, §7.5.6): their sizes, and getting over them without reading them.
 */
import { FORM } from './constants';

/** What the size of a form depends on: a unit's header. */
export interface Encoding {
  readonly version: number;
  /** 4 in the 32-bit DWARF format, 8 in the 64-bit one. */
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
}

/** Sizes that are no number of bytes by themselves. */
const VARIABLE = -1;
const ADDRESS = -2;
const OFFSET = -3;
const REFERENCE = -4;

const SIZES = new Map<number, number>([
  [FORM.addr, ADDRESS],
  [FORM.addrx, VARIABLE],
  [FORM.addrx1, 1],
  [FORM.addrx2, 2],
  [FORM.addrx3, 3],
  [FORM.addrx4, 4],
  [FORM.block, VARIABLE],
  [FORM.block1, VARIABLE],
  [FORM.block2, VARIABLE],
  [FORM.block4, VARIABLE],
  [FORM.data1, 1],
  [FORM.data2, 2],
  [FORM.data4, 4],
  [FORM.data8, 8],
  [FORM.data16, 16],
  [FORM.exprloc, VARIABLE],
  [FORM.flag, 1],
  [FORM.flag_present, 0],
  [FORM.implicit_const, 0],
  [FORM.indirect, VARIABLE],
  [FORM.line_strp, OFFSET],
  [FORM.loclistx, VARIABLE],
  [FORM.ref1, 1],
  [FORM.ref2, 2],
  [FORM.ref4, 4],
  [FORM.ref8, 8],
  [FORM.ref_addr, REFERENCE],
  [FORM.ref_sig8, 8],
  [FORM.ref_sup4, 4],
  [FORM.ref_sup8, 8],
  [FORM.ref_udata, VARIABLE],
  [FORM.rnglistx, VARIABLE],
  [FORM.sdata, VARIABLE],
  [FORM.sec_offset, OFFSET],
  [FORM.string, VARIABLE],
  [FORM.strp, OFFSET],
  [FORM.strp_sup, OFFSET],
  [FORM.strx, VARIABLE],
  [FORM.strx1, 1],
  [FORM.strx2, 2],
  [FORM.strx3, 3],
  [FORM.strx4, 4],
  [FORM.udata, VARIABLE],
  [FORM.GNU_addr_index, VARIABLE],
  [FORM.GNU_ref_alt, OFFSET],
  [FORM.GNU_str_index, VARIABLE],
  [FORM.GNU_strp_alt, OFFSET],
]);

/** The standard forms again, by number: abbreviations ask for each attribute of each declaration. */
const STANDARD_SIZES: readonly (number | undefined)[] = Array.from({ length: FORM.addrx4 + 1 }, (_, form) =>
  SIZES.get(form),
);

/** Bytes that a value of this form takes; -1 if that differs from value to value, undefined if the form is unknown. */
export function formSize(form: number, encoding: Encoding): number | undefined {
  const size = form < STANDARD_SIZES.length ? STANDARD_SIZES[form] : SIZES.get(form);
  if (size === undefined || size >= VARIABLE) return size;
  if (size === ADDRESS) return encoding.addressSize;
  // DWARF 2 made references as wide as addresses (DWARF 3 §7.5.4 changed that).
  return size === REFERENCE && encoding.version <= 2 ? encoding.addressSize : encoding.offsetSize;
}

/**
 * The offset behind the value of a variable-size form at `offset`. Reads past the end of `bytes` count as zeros, so the
 * result may lie past it: callers compare it with where their data ends.
 */
export function skipForm(bytes: Uint8Array, offset: number, form: number, encoding: Encoding): number {
  switch (form) {
    case FORM.block1:
      return offset + 1 + byteAt(bytes, offset);
    case FORM.block2:
      return offset + 2 + (byteAt(bytes, offset) | (byteAt(bytes, offset + 1) << 8));
    case FORM.block4:
      return offset + 4 + little32(bytes, offset);
    case FORM.block:
    case FORM.exprloc: {
      let length = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = byteAt(bytes, offset++);
        // The last of many padding zeros has an infinite scale.
        if ((byte & 0x7f) !== 0) length += (byte & 0x7f) * scale;
        if (byte < 0x80) return offset + length;
      }
    }
    case FORM.string: {
      const nul = bytes.indexOf(0, offset);
      return nul < 0 ? bytes.length + 1 : nul + 1;
    }
    case FORM.indirect: {
      let actual = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = byteAt(bytes, offset++);
        if ((byte & 0x7f) !== 0) actual += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
      }
      const size = actual === FORM.indirect ? undefined : formSize(actual, encoding);
      if (size === undefined) return bytes.length + 1;
      return size >= 0 ? offset + size : skipForm(bytes, offset, actual, encoding);
    }
    default:
      while (byteAt(bytes, offset) >= 0x80) offset++;
      return offset + 1;
  }
}

function byteAt(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

function little32(bytes: Uint8Array, offset: number): number {
  return (
    byteAt(bytes, offset) +
    (byteAt(bytes, offset + 1) << 8) +
    (byteAt(bytes, offset + 2) << 16) +
    byteAt(bytes, offset + 3) * 0x1000000
  );
}
