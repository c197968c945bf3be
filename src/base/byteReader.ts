/**
 * A cursor over little-endian bytes that can't run past its end: every read is checked and a short one is an error
 * that names the section and the offset. ELF, DWARF and hit records are all read through it.
 */
import { SidestepError } from './errors';

/** What the bytes are, for error messages. */
export interface BytesOrigin {
  readonly file?: string;
  readonly section?: string;
}

/**
 * Limit on a string, in bytes. Names of C++ templates reach some hundred thousand bytes; longer ones come from
 * malicious files, and would cost a copy at every use.
 */
export const MAX_STRING = 1 << 20;

export class ByteReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  /** Bytes from the start of the data; may be set, up to and including {@link end}. */
  offset = 0;

  constructor(
    bytes: Uint8Array,
    readonly origin: BytesOrigin = {},
    /** Reads stop here, in bytes from the start of the data. */
    readonly end: number = bytes.length,
    /** A view of the same bytes: readers of one section share it. */
    view: DataView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) {
    this.#bytes = bytes;
    this.#view = view;
  }

  /** All the data, for loops that check their bounds themselves. */
  get data(): Uint8Array {
    return this.#bytes;
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  /** A reader of its own of the same data, which stands at `offset` and stops at `end`. Cheap: nothing is copied. */
  at(offset: number, end: number = this.end): ByteReader {
    if (!(offset >= 0 && offset <= end && end <= this.#bytes.length)) {
      throw this.malformed(`offset ${offset} lies outside it`, offset);
    }
    const reader = new ByteReader(this.#bytes, this.origin, end, this.#view);
    reader.offset = offset;
    return reader;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  /** 24 bits, as DW_FORM_strx3 and DW_FORM_addrx3 have them. */
  u24(): number {
    const at = this.#take(3);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  /** A 64-bit count, size or offset that must fit a number. */
  size64(): number {
    const at = this.offset;
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.malformed(`a size of ${value} bytes is not possible`, at);
    return Number(value);
  }

  /** 64 bits as a number: addresses, which are exact below 2^53 and lose their low bits above. */
  number64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
  }

  /** ULEB128 that must fit a number: codes, counts, sizes (DWARF 5 §7.6). */
  uleb(): number {
    const start = this.offset;
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      const digit = byte & 0x7f;
      // Zeros may pad a number to any length; the scale of the last ones is infinite.
      if (digit !== 0) value += digit * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    if (value > Number.MAX_SAFE_INTEGER) throw this.malformed('a ULEB128 number is too large', start);
    return value;
  }

  /** SLEB128 that must fit a number. */
  sleb(): number {
    const short = this.#shortSleb();
    if (short !== undefined) return short;
    const start = this.offset;
    const value = Number(this.sleb64());
    if (!Number.isSafeInteger(value)) throw this.malformed('an SLEB128 number is too large', start);
    return value;
  }

  /** ULEB128 of any value, taken modulo 2^64. */
  uleb64(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8();
      if (shift < 64n) value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
  }

  /** SLEB128 of any value, taken modulo 2^64, as a signed number. */
  sleb64(): bigint {
    const short = this.#shortSleb();
    if (short !== undefined) return BigInt(short);
    let value = 0n;
    for (let shift = 0n; ;) {
      const byte = this.u8();
      if (shift < 64n) value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) {
        if (byte & 0x40 && shift < 64n) value |= -1n << shift;
        return BigInt.asIntN(64, value);
      }
    }
  }

  /**
   * SLEB128 of at most four bytes, as nearly all are: without bigints, which take ten times as long. The cursor stays
   * in front of a longer number: undefined.
   */
  #shortSleb(): number | undefined {
    const start = this.offset;
    let value = 0;
    for (let unused = 25; unused > 0; unused -= 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << (25 - unused);
      // The number's highest bit is its sign.
      if (byte < 0x80) return (value << unused) >> unused;
    }
    this.offset = start;
    return undefined;
  }

  /** `length` bytes, not copied. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A NUL-terminated UTF-8 string; the cursor then stands after the NUL. */
  cstring(): string {
    const start = this.offset;
    const nul = this.#bytes.indexOf(0, start);
    if (nul < 0 || nul >= this.end) throw this.malformed('a string has no end', start);
    if (nul - start > MAX_STRING) throw this.malformed(`a string of ${nul - start} bytes is too long`, start);
    this.offset = nul + 1;
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, nul - start).toString('utf8');
  }

  /** The error for malformed input at `offset`; it names the file, section and offset. */
  malformed(what: string, offset: number = this.offset): SidestepError {
    const { file, section } = this.origin;
    const where = [section, file && `of ${file}`].filter(Boolean).join(' ') || 'input';
    return new SidestepError('malformed', `${where} is malformed at offset 0x${offset.toString(16)}: ${what}`, {
      place: { ...this.origin, offset },
    });
  }

  #take(length: number): number {
    const at = this.offset;
    if (!(length >= 0 && at + length <= this.end)) {
      throw this.malformed(`${length} bytes are wanted, ${Math.max(0, this.end - at)} are left`, at);
    }
    this.offset = at + length;
    return at;
  }
}
