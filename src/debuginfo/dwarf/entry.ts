/**
 * One debugging information entry (DWARF 5 §2.1) in its unit: what its attributes lead to, and its place in the tree.
 */
import { type AttributeValue, blockOf, constantOf, flagOf, unsignedOf } from './attributeValue';
import { FORM } from './constants';
import { type EntryKey, entryKey } from './entryKey';
import { type EntryTable } from './entryTable';
import { RawEntry } from './rawEntry';
import { type EntryPlace, type Unit } from './unit';

export class Entry extends RawEntry {
  #index: number | undefined;

  private constructor(
    readonly unit: Unit,
    offset: number,
    index: number | undefined,
  ) {
    super(unit, offset);
    this.#index = index;
  }

  /** Entry number `index` of a unit's table. */
  static of(entries: EntryTable<Unit>, index: number): Entry {
    return new Entry(entries.source, entries.offsetAt(index), index);
  }

  /** The unit's own entry; undefined for a unit without any. Does not read the other entries. */
  static rootOf(unit: Unit): Entry | undefined {
    return unit.root && new Entry(unit, unit.root.offset, undefined);
  }

  /** The entry at a place. Throws `malformed` where none starts; `from`: where the reference is, for the error. */
  static at({ units, section, offset, unit: known }: EntryPlace, from: number = offset): Entry {
    const unit = known ?? units.unitAt(offset, section);
    if (!unit) {
      throw units.file.sections.reader(section).malformed('a reference leads outside of all units', offset);
    }
    const { entries } = unit;
    const index = entries.indexAt(offset);
    if (index === undefined) {
      throw unit.section.malformed(`a reference leads to 0x${offset.toString(16)}: no entry`, from);
    }
    return Entry.of(entries, index);
  }

  /** Tells entries of a program apart, and equal ones together. */
  get key(): EntryKey {
    return this.unit.keyAt(this.offset);
  }

  /** Its place in the unit's table. */
  get index(): number {
    if (this.#index === undefined) {
      const index = this.unit.entries.indexAt(this.offset);
      if (index === undefined) throw this.unit.section.malformed('an entry is unreachable from its unit', this.offset);
      this.#index = index;
    }
    return this.#index;
  }

  get parent(): Entry | undefined {
    const { index } = this;
    const { entries } = this.unit;
    return index === 0 ? undefined : Entry.of(entries, entries.parents[index]!);
  }

  *children(): IterableIterator<Entry> {
    if (!this.abbreviation.hasChildren) return;
    const { entries } = this.unit;
    for (const child of entries.children(this.index)) yield Entry.of(entries, child);
  }

  /** The attribute of this name (DW_AT_*). */
  attribute(name: number): Attribute | undefined {
    const value = this.value(name);
    return value && new Attribute(this, name, value);
  }

  string(name: number): string | undefined {
    const value = this.value(name);
    return value && this.unit.string(value);
  }

  address(name: number): number | undefined {
    const value = this.value(name);
    return value && this.unit.address(value);
  }

  /** The entry that the attribute refers to. */
  reference(name: number): Entry | undefined {
    return this.attribute(name)?.reference();
  }
}

/** An attribute of an entry: its value, and what that means in the entry's unit. */
export class Attribute {
  constructor(
    readonly entry: Entry,
    readonly name: number,
    readonly value: AttributeValue,
  ) {}

  get unit(): Unit {
    return this.entry.unit;
  }

  string(): string | undefined {
    return this.unit.string(this.value);
  }

  unsigned(): number | undefined {
    return unsignedOf(this.value);
  }

  constant(): bigint | undefined {
    return constantOf(this.value);
  }

  flag(): boolean {
    return flagOf(this.value);
  }

  address(): number | undefined {
    return this.unit.address(this.value);
  }

  block(): Uint8Array | undefined {
    return blockOf(this.value);
  }

  reference(): Entry | undefined {
    const place = this.unit.placeOf(this.value);
    return place && Entry.at(place, this.entry.placeOf(this.name));
  }

  /** The key of the entry that the reference leads to (see Entry.key), without reading it. */
  referenceKey(): EntryKey | undefined {
    const place = this.unit.placeOf(this.value);
    return place && entryKey(place.units.file.number, place.section, place.offset);
  }

  /** Where a list starts: a section offset. DWARF 2 and 3 wrote data4 or data8 for it. */
  get isListOffset(): boolean {
    const { form } = this.value;
    const isOld = this.unit.header.version < 4 && (form === FORM.data4 || form === FORM.data8);
    return isOld || this.value.class === 'sectionOffset';
  }
}
