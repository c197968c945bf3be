/** A section of NUL-terminated strings that other sections refer to by offset: .debug_str, .strtab and the like. */
import { ByteReader, type BytesOrigin, MAX_STRING } from './byteReader';
import { OverlapLimit } from './overlapLimit';

/**
 * Strings of more bytes are cached, and their overlap is limited. Few real strings are that long: mangled templates.
 */
const LONG = 4096;

/** Reads the bytes between two offsets of a table that is read as far as it is needed. */
export type NeedBytes = (from: number, to: number) => void;

export class StringTable {
  readonly #reader: ByteReader;
  readonly #limit: OverlapLimit;
  readonly #long = new Map<number, string>();
  readonly #need: NeedBytes | undefined;

  constructor(bytes: Uint8Array, origin: BytesOrigin, need?: NeedBytes) {
    this.#need = need;
    this.#reader = new ByteReader(bytes, origin);
    this.#limit = new OverlapLimit(origin, bytes.length);
  }

  get bytes(): Uint8Array {
    return this.#reader.data;
  }

  /** The string at `offset`. Throws `malformed` outside the table and for an unterminated string. */
  at(offset: number): string {
    const { data, end } = this.#reader;
    if (!(offset >= 0 && offset < end)) throw this.#reader.malformed('a string lies past its end', offset);
    const known = this.#long.get(offset);
    if (known !== undefined) return known;
    const longest = Math.min(end, offset + MAX_STRING + 1);
    // Nearly all strings are short. For the others the search is limited to a part of the section, so that it never
    // scans the whole.
    let nul = offset;
    const soon = Math.min(longest, offset + LONG);
    this.#need?.(offset, soon);
    while (nul < soon && data[nul] !== 0) nul++;
    if (nul < soon) return this.#text(offset, nul);
    this.#need?.(soon, longest);
    const rest = data.subarray(soon, longest).indexOf(0);
    nul = rest < 0 ? longest : soon + rest;
    this.#limit.read(offset, nul - offset);
    if (rest < 0) throw this.#reader.malformed('a string has no end', offset);
    const text = this.#text(offset, nul);
    this.#long.set(offset, text);
    return text;
  }

  #text(start: number, end: number): string {
    const { data } = this.#reader;
    return Buffer.from(data.buffer, data.byteOffset + start, end - start).toString('utf8');
  }
}
