/**
 * A bound on what overlapping structures can cost. The strings, lists and tables of a sound section do not overlap
 * (linkers let strings share their ends, no more), so that reading each of them once takes at most the section's size.
 * A hostile section can let thousands of offsets lead into one long structure, and reading all would take the square of
 * its size.
 */
import { type BytesOrigin } from './byteReader';
import { SidestepError } from './errors';

/**
 * How often each byte of a section may be read as part of different structures. Sound files come to 1, shared ends to
 * 2.
 */
const MAX_READINGS = 8;
/** Small sections may do as they like: this many bytes cost nothing. */
const FREE_BYTES = 1 << 20;

export class OverlapLimit {
  readonly #known = new Set<number>();
  #left: number;

  /** `sectionSize` in bytes. */
  constructor(
    readonly origin: BytesOrigin,
    readonly sectionSize: number,
  ) {
    this.#left = FREE_BYTES + sectionSize * MAX_READINGS;
  }

  /**
   * Notes that the structure at `offset`, of this many bytes, is read; the same offset counts once. Throws
   * `unsupported`, which no list of answers passes over as it passes over one malformed item: what is left out there
   * could be anything.
   */
  read(offset: number, bytes: number): void {
    if (this.#known.has(offset)) return;
    this.#known.add(offset);
    this.#left -= bytes;
    if (this.#left >= 0) return;
    const { file, section } = this.origin;
    throw new SidestepError(
      'unsupported',
      `${section ?? 'a section'} of ${file ?? 'the file'} can't be read: too much of its contents overlaps`,
      { place: { ...this.origin, offset }, advice: 'No compiler writes such files: rebuild or reinstall it.' },
    );
  }
}
