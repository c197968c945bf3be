/** A compressed section whose bytes come from a decompressed copy, block by block as they are needed. */
import { type Disposable } from '../../base/lifetime';

/** The section as something outside keeps it. */
export interface SectionCopy extends Disposable {
  /** Bytes of each block but the last. */
  readonly blockSize: number;
  /** Fills `into` with a block; false where the copy can't be read or is damaged. */
  read(block: number, into: Uint8Array): boolean;
}

/** Keeps copies of a file's compressed sections. */
export interface SectionKeeper {
  /** The copy of a section, which should have `size` bytes; undefined where there is no sound one. */
  open(section: string, size: number): SectionCopy | undefined;
  /** Keeps a copy, if it is worth that. */
  keep(section: string, bytes: Uint8Array): void;
}

export class PartialSection implements Disposable {
  /** All of the section's size; zeros where it was not needed yet. */
  readonly data: Uint8Array;
  readonly #copy: SectionCopy;
  readonly #decompress: () => Uint8Array;
  readonly #isRead: Uint8Array;
  #left: number;

  /** `decompress`: what replaces a copy that is damaged. */
  constructor(copy: SectionCopy, size: number, decompress: () => Uint8Array) {
    // Memory that nobody has written takes no room.
    this.data = new Uint8Array(size);
    this.#copy = copy;
    this.#decompress = decompress;
    this.#left = Math.ceil(size / copy.blockSize);
    this.#isRead = new Uint8Array(this.#left);
  }

  /** Reads what is missing between two offsets. Throws `malformed` where that must be decompressed and can't be. */
  need(from: number, to: number): void {
    if (this.#left === 0) return;
    const { blockSize } = this.#copy;
    const end = Math.min(to, this.data.length);
    for (let block = Math.floor(from / blockSize); block * blockSize < end; block++) {
      if (this.#isRead[block] === 1) continue;
      if (!this.#copy.read(block, this.data.subarray(block * blockSize, (block + 1) * blockSize))) {
        this.data.set(this.#decompress());
        this.#left = 0;
        return;
      }
      this.#isRead[block] = 1;
      this.#left--;
    }
  }

  dispose(): void {
    this.#copy.dispose();
  }
}
