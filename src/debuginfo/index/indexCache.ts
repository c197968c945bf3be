/** Indexes of names that are kept on disk. */
import { closeSync, readSync } from 'node:fs';
import { type CacheFolder, ifPossible } from './cacheFolder';
import { decodeIndex, encodeIndex, FORMAT_VERSION } from './indexFormat';
import { type IndexTables } from './indexTables';

export class IndexCache {
  readonly #folder: CacheFolder;

  constructor(folder: CacheFolder) {
    this.#folder = folder;
  }

  /** The index that was kept under `key`; undefined where there is no sound one. */
  read(key: string): IndexTables | undefined {
    const opened = this.#folder.open(nameOf(key));
    if (!opened) return undefined;
    const bytes = ifPossible(() => readWhole(opened.descriptor, opened.size));
    closeSync(opened.descriptor);
    return bytes && decodeIndex(bytes, key);
  }

  /** Keeps an index under `key`: letters, digits and hyphens. */
  write(key: string, tables: IndexTables): void {
    this.#folder.write(nameOf(key), [encodeIndex(tables, key)]);
  }
}

function nameOf(key: string): string {
  return `${key}.v${FORMAT_VERSION}.index`;
}

/** Undefined where the file has become shorter. */
function readWhole(descriptor: number, size: number): Uint8Array | undefined {
  // A buffer of its own lies at a multiple of eight.
  const bytes = Buffer.allocUnsafeSlow(size);
  let done = 0;
  for (let count = 1; done < bytes.length && count > 0; done += count)
    count = readSync(descriptor, bytes, done, bytes.length - done, done);
  return done === bytes.length ? bytes : undefined;
}
