/** An entry as its bytes have it (DWARF 5 §2.1): tag and attribute values, nothing looked up elsewhere. */
import { assertExists } from '../../base/assert';
import { type ByteReader } from '../../base/byteReader';
import { type Abbreviation, type Abbreviations, type AttributeSpecification } from './abbreviations';
import { type AttributeValue, flagOf, unsignedOf } from './attributeValue';
import { type Form, formOf, sizeOf } from './forms';
import { type UnitHeader } from './unitHeader';

/** What entries are read from: a unit. */
export interface EntrySource {
  readonly header: UnitHeader;
  /** The whole section. */
  readonly section: ByteReader;
  readonly abbreviations: Abbreviations;
}

/** The abbreviation code at an offset, and the offset after it. Nearly all take one byte. */
export function readCode(
  { section, header }: EntrySource,
  offset: number,
): { readonly code: number; readonly next: number } {
  const code = section.data[offset] ?? 0x80;
  if (code < 0x80) return { code, next: offset + 1 };
  const reader = section.at(offset, header.end);
  return { code: reader.uleb(), next: reader.offset };
}

/** Abbreviations have no others. */
function knownForm(form: number): Form {
  return assertExists(formOf(form), 'form of an attribute');
}

export class RawEntry {
  readonly abbreviation: Abbreviation;
  readonly #source: EntrySource;
  /** Where its first attribute's value is. */
  readonly #valuesAt: number;

  /** `offset`: where the entry starts in its section. Throws `malformed` for an undeclared abbreviation. */
  constructor(
    source: EntrySource,
    readonly offset: number,
  ) {
    const { code, next } = readCode(source, offset);
    const abbreviation = source.abbreviations.get(code);
    if (!abbreviation) throw source.section.malformed(`abbreviation ${code} is not declared`, offset);
    this.abbreviation = abbreviation;
    this.#source = source;
    this.#valuesAt = next;
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  has(name: number): boolean {
    for (const specification of this.abbreviation.attributes) if (specification.name === name) return true;
    return false;
  }

  /** The value of the attribute of this name (DW_AT_*); undefined without one. Throws `malformed`. */
  value(name: number): AttributeValue | undefined {
    const { attributes } = this.abbreviation;
    let index = 0;
    for (const specification of attributes) {
      if (specification.name === name) return this.#read(specification, index);
      index++;
    }
    return undefined;
  }

  /** Where in the section the attribute's value is; the entry's own offset without one. For errors. */
  placeOf(name: number): number {
    const index = this.abbreviation.attributes.findIndex((specification) => specification.name === name);
    return index < 0 ? this.offset : this.#placeOf(index);
  }

  unsigned(name: number): number | undefined {
    const value = this.value(name);
    return value && unsignedOf(value);
  }

  flag(name: number): boolean {
    const value = this.value(name);
    return value !== undefined && flagOf(value);
  }

  #read({ form, implicit, offset }: AttributeSpecification, index: number): AttributeValue {
    const { header, section } = this.#source;
    const at = offset < 0 ? this.#placeOf(index) : this.#valuesAt + offset;
    if (at > header.end) throw section.malformed('an attribute lies past the end of its unit', at);
    return knownForm(form).read(section.at(at, header.end), header, implicit);
  }

  /** Where the value of attribute number `index` is. */
  #placeOf(index: number): number {
    const { header, section } = this.#source;
    const { attributes } = this.abbreviation;
    let offset = this.#valuesAt;
    let left = index;
    for (const { form } of attributes) {
      if (left-- === 0) break;
      const size = sizeOf(knownForm(form), header);
      offset = typeof size === 'number' ? offset + size : size(section.data, offset, header);
    }
    return offset;
  }
}
