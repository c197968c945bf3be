/** Integers of any width in little-endian bytes: the order of x86-64, of its ELF files and of their DWARF. */

/** `size` bytes from `offset` on; all must be there. */
export function readInteger(bytes: Uint8Array, offset: number, size: number, signed: boolean): bigint {
  let value = 0n;
  for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[offset + index]!);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

/** All of the bytes, without a sign. */
export function littleEndian(bytes: Uint8Array): bigint {
  return readInteger(bytes, 0, bytes.length, false);
}

/** `size` bits from bit `start` of the bytes on, counted from the lowest bit of the first byte. */
export function readBits(bytes: Uint8Array, start: number, size: number, signed: boolean): bigint {
  const first = Math.floor(start / 8);
  const last = Math.ceil((start + size) / 8);
  const value = readInteger(bytes, first, last - first, false) >> BigInt(start - first * 8);
  return signed ? BigInt.asIntN(size, value) : BigInt.asUintN(size, value);
}
