/**
 * The entries of one unit as a flat table in the order of the file: an entry's subtree is the run of entries behind it.
 * No recursion, however deep a hostile file nests them, and 14 bytes an entry.
 */
import { skipAttributes } from './abbreviations';
import { Entry } from './entry';
import { type Unit } from './unit';

/** A guess at the bytes of an entry, to size the first table; a wrong guess costs one copy. */
const TYPICAL_ENTRY_SIZE = 9;

/**
 * Entries inside each other. Compilers allow blocks and templates 256 to 1,024 levels in the source; what walks from an
 * entry outwards, for its name or its function, takes so many steps at most.
 */
const MAX_NESTING = 2048;

export class EntryTable {
  private constructor(
    readonly unit: Unit,
    readonly length: number,
    /** Offsets in the section, ascending. */
    readonly offsets: Uint32Array,
    readonly tags: Uint16Array,
    /** Index of the parent; the root's is its own. */
    readonly parents: Uint32Array,
    /** Index behind the entry's subtree: its next sibling, if it has one. */
    readonly ends: Uint32Array,
  ) {}

  /** Walks the unit once. Throws `malformed` where it can't be walked. */
  static read(unit: Unit): EntryTable {
    const { header, abbreviations, reader } = unit;
    const bytes = reader.data;
    const { end } = header;
    let capacity = Math.ceil((end - header.firstEntry) / TYPICAL_ENTRY_SIZE) + 8;
    let offsets = new Uint32Array(capacity);
    let tags = new Uint16Array(capacity);
    let parents = new Uint32Array(capacity);
    let ends = new Uint32Array(capacity);
    const open: number[] = [];
    let count = 0;
    let parent = 0;
    let offset = header.firstEntry;
    while (offset < end) {
      const start = offset;
      let code = bytes[offset++]!;
      if (code >= 0x80) {
        reader.offset = start;
        code = reader.uleb();
        offset = reader.offset;
      }
      if (code === 0) {
        // The null entry that ends a list of siblings; behind the root's own there is padding only.
        if (open.length === 0) break;
        ends[parent] = count;
        open.pop();
        parent = open.length > 0 ? open[open.length - 1]! : 0;
        continue;
      }
      if (count > 0 && open.length === 0) break;
      const abbreviation = abbreviations.get(code);
      if (!abbreviation) throw reader.malformed(`abbreviation ${code} is not declared`, start);
      offset = skipAttributes(bytes, offset, abbreviation, header);
      if (!(offset <= end)) throw reader.malformed('an entry reaches past the end of its unit', start);
      if (count === capacity) {
        capacity *= 2;
        offsets = grown(offsets, new Uint32Array(capacity));
        tags = grown(tags, new Uint16Array(capacity));
        parents = grown(parents, new Uint32Array(capacity));
        ends = grown(ends, new Uint32Array(capacity));
      }
      offsets[count] = start;
      tags[count] = abbreviation.tag;
      parents[count] = parent;
      ends[count] = count + 1;
      if (abbreviation.hasChildren) {
        if (open.length === MAX_NESTING)
          throw reader.malformed(`entries are nested more than ${MAX_NESTING} deep`, start);
        open.push(count);
        parent = count;
      }
      count++;
    }
    for (const index of open) ends[index] = count;
    return new EntryTable(
      unit,
      count,
      offsets.slice(0, count),
      tags.slice(0, count),
      parents.slice(0, count),
      ends.slice(0, count),
    );
  }

  entry(index: number): Entry {
    return Entry.read(this.unit, this.offsets[index]!, index);
  }

  /** Whether the entry has an attribute of this name, without making an object of it. */
  has(index: number, attribute: number): boolean {
    const { reader, abbreviations } = this.unit;
    reader.offset = this.offsets[index]!;
    for (const { name } of abbreviations.get(reader.uleb())!.attributes) if (name === attribute) return true;
    return false;
  }

  /** Index of the entry that starts at `offset` of the section; undefined when none does. */
  indexAt(offset: number): number | undefined {
    let low = 0;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.offsets[middle]!;
      if (found === offset) return middle;
      if (found < offset) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** Indices of the direct children, in order. */
  *children(index: number): IterableIterator<number> {
    const end = this.ends[index]!;
    for (let child = index + 1; child < end; child = this.ends[child]!) yield child;
  }
}

function grown<T extends Uint32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
