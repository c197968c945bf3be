/** The index of a debug file: the one that was kept, or one that is made when first needed, and kept. */
import { Once } from '../../base/once';
import { type ElfFile } from '../elf/elfFile';
import { readBuildId } from '../elf/notes';
import { byteHash } from './byteHash';
import { type IndexCache } from './indexCache';
import { type NameIndex, TableIndex } from './nameIndex';
import { scanNames } from './scan';

const SECTIONS = ['.debug_info', '.zdebug_info'] as const;

/** Less takes some hundredths of a second to be indexed: not worth a file. */
const LEAST_KEPT = 1 << 20;

export interface FileIndexOptions {
  /** Undefined: none is kept. */
  readonly cache: IndexCache | undefined;
  /** The file that this one shares entries with; only looked for where the index must be made. */
  readonly supplementary?: () => ElfFile | undefined;
  /** This file is one that others share entries through. */
  readonly isSupplementary?: boolean;
  /** Bytes of the debug information, as it is in the file, from which on an index is kept. */
  readonly leastKept?: number;
  /** Told before the index of such a file is made. */
  readonly onScan?: () => void;
}

export class FileIndex {
  readonly #kept: Once<NameIndex | undefined>;
  readonly #index: Once<NameIndex>;
  #made: NameIndex | undefined;

  constructor(file: ElfFile, options: FileIndexOptions) {
    const { cache } = options;
    const isSupplementary = options.isSupplementary ?? false;
    const size = Math.max(0, ...SECTIONS.map((name) => file.section(name)?.size ?? 0));
    const isLarge = size >= (options.leastKept ?? LEAST_KEPT);
    const key = isLarge ? cacheKey(file) + (isSupplementary ? '-shared' : '') : undefined;
    this.#kept = new Once(() => {
      const tables = key === undefined ? undefined : cache?.read(key);
      return tables && new TableIndex(tables);
    });
    this.#index = new Once(() => {
      if (this.kept) return this.kept;
      if (isLarge) options.onScan?.();
      const tables = scanNames(file, { supplementary: options.supplementary?.(), isSupplementary });
      if (key !== undefined) cache?.write(key, tables);
      this.#made = new TableIndex(tables);
      return this.#made;
    });
  }

  /** The index that was made before; undefined without one. */
  get kept(): NameIndex | undefined {
    return this.#kept.value;
  }

  /** The index as far as it needs not be made. */
  get known(): NameIndex | undefined {
    return this.#made ?? this.kept;
  }

  /** Throws `unsupported` or `malformed` where the file's units can't be told apart. */
  get index(): NameIndex {
    return this.#index.value;
  }
}

/**
 * What tells a file with debug information from every other: its build-id, else where and when it was written; and the
 * sizes of its sections, because tools that move or shrink debug information leave the build-id as it is.
 */
export function cacheKey(file: ElfFile): string {
  const sizes = new Uint32Array(file.sections.flatMap(({ size, offset }) => [size, offset]));
  const layout = byteHash(new Uint8Array(sizes.buffer), 0, sizes.byteLength).toString(16);
  const identity = readBuildId(file)?.slice(0, MAX_IDENTITY) ?? file.identity;
  return `${identity}-${file.size}-${layout}`;
}

/** Digits of a build-id: linkers make 16 to 40, users of `--build-id=0x…` as many as they like. */
const MAX_IDENTITY = 128;
