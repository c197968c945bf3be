/**
 * .debug_abbrev (DWARF 5 §7.5.3): what the entries of a unit look like. Each abbreviation also gets a plan for skipping
 * an entry's attributes, with runs of fixed size folded into one number: most entries are then skipped by one addition.
 */
import { type ByteReader } from '../../base/byteReader';
import { FORM } from './constants';
import { type Encoding, type Form, formOf, narrowed, sizeOf, type Skip } from './forms';

export interface AttributeSpecification {
  readonly name: number;
  readonly form: Form;
  /** DW_FORM_implicit_const's value, which lies here and not in the entry. */
  readonly implicit: number | bigint | undefined;
  /** Where the value is after the start of the entry's values; -1 when values of other sizes come before it. */
  readonly offset: number;
}

export interface Abbreviation {
  readonly code: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly AttributeSpecification[];
  /** Bytes of all attributes together when no entry's differ, else -1. */
  readonly fixedSize: number;
  /** How to get over all attributes: by so many bytes, or over one value whose size stands in it. */
  readonly skips: readonly (number | Skip)[];
}

export class Abbreviations {
  /** Compilers number abbreviations from 1 without gaps; whatever does not fit that is in the map. */
  readonly #dense: (Abbreviation | undefined)[] = [undefined];
  readonly #sparse = new Map<number, Abbreviation>();

  /** The abbreviations at the reader's offset, up to the null entry that ends them. */
  static read(reader: ByteReader, encoding: Encoding): Abbreviations {
    const table = new Abbreviations();
    for (;;) {
      const start = reader.offset;
      const code = reader.uleb();
      if (code === 0) return table;
      if (table.get(code)) throw reader.malformed(`abbreviation ${code} is declared twice`, start);
      const abbreviation = readAbbreviation(reader, code, encoding);
      if (code === table.#dense.length) table.#dense.push(abbreviation);
      else table.#sparse.set(code, abbreviation);
    }
  }

  /** Whether any entry may have this attribute, in one of the `forms` if they are given. */
  declares(attribute: number, forms?: ReadonlySet<number>): boolean {
    for (const table of [this.#dense, this.#sparse.values()]) {
      for (const abbreviation of table) {
        if (abbreviation?.attributes.some(({ name, form }) => name === attribute && (forms?.has(form.number) ?? true)))
          return true;
      }
    }
    return false;
  }

  get(code: number): Abbreviation | undefined {
    return code < this.#dense.length ? this.#dense[code] : this.#sparse.get(code);
  }
}

function readAbbreviation(reader: ByteReader, code: number, encoding: Encoding): Abbreviation {
  const tag = reader.uleb();
  const hasChildren = reader.u8() !== 0;
  const attributes: AttributeSpecification[] = [];
  const skips: (number | Skip)[] = [];
  let offset = 0;
  for (;;) {
    const name = reader.uleb();
    const at = reader.offset;
    const number = reader.uleb();
    if (name === 0 && number === 0) break;
    const form = formOf(number);
    if (!form) throw reader.malformed(`attribute form 0x${number.toString(16)} is unknown`, at);
    const implicit = number === FORM.implicit_const ? narrowed(reader.sleb64()) : undefined;
    attributes.push({ name, form, implicit, offset });
    const size = sizeOf(form, encoding);
    const before = skips.at(-1);
    if (typeof size === 'number' && typeof before === 'number') skips[skips.length - 1] = before + size;
    else skips.push(size);
    offset = typeof size === 'number' && offset >= 0 ? offset + size : -1;
  }
  return { code, tag, hasChildren, attributes, fixedSize: offset, skips };
}

/**
 * The offset after all attributes of an entry whose attributes start at `offset`; may lie past the data if that is cut
 * short.
 */
export function skipAttributes(
  bytes: Uint8Array,
  offset: number,
  abbreviation: Abbreviation,
  encoding: Encoding,
): number {
  if (abbreviation.fixedSize >= 0) return offset + abbreviation.fixedSize;
  for (const skip of abbreviation.skips) {
    offset = typeof skip === 'number' ? offset + skip : skip(bytes, offset, encoding);
  }
  return offset;
}
