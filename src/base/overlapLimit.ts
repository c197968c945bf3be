/**
 * A bound on what overlapping structures can cost. The strings, lists and tables of a valid section do not overlap
 * (except that linkers share string ends), so reading each once costs at most the section's size. In a malicious
 * section, thousands of offsets can lead into one long structure, and reading it for each of them would cost the square
 * of its size.
 */
import { type BytesOrigin } from './byteReader';
import { SidestepError } from './errors';

/**
 * How often each byte of a section may be read as part of different structures. Valid files read each byte once, shared
 * string ends twice; 8 leaves room above that, and bounds the work of a malicious file to 8 times its size.
 */
const MAX_READINGS = 8;
/** This many bytes are not counted: in a section of that size even the worst overlap costs little. */
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
   * Counts the structure of this many bytes at `offset`; the same offset counts once. Throws `unsupported`. Unlike one
   * malformed item, this error ends the whole list, because the omitted part could contain anything.
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
