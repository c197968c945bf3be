/**
 * What tells the units and entries of a program apart: a file, a section of it, and an offset there, in one number, so
 * that they can be keys of maps. Equal entries have equal keys, whichever objects stand for them.
 *
 * A key is (file · 2 + section) · 2^36 + offset, exact below 2^53: 65,536 files (a program, its supplementary file, its
 * .dwo files) with sections up to 64 GiB. Keys of the first file's .debug_info are its offsets: small integers.
 */
import { SidestepError } from '../../base/errors';
import { type UnitSection } from './unitHeader';

declare const brand: unique symbol;

/** Of a unit (where its header is) or an entry. */
export type EntryKey = number & { readonly [brand]: 'EntryKey' };

const MAX_OFFSET = 2 ** 36;
const MAX_FILES = 2 ** 16;

/** The key of what is at `offset` of a section of file number `file`. Throws `unsupported` beyond its range. */
export function entryKey(file: number, section: UnitSection, offset: number): EntryKey {
  if (!(offset < MAX_OFFSET)) {
    throw new SidestepError('unsupported', `${section} is larger than 64 GiB`, { place: { section, offset } });
  }
  return ((file * 2 + (section === '.debug_types' ? 1 : 0)) * MAX_OFFSET + offset) as EntryKey;
}

/** Numbers the files of one program. */
export class FileNumbers {
  #next = 0;

  /** The next file's number. Throws `unsupported` for more files than keys can tell apart. */
  next(): number {
    if (this.#next === MAX_FILES)
      throw new SidestepError('unsupported', `more than ${MAX_FILES} files describe one program`);
    return this.#next++;
  }
}
