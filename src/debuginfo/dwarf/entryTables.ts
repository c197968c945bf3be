/** The entry tables of the units of one file that were used last: walking a huge file does not hold it all. */
import { EntryTable } from './entryTable';
import { type EntrySource } from './rawEntry';

/** Entries held in tables at most (14 bytes each), beyond the last unit's. */
const MAX_ENTRIES = 1_500_000;

export class EntryTables<Source extends EntrySource> {
  /** The longest unused first. */
  readonly #tables = new Map<Source, EntryTable<Source>>();
  /** Units whose entries can't be read, and why. */
  readonly #broken = new Map<Source, unknown>();
  #entries = 0;

  /** The unit's entries; read unless they are still there. */
  of(unit: Source): EntryTable<Source> {
    let table = this.#tables.get(unit);
    if (table) {
      if (this.#entries <= MAX_ENTRIES) return table;
      // Used again: to the end of the line of those that will be dropped.
      this.#tables.delete(unit);
    } else {
      table = this.#read(unit);
      this.#entries += table.length;
    }
    this.#tables.set(unit, table);
    for (const [oldest, { length }] of this.#tables) {
      if (this.#entries <= MAX_ENTRIES || oldest === unit) break;
      this.#tables.delete(oldest);
      this.#entries -= length;
    }
    return table;
  }

  #read(unit: Source): EntryTable<Source> {
    if (this.#broken.has(unit)) throw this.#broken.get(unit);
    try {
      return EntryTable.read(unit);
    } catch (error) {
      this.#broken.set(unit, error);
      throw error;
    }
  }
}
