/** An entry as its bytes have it (DWARF 5 §2.1): tag and attribute values, nothing looked up elsewhere. */
import { type ByteReader } from '../../base/byteReader';
import { type Abbreviation, type Abbreviations, type AttributeSpecification } from './abbreviations';
import { amountOf, type AttributeValue, flagOf, unsignedOf } from './attributeValue';
import { readValue, sizeOf } from './forms';
import { type UnitHeader } from './unitHeader';

/** What entries are read from: a unit. */
export interface EntrySource {
  readonly header: UnitHeader;
  /** The whole section. */
  readonly section: ByteReader;
  /** A cursor over the section that stops where the unit ends: each value is read through it, none holds on to it. */
  readonly cursor: ByteReader;
  readonly abbreviations: Abbreviations;
}

/** The abbreviation code at an offset, and the offset after it. Nearly all take one byte. */
export function readCode({ cursor }: EntrySource, offset: number): { readonly code: number; readonly next: number } {
  const code = cursor.data[offset] ?? 0x80;
  if (code < 0x80) return { code, next: offset + 1 };
  cursor.offset = offset;
  return { code: cursor.uleb(), next: cursor.offset };
}

export class RawEntry<Source extends EntrySource = EntrySource> {
  readonly abbreviation: Abbreviation;
  /** Where its first attribute's value is. */
  readonly #valuesAt: number;

  /** Throws `malformed` for an undeclared abbreviation. */
  constructor(
    readonly unit: Source,
    /** Where it starts in its section. */
    readonly offset: number,
    /** Its place in the unit's table. */
    readonly index: number,
  ) {
    const { code, next } = readCode(unit, offset);
    const abbreviation = unit.abbreviations.get(code);
    if (!abbreviation) throw unit.section.malformed(`abbreviation ${code} is not declared`, offset);
    this.abbreviation = abbreviation;
    this.#valuesAt = next;
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  has(name: number): boolean {
    return this.indexOf(name) >= 0;
  }

  /** The value of the attribute of this name (DW_AT_*); undefined without one. Throws `malformed`. */
  value(name: number): AttributeValue | undefined {
    const index = this.indexOf(name);
    return index < 0 ? undefined : this.valueOf(index);
  }

  /** Where in the section the attribute's value is; the entry's own offset without one. For errors. */
  placeOf(name: number): number {
    const index = this.indexOf(name);
    return index < 0 ? this.offset : this.#placeOf(index);
  }

  unsigned(name: number): number | undefined {
    const index = this.indexOf(name);
    if (index < 0) return undefined;
    const { form, implicit } = this.attributeAt(index);
    switch (form.class) {
      case 'constant':
        return amountOf(form.read(this.cursorAt(index), this.unit.header, implicit));
      case 'sectionOffset':
        return form.read(this.cursorAt(index), this.unit.header, implicit);
      default:
        return unsignedOf(this.valueOf(index));
    }
  }

  flag(name: number): boolean {
    const value = this.value(name);
    return value !== undefined && flagOf(value);
  }

  /** Which of its attributes has this name; -1 without one. */
  protected indexOf(name: number): number {
    const { length } = this.abbreviation.attributes;
    for (let index = 0; index < length; index++) if (this.attributeAt(index).name === name) return index;
    return -1;
  }

  /** The value of attribute number `index`. */
  protected valueOf(index: number): AttributeValue {
    const { form, implicit } = this.attributeAt(index);
    return readValue(form, this.cursorAt(index), this.unit.header, implicit);
  }

  /** The unit's cursor, at the value of attribute number `index`. */
  protected cursorAt(index: number): ByteReader {
    const { cursor } = this.unit;
    const at = this.#placeOf(index);
    if (at > cursor.end) throw cursor.malformed('an attribute lies past the end of its unit', at);
    cursor.offset = at;
    return cursor;
  }

  /** Attribute number `index`, which {@link indexOf} gave or which is before that: no check where all entries pass. */
  protected attributeAt(index: number): AttributeSpecification {
    return this.abbreviation.attributes[index] as AttributeSpecification;
  }

  /** Where the value of attribute number `index` is. */
  #placeOf(index: number): number {
    const fixed = this.attributeAt(index).offset;
    if (fixed >= 0) return this.#valuesAt + fixed;
    const { header, section } = this.unit;
    let offset = this.#valuesAt;
    for (let before = 0; before < index; before++) {
      const size = sizeOf(this.attributeAt(before).form, header);
      offset = typeof size === 'number' ? offset + size : size(section.data, offset, header);
    }
    return offset;
  }
}
