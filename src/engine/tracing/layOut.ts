/** Places for fields in a WebAssembly memory, one after the other in the order in which they are named. */

/** A WebAssembly memory has a whole number of these. */
export const WASM_PAGE = 65536;
/** struct iovec (readv(2)): a u64 address and a u64 length. */
export const IOVEC_BYTES = 16;

/** A field: how many bytes it takes, and a power of two that its offset is a multiple of (by default 8). */
export interface Field {
  readonly bytes: number;
  readonly align?: number;
}

export interface LaidOut<Name extends string> {
  /** Of each field, in bytes. */
  readonly offsets: Readonly<Record<Name, number>>;
  /** Up to the end of the last one. */
  readonly bytes: number;
  /** As many pages hold them. */
  readonly pages: number;
}

const USUAL_ALIGNMENT = 8;

/** No two fields overlap, because each begins where the one before it ends, or a little after. */
export function layOut<Name extends string>(fields: Readonly<Record<Name, Field>>): LaidOut<Name> {
  const offsets = {} as Record<Name, number>;
  let end = 0;
  for (const name of Object.keys(fields) as Name[]) {
    const { bytes, align = USUAL_ALIGNMENT } = fields[name];
    const offset = Math.ceil(end / align) * align;
    offsets[name] = offset;
    end = offset + bytes;
  }
  return { offsets: Object.freeze(offsets), bytes: end, pages: Math.ceil(end / WASM_PAGE) };
}
