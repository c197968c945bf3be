/**
 * One debugging information entry (DWARF 5 §2.1) in its unit: what its attributes lead to, and its place in the tree.
 */
import { type AttributeValue, blockOf, constantOf, flagOf, unsignedOf } from './attributeValue';
import { FORM } from './constants';
import { type EntryKey, entryKey } from './entryKey';
import { type EntryTable } from './entryTable';
import { RawEntry } from './rawEntry';
import { type EntryPlace, type Unit } from './unit';

// It has no constructor and no fields of its own: making an entry is most of the cost of reading one.
export class Entry extends RawEntry<Unit> {
  /** Entry number `index` of a unit's table. */
  static of(entries: EntryTable<Unit>, index: number): Entry {
    return new Entry(entries.source, entries.offsetAt(index), index);
  }

  /** The unit's own entry; undefined for a unit without any. Does not read the other entries. */
  static rootOf(unit: Unit): Entry | undefined {
    return unit.root && new Entry(unit, unit.root.offset, unit.root.index);
  }

  /** The entry at a place. Throws `malformed` where none starts; `from`: where the reference is, for the error. */
  static at(place: EntryPlace, from: () => number = () => place.offset): Entry {
    const { units, section, offset } = place;
    const unit = place.unit ?? units.unitAt(offset, section);
    if (!unit) {
      throw units.file.sections.reader(section).malformed('a reference leads outside of all units', offset);
    }
    return Entry.#in(unit, offset) ?? noEntry(unit, offset, from());
  }

  static #in({ entries }: Unit, offset: number): Entry | undefined {
    const index = entries.indexAt(offset);
    return index === undefined ? undefined : Entry.of(entries, index);
  }

  /** Tells entries of a program apart, and equal ones together. */
  get key(): EntryKey {
    return this.unit.keyAt(this.offset);
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
    const index = this.indexOf(name);
    if (index < 0) return undefined;
    const { unit } = this;
    const { form } = this.attributeAt(index);
    // Nearly all names: read without an object for the value, as below.
    return form.class === 'stringOffset'
      ? unit.file.stringAt('.debug_str', form.read(this.cursorAt(index), unit.header, undefined))
      : unit.string(this.valueOf(index));
  }

  address(name: number): number | undefined {
    const value = this.value(name);
    return value && this.unit.address(value);
  }

  /** The entry that the attribute refers to. */
  reference(name: number): Entry | undefined {
    const index = this.indexOf(name);
    if (index < 0) return undefined;
    const { unit } = this;
    const { form } = this.attributeAt(index);
    if (form.class !== 'unitReference') return this.referredBy(name, this.valueOf(index));
    const offset = unit.header.offset + form.read(this.cursorAt(index), unit.header, undefined);
    return Entry.#in(unit, offset) ?? noEntry(unit, offset, this.placeOf(name));
  }

  /** The key of the entry that the attribute refers to (see {@link key}), without reading it. */
  referenceKey(name: number): EntryKey | undefined {
    const index = this.indexOf(name);
    if (index < 0) return undefined;
    const { unit } = this;
    const { form } = this.attributeAt(index);
    if (form.class === 'unitReference') {
      return unit.keyAt(unit.header.offset + form.read(this.cursorAt(index), unit.header, undefined));
    }
    const place = unit.placeOf(this.valueOf(index));
    return place && entryKey(place.units.file.number, place.section, place.offset);
  }

  /** The entry that `value` of attribute `name` refers to; undefined for other values. */
  referredBy(name: number, value: AttributeValue): Entry | undefined {
    const place = this.unit.placeOf(value);
    return place && Entry.at(place, () => this.placeOf(name));
  }
}

function noEntry(unit: Unit, offset: number, from: number): never {
  throw unit.section.malformed(`a reference leads to 0x${offset.toString(16)}: no entry`, from);
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
    return this.entry.referredBy(this.name, this.value);
  }

  /** Where a list starts: a section offset. DWARF 2 and 3 wrote data4 or data8 for it. */
  get isListOffset(): boolean {
    const { form } = this.value;
    const isOld = this.unit.header.version < 4 && (form === FORM.data4 || form === FORM.data8);
    return isOld || this.value.class === 'sectionOffset';
  }
}
