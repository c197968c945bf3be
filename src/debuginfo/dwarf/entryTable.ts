/**
 * The entries of one unit as a flat table in the order of the file: an entry's subtree is the run of entries after it.
 * No recursion, however deep a hostile file nests them, and 14 bytes an entry.
 */
import { assertExists } from '../../base/assert';
import { partitionPointOfNumbers } from '../../base/binarySearch';
import { type Abbreviation, skipAttributes } from './abbreviations';
import { type EntrySource, readCode } from './rawEntry';

/** A guess at the bytes of an entry, to size the first table; a wrong guess costs one copy. */
const TYPICAL_ENTRY_SIZE = 9;

/**
 * Entries inside each other. Compilers allow blocks and templates 256 to 1,024 levels in the source; what walks from an
 * entry outwards, for its name or its function, takes so many steps at most.
 */
const MAX_NESTING = 2048;

interface Columns {
  /** Offsets from the unit's header, ascending. */
  readonly offsets: Uint32Array;
  readonly tags: Uint16Array;
  /** Index of the parent; the root's is its own. */
  readonly parents: Uint32Array;
  /** Index after the entry's subtree: its next sibling, if it has one. */
  readonly ends: Uint32Array;
}

export class EntryTable<Source extends EntrySource> {
  readonly #offsets: Uint32Array;
  readonly tags: Uint16Array;
  /** Index of the parent; the root's is its own. */
  readonly parents: Uint32Array;
  /** Index after the entry's subtree: its next sibling, if it has one. */
  readonly ends: Uint32Array;

  private constructor(
    /** The unit. */
    readonly source: Source,
    columns: Columns,
  ) {
    this.#offsets = columns.offsets;
    this.tags = columns.tags;
    this.parents = columns.parents;
    this.ends = columns.ends;
  }

  /** Walks the unit once. Throws `malformed` where it can't be walked. */
  static read<Source extends EntrySource>(source: Source): EntryTable<Source> {
    const walk = new Walk(source);
    while (walk.step());
    return new EntryTable(source, walk.finish());
  }

  get length(): number {
    return this.tags.length;
  }

  /** Where the entry starts in its section. */
  offsetAt(index: number): number {
    return this.source.header.offset + this.#offsets[index]!;
  }

  /** Whether the entry has an attribute of this name, without making an object of it. */
  has(index: number, attribute: number): boolean {
    const { code } = readCode(this.source, this.offsetAt(index));
    const abbreviation = assertExists(this.source.abbreviations.get(code), 'abbreviation');
    return abbreviation.attributes.some(({ name }) => name === attribute);
  }

  /** Index of the entry that starts at `offset` of the section; undefined when none does. */
  indexAt(offset: number): number | undefined {
    const offsets = this.#offsets;
    const own = offset - this.source.header.offset;
    const index = partitionPointOfNumbers(offsets, own);
    return offsets[index] === own ? index : undefined;
  }

  /** Indices of the direct children, in order. */
  *children(index: number): IterableIterator<number> {
    const end = this.ends[index]!;
    for (let child = index + 1; child < end; child = this.ends[child]!) yield child;
  }
}

/** The walk over a unit's bytes that fills a table. */
class Walk {
  readonly #source: EntrySource;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** Entries whose children are being read, outermost first. */
  readonly #open: number[] = [];
  #columns: Columns;
  #count = 0;
  #offset: number;

  constructor(source: EntrySource) {
    const { firstEntry, end, offset } = source.header;
    if (end - offset > 0xffff_ffff) throw source.section.malformed('a unit of more than 4 GiB is not possible', offset);
    this.#source = source;
    this.#bytes = source.section.data;
    this.#end = end;
    this.#offset = firstEntry;
    this.#columns = columnsOf(Math.ceil((end - firstEntry) / TYPICAL_ENTRY_SIZE) + 8);
  }

  /** Takes the next entry, or the null entry that ends a list of siblings; false at the unit's end. */
  step(): boolean {
    const at = this.#offset;
    if (at >= this.#end) return false;
    const { code, next } = readCode(this.#source, at);
    this.#offset = next;
    const isDone = this.#count > 0 && this.#open.length === 0;
    // After the root's subtree there is padding only.
    if (isDone || (code === 0 && this.#count === 0)) return false;
    if (code === 0) this.#columns.ends[assertExists(this.#open.pop(), 'open entry')] = this.#count;
    else this.#add(at, this.#abbreviation(code, at));
    return true;
  }

  finish(): Columns {
    for (const index of this.#open) this.#columns.ends[index] = this.#count;
    const { offsets, tags, parents, ends } = this.#columns;
    return {
      offsets: offsets.slice(0, this.#count),
      tags: tags.slice(0, this.#count),
      parents: parents.slice(0, this.#count),
      ends: ends.slice(0, this.#count),
    };
  }

  #abbreviation(code: number, at: number): Abbreviation {
    const abbreviation = this.#source.abbreviations.get(code);
    if (!abbreviation) throw this.#source.section.malformed(`abbreviation ${code} is not declared`, at);
    return abbreviation;
  }

  #add(at: number, abbreviation: Abbreviation): void {
    const { header, section } = this.#source;
    this.#offset = skipAttributes(this.#bytes, this.#offset, abbreviation, header);
    if (!(this.#offset <= this.#end)) throw section.malformed('an entry reaches past the end of its unit', at);
    const index = this.#count++;
    if (index === this.#columns.tags.length) this.#columns = columnsOf(index * 2, this.#columns);
    const { offsets, tags, parents, ends } = this.#columns;
    offsets[index] = at - header.offset;
    tags[index] = abbreviation.tag;
    parents[index] = this.#open.at(-1) ?? 0;
    ends[index] = index + 1;
    if (!abbreviation.hasChildren) return;
    if (this.#open.length === MAX_NESTING) {
      throw section.malformed(`entries are nested more than ${MAX_NESTING} deep`, at);
    }
    this.#open.push(index);
  }
}

/** Room for `capacity` entries, with the contents of shorter columns. */
function columnsOf(capacity: number, from?: Columns): Columns {
  const columns = {
    offsets: new Uint32Array(capacity),
    tags: new Uint16Array(capacity),
    parents: new Uint32Array(capacity),
    ends: new Uint32Array(capacity),
  };
  if (from) {
    columns.offsets.set(from.offsets);
    columns.tags.set(from.tags);
    columns.parents.set(from.parents);
    columns.ends.set(from.ends);
  }
  return columns;
}
