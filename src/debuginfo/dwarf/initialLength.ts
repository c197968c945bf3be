/** Lengths and offsets whose width depends on the DWARF format, 32-bit or 64-bit (DWARF 5 §7.4). */
import { type ByteReader } from '../../base/byteReader';

/** Bytes of the longer kind of initial length. */
export const MAX_INITIAL_LENGTH = 12;

/** Initial length (DWARF 5 §7.4): the bytes that follow it and the offset size it announces. */
export function readInitialLength(reader: ByteReader): { readonly length: number; readonly offsetSize: 4 | 8 } {
  const start = reader.offset;
  const length = reader.u32();
  if (length < 0xfffffff0) return { length, offsetSize: 4 };
  if (length !== 0xffffffff) throw reader.malformed('an initial length has a reserved value', start);
  return { length: reader.size64(), offsetSize: 8 };
}

/** An offset into a section: 4 or 8 bytes. */
export function readOffset(reader: ByteReader, offsetSize: 4 | 8): number {
  return offsetSize === 4 ? reader.u32() : reader.size64();
}
