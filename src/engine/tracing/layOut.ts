/** Places for fields in a memory, one behind the other in the order in which they are named. */

/** A field: how many bytes it takes, and a power of two that its offset is a multiple of (by default 8). */
export interface Field {
  readonly bytes: number;
  readonly align?: number;
}

export interface LaidOut<Name extends string> {
  /** Of each field, in bytes. */
  readonly offsets: Readonly<Record<Name, number>>;
  /** Behind the last one. */
  readonly bytes: number;
}

const USUAL_ALIGNMENT = 8;

/** No two fields overlap, because each begins where the one before it ends, or a little behind. */
export function layOut<Name extends string>(fields: Readonly<Record<Name, Field>>): LaidOut<Name> {
  const offsets = {} as Record<Name, number>;
  let end = 0;
  for (const name of Object.keys(fields) as Name[]) {
    const { bytes, align = USUAL_ALIGNMENT } = fields[name];
    const offset = Math.ceil(end / align) * align;
    offsets[name] = offset;
    end = offset + bytes;
  }
  return { offsets: Object.freeze(offsets), bytes: end };
}
