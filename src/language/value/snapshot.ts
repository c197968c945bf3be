/** The bytes of a value as a hit brought them, and what is known to be missing from them. */

export interface Snapshot {
  /** From the value's start on; fewer than the value has where not all were captured. */
  readonly bytes: Uint8Array;
  /** Bytes that debug information could not locate; those in `bytes` mean nothing. */
  readonly holes: readonly { readonly start: number; readonly end: number; readonly reason: string }[];
  /** What text pointers in the value point to, by their offsets: in quotes, or why it is not there. */
  readonly texts: ReadonlyMap<number, string>;
}

export function snapshot(bytes: Uint8Array, parts: Partial<Snapshot> = {}): Snapshot {
  return { bytes, holes: [], texts: new Map(), ...parts };
}

/** `size` little-endian bytes as an integer. */
export function readInteger(bytes: Uint8Array, offset: number, size: number, signed: boolean): bigint {
  let value = 0n;
  for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[offset + index]!);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

/** `size` bits from bit `start` of the bytes on, counted from the lowest bit of the first byte. */
export function readBits(bytes: Uint8Array, start: number, size: number, signed: boolean): bigint {
  const first = Math.floor(start / 8);
  const last = Math.ceil((start + size) / 8);
  const value = readInteger(bytes, first, last - first, false) >> BigInt(start - first * 8);
  return signed ? BigInt.asIntN(size, value) : BigInt.asUintN(size, value);
}
