/**
 * .debug_abbrev (DWARF 5 §7.5.3): what the entries of a unit look like. Each abbreviation also gets a plan for skipping
 * an entry's attributes, with runs of fixed size folded into one number: most entries are then skipped by one addition.
 */
import { type ByteReader } from '../../base/byteReader';
import { FORM } from './constants';
import { type Encoding, formSize, skipForm } from './forms';

export interface AttributeSpecification {
  readonly name: number;
  readonly form: number;
  /** DW_FORM_implicit_const's value, which lies here and not in the entry. */
  readonly implicit: bigint | undefined;
  /** Where the value is behind the start of the entry's values; -1 when values of other sizes come before it. */
  readonly offset: number;
}

export interface Abbreviation {
  readonly code: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly AttributeSpecification[];
  /** Bytes of all attributes together when no entry's differ, else -1. */
  readonly fixedSize: number;
  /** How to get over all attributes: n >= 0 skips n bytes, n < 0 skips one value of form -n. */
  readonly skips: readonly number[];
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
        if (abbreviation?.attributes.some(({ name, form }) => name === attribute && (forms?.has(form) ?? true)))
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
  const skips: number[] = [];
  let offset = 0;
  for (;;) {
    const name = reader.uleb();
    const at = reader.offset;
    const form = reader.uleb();
    if (name === 0 && form === 0) break;
    const size = formSize(form, encoding);
    if (size === undefined) throw reader.malformed(`attribute form 0x${form.toString(16)} is unknown`, at);
    const implicit = form === FORM.implicit_const ? reader.sleb64() : undefined;
    attributes.push({ name, form, implicit, offset });
    if (size < 0) skips.push(-form);
    else if (skips.length > 0 && skips[skips.length - 1]! >= 0) skips[skips.length - 1]! += size;
    else skips.push(size);
    offset = size < 0 || offset < 0 ? -1 : offset + size;
  }
  return { code, tag, hasChildren, attributes, fixedSize: offset, skips };
}

/**
 * The offset behind all attributes of an entry whose attributes start at `offset`; may lie past the data if that is cut
 * short.
 */
export function skipAttributes(
  bytes: Uint8Array,
  offset: number,
  abbreviation: Abbreviation,
  encoding: Encoding,
): number {
  if (abbreviation.fixedSize >= 0) return offset + abbreviation.fixedSize;
  for (const skip of abbreviation.skips) offset = skip >= 0 ? offset + skip : skipForm(bytes, offset, -skip, encoding);
  return offset;
}
