/**
 * One attribute's value, read as the class its reader wants (DWARF 5 §7.5.5): a string, a number, an address, a
 * reference… Asked for a class that its form does not belong to, it answers undefined: producers disagree about forms,
 * and a value that can't be understood must read as missing, not as another one.
 */
import { type ByteReader } from '../../base/byteReader';
import { type AttributeSpecification } from './abbreviations';
import { FORM } from './constants';
import { type Entry } from './entry';
import { readOffset } from './initialLength';
import { type Unit } from './unit';

type NumberReader = (reader: ByteReader, unit: Unit) => number;

/** Forms whose value is a small unsigned number in the entry itself. */
const UNSIGNED_FORMS = new Map<number, NumberReader>([
  [FORM.data1, (reader) => reader.u8()],
  [FORM.data2, (reader) => reader.u16()],
  [FORM.data4, (reader) => reader.u32()],
  [FORM.data8, (reader) => reader.number64()],
  [FORM.udata, (reader) => reader.uleb()],
  [FORM.sec_offset, (reader, unit) => readOffset(reader, unit.header.offsetSize)],
  [FORM.loclistx, (reader) => reader.uleb()],
  [FORM.rnglistx, (reader) => reader.uleb()],
]);

/** Forms that number an entry of .debug_str_offsets or .debug_addr. */
const INDEX_FORMS = new Map<number, NumberReader>([
  [FORM.strx, (reader) => reader.uleb()],
  [FORM.strx1, (reader) => reader.u8()],
  [FORM.strx2, (reader) => reader.u16()],
  [FORM.strx3, (reader) => reader.u24()],
  [FORM.strx4, (reader) => reader.u32()],
  [FORM.GNU_str_index, (reader) => reader.uleb()],
  [FORM.addrx, (reader) => reader.uleb()],
  [FORM.addrx1, (reader) => reader.u8()],
  [FORM.addrx2, (reader) => reader.u16()],
  [FORM.addrx3, (reader) => reader.u24()],
  [FORM.addrx4, (reader) => reader.u32()],
  [FORM.GNU_addr_index, (reader) => reader.uleb()],
]);

/** References inside the unit, counted from its header. */
const UNIT_REFERENCES = new Map<number, NumberReader>([
  [FORM.ref1, (reader) => reader.u8()],
  [FORM.ref2, (reader) => reader.u16()],
  [FORM.ref4, (reader) => reader.u32()],
  [FORM.ref8, (reader) => reader.size64()],
  [FORM.ref_udata, (reader) => reader.uleb()],
]);

const BLOCK_LENGTHS = new Map<number, NumberReader>([
  [FORM.exprloc, (reader) => reader.uleb()],
  [FORM.block, (reader) => reader.uleb()],
  [FORM.block1, (reader) => reader.u8()],
  [FORM.block2, (reader) => reader.u16()],
  [FORM.block4, (reader) => reader.u32()],
  [FORM.data16, () => 16],
]);

export class AttributeValue {
  readonly form: number;
  readonly #offset: number;
  readonly #implicit: bigint | undefined;

  constructor(
    readonly unit: Unit,
    specification: AttributeSpecification,
    offset: number,
  ) {
    this.form = specification.form;
    this.#implicit = specification.implicit;
    this.#offset = offset;
    if (this.form === FORM.indirect) {
      const reader = this.#reader();
      this.form = reader.uleb();
      this.#offset = reader.offset;
    }
  }

  string(): string | undefined {
    const { info, header } = this.unit;
    const reader = this.#reader();
    switch (this.form) {
      case FORM.string:
        return reader.cstring();
      case FORM.strp:
        return info.stringAt('.debug_str', readOffset(reader, header.offsetSize));
      case FORM.line_strp:
        return info.stringAt('.debug_line_str', readOffset(reader, header.offsetSize));
      case FORM.strp_sup:
      case FORM.GNU_strp_alt:
        return info.supplementary?.stringAt('.debug_str', readOffset(reader, header.offsetSize));
      default: {
        const index = this.#isStringIndex() ? INDEX_FORMS.get(this.form)!(reader, this.unit) : undefined;
        return index === undefined ? undefined : info.indexedString(this.unit, index);
      }
    }
  }

  /** A number that can't be negative: sizes, counts, lines, section offsets. */
  unsigned(): number | undefined {
    if (this.#implicit !== undefined) return this.#implicit < 0n ? undefined : Number(this.#implicit);
    if (this.form === FORM.sdata) {
      const value = this.#reader().sleb();
      return value < 0 ? undefined : value;
    }
    return UNSIGNED_FORMS.get(this.form)?.(this.#reader(), this.unit);
  }

  /** Any constant. Forms without a sign of their own (data1 … data8) read as unsigned. */
  constant(): bigint | undefined {
    const reader = this.#reader();
    switch (this.form) {
      case FORM.implicit_const:
        return this.#implicit;
      case FORM.sdata:
        return reader.sleb64();
      case FORM.udata:
        return reader.uleb64();
      case FORM.data8:
        return reader.u64();
      case FORM.data1:
      case FORM.data2:
      case FORM.data4:
        return BigInt(UNSIGNED_FORMS.get(this.form)!(reader, this.unit));
      default:
        return undefined;
    }
  }

  flag(): boolean {
    if (this.form === FORM.flag_present) return true;
    return this.form === FORM.flag && this.#reader().u8() !== 0;
  }

  address(): number | undefined {
    const reader = this.#reader();
    if (this.form === FORM.addr) return reader.number64();
    const index = this.#isStringIndex() ? undefined : INDEX_FORMS.get(this.form)?.(reader, this.unit);
    return index === undefined ? undefined : this.unit.info.indexedAddress(this.unit, index);
  }

  /** Where a list starts: a section offset. DWARF 2 and 3 wrote data4 or data8 for it. */
  get isListOffset(): boolean {
    const old = this.unit.header.version < 4 && (this.form === FORM.data4 || this.form === FORM.data8);
    return old || this.form === FORM.sec_offset;
  }

  /** An expression or other bytes. */
  block(): Uint8Array | undefined {
    const reader = this.#reader();
    const length = BLOCK_LENGTHS.get(this.form)?.(reader, this.unit);
    return length === undefined ? undefined : reader.bytes(length);
  }

  reference(): Entry | undefined {
    const { info, header } = this.unit;
    const reader = this.#reader();
    const inUnit = UNIT_REFERENCES.get(this.form);
    if (inUnit) return info.entryIn(this.unit, header.offset + inUnit(reader, this.unit), this.#offset);
    switch (this.form) {
      case FORM.ref_addr:
        return info.entryAt(header.version <= 2 ? reader.size64() : readOffset(reader, header.offsetSize));
      case FORM.ref_sig8:
        return info.typeOfSignature(reader.u64());
      case FORM.GNU_ref_alt:
        return info.supplementary?.entryAt(readOffset(reader, header.offsetSize));
      case FORM.ref_sup4:
        return info.supplementary?.entryAt(reader.u32());
      case FORM.ref_sup8:
        return info.supplementary?.entryAt(reader.size64());
      default:
        return undefined;
    }
  }

  /** The key of the entry that the reference leads to (see Entry.key), without reading it. */
  referenceKey(): number | undefined {
    const { info, header } = this.unit;
    const reader = this.#reader();
    const own = (info.isSupplementary ? 1 : 0) + (header.section === '.debug_types' ? 2 : 0);
    const inUnit = UNIT_REFERENCES.get(this.form);
    if (inUnit) return (header.offset + inUnit(reader, this.unit)) * 4 + own;
    switch (this.form) {
      case FORM.ref_addr:
        return (header.version <= 2 ? reader.size64() : readOffset(reader, header.offsetSize)) * 4 + (own & 1);
      case FORM.GNU_ref_alt:
        return readOffset(reader, header.offsetSize) * 4 + 1;
      case FORM.ref_sup4:
        return reader.u32() * 4 + 1;
      default:
        return this.reference()?.key;
    }
  }

  #isStringIndex(): boolean {
    return (
      (this.form >= FORM.strx1 && this.form <= FORM.strx4) ||
      this.form === FORM.strx ||
      this.form === FORM.GNU_str_index
    );
  }

  /** The unit's shared reader, standing at the value. */
  #reader(): ByteReader {
    const { reader } = this.unit;
    if (this.#offset > this.unit.header.end)
      throw reader.malformed('an attribute lies past the end of its unit', this.#offset);
    reader.offset = this.#offset;
    return reader;
  }
}
