/** One debugging information entry (DWARF 5 §2.1): its tag, its attributes by name, and its place in the tree. */
import { type Abbreviation } from './abbreviations';
import { AttributeValue } from './attributeValue';
import { formSize, skipForm } from './forms';
import { type Unit } from './unit';

export class Entry {
  #index: number | undefined;

  private constructor(
    readonly unit: Unit,
    /** In its section. */
    readonly offset: number,
    readonly abbreviation: Abbreviation,
    /** Where its first attribute's value is. */
    readonly valuesAt: number,
    index: number | undefined,
  ) {
    this.#index = index;
  }

  /**
   * The entry that starts at `offset`, which must be the start of one. `index`: its place in the unit's table if known.
   */
  static read(unit: Unit, offset: number, index?: number): Entry {
    const { reader } = unit;
    reader.offset = offset;
    const code = reader.uleb();
    const abbreviation = unit.abbreviations.get(code);
    if (!abbreviation) throw reader.malformed(`abbreviation ${code} is not declared`, offset);
    return new Entry(unit, offset, abbreviation, reader.offset, index);
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  /** Tells entries of an image apart, and equal ones together. */
  get key(): number {
    return this.unit.info.keyAt(this.unit.header.section, this.offset);
  }

  /** Its place in the unit's table. */
  get index(): number {
    if (this.#index === undefined) {
      const index = this.unit.entries.indexAt(this.offset);
      if (index === undefined) throw this.unit.reader.malformed('an entry is unreachable from its unit', this.offset);
      this.#index = index;
    }
    return this.#index;
  }

  get parent(): Entry | undefined {
    const { index } = this;
    return index === 0 ? undefined : this.unit.entries.entry(this.unit.entries.parents[index]!);
  }

  *children(): IterableIterator<Entry> {
    if (!this.abbreviation.hasChildren) return;
    const { entries } = this.unit;
    for (const child of entries.children(this.index)) yield entries.entry(child);
  }

  has(name: number): boolean {
    for (const specification of this.abbreviation.attributes) if (specification.name === name) return true;
    return false;
  }

  /** The attribute of this name (DW_AT_*). */
  attribute(name: number): AttributeValue | undefined {
    const { attributes } = this.abbreviation;
    for (let wanted = 0; wanted < attributes.length; wanted++) {
      const specification = attributes[wanted]!;
      if (specification.name !== name) continue;
      const offset = specification.offset < 0 ? this.#offsetOf(wanted) : this.valuesAt + specification.offset;
      return new AttributeValue(this.unit, specification, offset);
    }
    return undefined;
  }

  string(name: number): string | undefined {
    return this.attribute(name)?.string();
  }

  unsigned(name: number): number | undefined {
    return this.attribute(name)?.unsigned();
  }

  flag(name: number): boolean {
    return this.attribute(name)?.flag() ?? false;
  }

  address(name: number): number | undefined {
    return this.attribute(name)?.address();
  }

  /** The entry that the attribute refers to. */
  reference(name: number): Entry | undefined {
    return this.attribute(name)?.reference();
  }

  /** Where the value of attribute number `wanted` is. */
  #offsetOf(wanted: number): number {
    const { header, reader } = this.unit;
    let offset = this.valuesAt;
    for (let i = 0; i < wanted; i++) {
      const { form } = this.abbreviation.attributes[i]!;
      const size = formSize(form, header) ?? 0;
      offset = size >= 0 ? offset + size : skipForm(reader.data, offset, form, header);
    }
    return offset;
  }
}
