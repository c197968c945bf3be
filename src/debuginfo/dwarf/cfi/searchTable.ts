/**
 * .eh_frame_hdr (Linux Standard Base, Core 5.0 §10.6.2): descriptions by the address that they begin at, sorted by the
 * linker. What it says is a hint: whoever follows it looks at the description itself.
 */
import { partitionPoint } from '../../../base/binarySearch';
import { type ByteReader } from '../../../base/byteReader';
import { fixedPointerSize, type PointerBases, readPointer } from './pointer';

const VERSION = 1;

export class SearchTable {
  readonly #section: ByteReader;
  readonly #bases: PointerBases;
  readonly #encoding: number;
  readonly #start: number;
  readonly #pointerSize: number;
  readonly #count: number;
  readonly #frameAddress: number;

  private constructor(
    section: ByteReader,
    bases: PointerBases,
    table: { encoding: number; start: number; pointerSize: number; count: number; frameAddress: number },
  ) {
    this.#section = section;
    this.#bases = bases;
    this.#encoding = table.encoding;
    this.#start = table.start;
    this.#pointerSize = table.pointerSize;
    this.#count = table.count;
    this.#frameAddress = table.frameAddress;
  }

  /**
   * The table in `section`, which lies at `address`, over the .eh_frame at `frameAddress`. Undefined without one that
   * can be searched: of another version or section, of pointers of various sizes, or cut short.
   */
  static read(section: ByteReader, address: number, frameAddress: number): SearchTable | undefined {
    if (section.end < 4) return undefined;
    const reader = section.at(0);
    const bases = { section: address, data: address };
    const [version, frameEncoding, countEncoding, encoding] = [reader.u8(), reader.u8(), reader.u8(), reader.u8()];
    const pointerSize = fixedPointerSize(encoding);
    if (version !== VERSION || pointerSize === undefined) return undefined;
    if (readPointer(reader, frameEncoding, bases) !== frameAddress) return undefined;
    const count = readPointer(reader, countEncoding, bases) ?? 0;
    if (!(count > 0 && count * 2 * pointerSize <= section.end - reader.offset)) return undefined;
    return new SearchTable(section, bases, { encoding, start: reader.offset, pointerSize, count, frameAddress });
  }

  /** Where in .eh_frame the last description that begins at `pc` or before is; undefined without one. */
  find(pc: number): number | undefined {
    const next = partitionPoint(this.#count, (index) => this.#pointer(index * 2) <= pc);
    return next === 0 ? undefined : this.#pointer(next * 2 - 1) - this.#frameAddress;
  }

  #pointer(number: number): number {
    const reader = this.#section.at(this.#start + number * this.#pointerSize);
    return readPointer(reader, this.#encoding, this.#bases) ?? 0;
  }
}
