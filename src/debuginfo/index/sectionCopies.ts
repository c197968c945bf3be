/**
 * Compressed sections of large debug files, kept decompressed on disk, so that a question which needs a thousandth of
 * one reads no more. A copy is a header, a checksum for each block, and the section.
 */
import { closeSync, readSync } from 'node:fs';
import { type SectionCopy, type SectionKeeper } from '../elf/partialSection';
import { type CacheFolder, ifPossible } from './cacheFolder';
import { checksum } from './indexFormat';

/** "PSSC": what the first four bytes of a copy are. */
const MAGIC = 0x4353_5350;
const VERSION = 1;

/** Bytes of a block. A unit of a large C++ program has some hundred thousand. */
const BLOCK = 1 << 18;

/** Sections of fewer bytes are decompressed in some hundredths of a second. */
const LEAST_KEPT = 1 << 24;

/** Magic, version, bytes of the name, block size, the section's size in two words. */
const FIXED = 24;
const MAX_NAME = 256;

/** Those that questions about a few functions need a small part of. */
const COPIED = new Set(['.debug_info', '.debug_line', '.debug_str']);

export class SectionCopies implements SectionKeeper {
  readonly #folder: CacheFolder;
  readonly #key: string;
  readonly #leastKept: number;

  /** `key`: what tells the file from every other. */
  constructor(folder: CacheFolder, key: string, leastKept = LEAST_KEPT) {
    this.#folder = folder;
    this.#key = key;
    this.#leastKept = leastKept;
  }

  /** The copy of a section, which should have `size` bytes; undefined where there is no sound one. */
  open(section: string, size: number): SectionCopy | undefined {
    if (!this.#isKept(section, size)) return undefined;
    const name = this.#nameOf(section);
    const opened = this.#folder.open(name);
    if (!opened) return undefined;
    const { descriptor } = opened;
    const header = Buffer.from(headerOf(name, size).buffer);
    const blocks = Math.ceil(size / BLOCK);
    const start = header.length + 4 * blocks;
    const sums = new Uint32Array(blocks);
    const isSound = ifPossible(() => {
      const found = Buffer.alloc(header.length);
      return (
        opened.size === start + size &&
        readSync(descriptor, found, 0, found.length, 0) === found.length &&
        found.equals(header) &&
        readSync(descriptor, sums, 0, sums.byteLength, header.length) === sums.byteLength
      );
    });
    if (!isSound) {
      closeSync(descriptor);
      return undefined;
    }
    return {
      blockSize: BLOCK,
      read: (block, into) =>
        ifPossible(() => readSync(descriptor, into, 0, into.length, start + block * BLOCK)) === into.length &&
        sumOf(into) === sums[block],
      dispose: () => {
        closeSync(descriptor);
      },
    };
  }

  /** Keeps a copy of a section, if it is one of those and large, and the disk has room. */
  keep(section: string, bytes: Uint8Array): void {
    if (!this.#isKept(section, bytes.length) || !this.#folder.hasRoomFor(bytes.length)) return;
    const sums = new Uint32Array(Math.ceil(bytes.length / BLOCK));
    for (let block = 0; block < sums.length; block++)
      sums[block] = sumOf(bytes.subarray(block * BLOCK, (block + 1) * BLOCK));
    const name = this.#nameOf(section);
    this.#folder.write(name, [headerOf(name, bytes.length), new Uint8Array(sums.buffer), bytes]);
  }

  #isKept(section: string, size: number): boolean {
    return COPIED.has(section) && size >= this.#leastKept;
  }

  #nameOf(section: string): string {
    return `${this.#key}${section}.v${VERSION}.section`;
  }
}

function headerOf(name: string, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FIXED + MAX_NAME);
  const words = [MAGIC, VERSION, name.length, BLOCK, size % 2 ** 32, Math.floor(size / 2 ** 32)];
  new Uint32Array(bytes.buffer, 0, words.length).set(words);
  Buffer.from(name).copy(bytes, FIXED);
  return bytes;
}

function sumOf(block: Uint8Array): number {
  const isAligned = block.byteOffset % 4 === 0 && block.length % 4 === 0;
  const bytes = isAligned ? block : aligned(block);
  return checksum(new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
}

function aligned(block: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 * Math.ceil(block.length / 4));
  bytes.set(block);
  return bytes;
}
