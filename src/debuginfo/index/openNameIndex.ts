/** The index of a debug file: the one that was kept, or one that is made now and kept. */
import { type ElfFile } from '../elf/elfFile';
import { readBuildId } from '../elf/notes';
import { byteHash } from './byteHash';
import { type IndexCache } from './indexCache';
import { type NameIndex, TableIndex } from './nameIndex';
import { scanNames } from './scan';

const SECTIONS = ['.debug_info', '.zdebug_info'] as const;

/** Less takes some hundredths of a second to be indexed: not worth a file. */
const LEAST_KEPT = 1 << 20;

export interface NameIndexOptions {
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

/** Throws `unsupported` or `malformed` where the file's units can't be told apart. */
export function openNameIndex(file: ElfFile, options: NameIndexOptions): NameIndex {
  const size = Math.max(0, ...SECTIONS.map((name) => file.section(name)?.size ?? 0));
  const isLarge = size >= (options.leastKept ?? LEAST_KEPT);
  const key = options.cache && isLarge ? keyOf(file, options.isSupplementary ?? false) : undefined;
  const kept = key === undefined ? undefined : options.cache?.read(key);
  if (kept) return new TableIndex(kept);
  if (isLarge) options.onScan?.();
  const supplementary = options.supplementary?.();
  const tables = scanNames(file, { supplementary, isSupplementary: options.isSupplementary ?? false });
  if (key !== undefined) options.cache?.write(key, tables);
  return new TableIndex(tables);
}

/**
 * What tells a file with debug information from every other: its build-id, else where and when it was written; and the
 * sizes of its sections, because tools that move or shrink debug information leave the build-id as it is.
 */
function keyOf(file: ElfFile, isSupplementary: boolean): string {
  const sizes = new Uint32Array(file.sections.flatMap(({ size, offset }) => [size, offset]));
  const layout = byteHash(new Uint8Array(sizes.buffer), 0, sizes.byteLength).toString(16);
  const identity = readBuildId(file) ?? file.identity;
  return `${identity}-${file.size}-${layout}${isSupplementary ? '-shared' : ''}`;
}
