/**
 * The forms of attribute values (DWARF 5 §7.5.5, §7.5.6): for each its size, its class and how it is read. All who meet
 * a form look here: abbreviations, the walk over a unit's entries, attributes, line number headers. A new form is a
 * row.
 */
import { type ByteReader } from '../../base/byteReader';
import { type AttributeValue, type ValueClass, type ValueClasses } from './attributeValue';
import { FORM } from './constants';
import { readOffset } from './initialLength';

/** What the size of a form depends on: a unit's header. */
export interface Encoding {
  readonly version: number;
  /** 4 in the 32-bit DWARF format, 8 in the 64-bit one. */
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
}

/**
 * The offset after the value at `offset`. Reads past the end of `bytes` count as zeros, so the result may lie past it:
 * callers compare it with where their data ends.
 */
export type Skip = (bytes: Uint8Array, offset: number, encoding: Encoding) => number;

/** The value at the reader's offset. `implicit`: what the abbreviation has in its place (DW_FORM_implicit_const). */
type Read<T> = (reader: ByteReader, encoding: Encoding, implicit: number | bigint | undefined) => T;

interface FormOfClass<C extends ValueClass> {
  /** DW_FORM_*. */
  readonly number: number;
  /** Bytes of a value, by the encoding where it is a name; or how to get over a value whose size stands in it. */
  readonly size: number | keyof typeof ENCODED_SIZES | Skip;
  readonly class: C;
  readonly read: Read<ValueClasses[C]>;
}

/** Each value names a form of its own (DW_FORM_indirect). */
interface IndirectForm {
  readonly number: number;
  readonly size: Skip;
  readonly class: undefined;
}

/** A form by its class, which says what it reads; {@link readValue} reads any. */
export type Form = { [C in ValueClass]: FormOfClass<C> }[ValueClass] | IndirectForm;

const ENCODED_SIZES = {
  address: ({ addressSize }: Encoding): number => addressSize,
  offset: ({ offsetSize }: Encoding): number => offsetSize,
  // DWARF 2 made references as wide as addresses (DWARF 3 §7.5.4 changed that).
  reference: ({ version, addressSize, offsetSize }: Encoding): number => (version <= 2 ? addressSize : offsetSize),
} as const;

function row<C extends ValueClass>(
  number: number,
  valueClass: C,
  size: FormOfClass<C>['size'],
  read: Read<ValueClasses[C]>,
): [number, FormOfClass<C>] {
  return [number, { number, size, class: valueClass, read }];
}

const FORMS = new Map<number, Form>([
  row(FORM.addr, 'address', 'address', (reader) => reader.number64()),
  row(FORM.addrx, 'addressIndex', skipLeb, uleb),
  row(FORM.addrx1, 'addressIndex', 1, (reader) => reader.u8()),
  row(FORM.addrx2, 'addressIndex', 2, (reader) => reader.u16()),
  row(FORM.addrx3, 'addressIndex', 3, (reader) => reader.u24()),
  row(FORM.addrx4, 'addressIndex', 4, (reader) => reader.u32()),
  row(FORM.GNU_addr_index, 'addressIndex', skipLeb, uleb),

  row(FORM.data1, 'constant', 1, (reader) => reader.u8()),
  row(FORM.data2, 'constant', 2, (reader) => reader.u16()),
  row(FORM.data4, 'constant', 4, (reader) => reader.u32()),
  row(FORM.data8, 'constant', 8, constant8),
  row(FORM.udata, 'constant', skipLeb, (reader) => (isShort(reader) ? reader.uleb() : narrowed(reader.uleb64()))),
  row(FORM.sdata, 'constant', skipLeb, (reader) => (isShort(reader) ? reader.sleb() : narrowed(reader.sleb64()))),
  row(FORM.implicit_const, 'constant', 0, (reader, _encoding, implicit) => {
    if (implicit === undefined) throw reader.malformed('a constant that no abbreviation has');
    return implicit;
  }),

  row(FORM.block1, 'block', skipBlock1, (reader) => reader.bytes(reader.u8())),
  row(FORM.block2, 'block', skipBlock2, (reader) => reader.bytes(reader.u16())),
  row(FORM.block4, 'block', skipBlock4, (reader) => reader.bytes(reader.u32())),
  row(FORM.block, 'block', skipBlock, (reader) => reader.bytes(reader.uleb())),
  // A constant wider than any that is computed with here: bytes.
  row(FORM.data16, 'block', 16, (reader) => reader.bytes(16)),
  row(FORM.exprloc, 'expression', skipBlock, (reader) => reader.bytes(reader.uleb())),

  row(FORM.flag, 'flag', 1, (reader) => reader.u8() !== 0),
  row(FORM.flag_present, 'flag', 0, () => true),

  row(FORM.sec_offset, 'sectionOffset', 'offset', offset),
  row(FORM.loclistx, 'locationIndex', skipLeb, uleb),
  row(FORM.rnglistx, 'rangeIndex', skipLeb, uleb),

  row(FORM.string, 'string', skipString, (reader) => reader.cstring()),
  row(FORM.strp, 'stringOffset', 'offset', offset),
  row(FORM.line_strp, 'lineStringOffset', 'offset', offset),
  row(FORM.strp_sup, 'sharedStringOffset', 'offset', offset),
  row(FORM.GNU_strp_alt, 'sharedStringOffset', 'offset', offset),
  row(FORM.strx, 'stringIndex', skipLeb, uleb),
  row(FORM.strx1, 'stringIndex', 1, (reader) => reader.u8()),
  row(FORM.strx2, 'stringIndex', 2, (reader) => reader.u16()),
  row(FORM.strx3, 'stringIndex', 3, (reader) => reader.u24()),
  row(FORM.strx4, 'stringIndex', 4, (reader) => reader.u32()),
  row(FORM.GNU_str_index, 'stringIndex', skipLeb, uleb),

  row(FORM.ref1, 'unitReference', 1, (reader) => reader.u8()),
  row(FORM.ref2, 'unitReference', 2, (reader) => reader.u16()),
  row(FORM.ref4, 'unitReference', 4, (reader) => reader.u32()),
  row(FORM.ref8, 'unitReference', 8, (reader) => reader.size64()),
  row(FORM.ref_udata, 'unitReference', skipLeb, uleb),
  row(FORM.ref_addr, 'fileReference', 'reference', (reader, encoding) =>
    ENCODED_SIZES.reference(encoding) === 8 ? reader.size64() : reader.u32(),
  ),
  row(FORM.ref_sup4, 'sharedReference', 4, (reader) => reader.u32()),
  row(FORM.ref_sup8, 'sharedReference', 8, (reader) => reader.size64()),
  row(FORM.GNU_ref_alt, 'sharedReference', 'offset', offset),
  row(FORM.ref_sig8, 'signature', 8, (reader) => reader.u64()),

  [FORM.indirect, { number: FORM.indirect, size: skipIndirect, class: undefined }],
]);

/** The standard forms again, by number: abbreviations ask for each attribute of each declaration. */
const STANDARD: readonly (Form | undefined)[] = Array.from({ length: FORM.addrx4 + 1 }, (_, form) => FORMS.get(form));

/** The form's row; undefined for an unknown form. */
export function formOf(form: number): Form | undefined {
  return form < STANDARD.length ? STANDARD[form] : FORMS.get(form);
}

/** Bytes of each value of a form, or how to get over one. */
export function sizeOf({ size }: Form, encoding: Encoding): number | Skip {
  return typeof size === 'string' ? ENCODED_SIZES[size](encoding) : size;
}

/** The value of a form at the reader's offset. Throws `malformed` for one that names no form. */
export function readValue(
  form: Form,
  reader: ByteReader,
  encoding: Encoding,
  implicit?: number | bigint,
): AttributeValue {
  if (form.class !== undefined) return valueOf(form, reader, encoding, implicit);
  const at = reader.offset;
  const number = reader.uleb();
  const chosen = chosenForm(number);
  if (!chosen) throw reader.malformed(`an entry names 0x${number.toString(16)} as a form`, at);
  return valueOf(chosen, reader, encoding, undefined);
}

function valueOf<C extends ValueClass>(
  { class: valueClass, number, read }: FormOfClass<C>,
  ...from: Parameters<Read<unknown>>
): AttributeValue<C> {
  return { class: valueClass, form: number, value: read(...from) };
}

/** A number where it is exact as one. */
export function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function uleb(reader: ByteReader): number {
  return reader.uleb();
}

function offset(reader: ByteReader, { offsetSize }: Encoding): number {
  return readOffset(reader, offsetSize);
}

function constant8(reader: ByteReader): number | bigint {
  const at = reader.offset;
  const value = reader.number64();
  return Number.isSafeInteger(value) ? value : reader.at(at).u64();
}

/** Whether the LEB128 number at the reader's offset has 49 bits at most. */
function isShort({ data, offset: at }: ByteReader): boolean {
  for (let length = 0; length < 7; length++) if (byteAt(data, at + length) < 0x80) return true;
  return false;
}

/** What an entry names as its attribute's form; the abbreviation's constant is none, and no form names a third. */
function chosenForm(number: number): Exclude<Form, IndirectForm> | undefined {
  const form = number === FORM.implicit_const ? undefined : formOf(number);
  return form?.class === undefined ? undefined : form;
}

function skipIndirect(bytes: Uint8Array, at: number, encoding: Encoding): number {
  const form = chosenForm(lebAt(bytes, at));
  if (!form) return bytes.length + 1;
  const next = skipLeb(bytes, at);
  const size = sizeOf(form, encoding);
  return typeof size === 'number' ? next + size : size(bytes, next, encoding);
}

function skipLeb(bytes: Uint8Array, at: number): number {
  while (byteAt(bytes, at) >= 0x80) at++;
  return at + 1;
}

function skipString(bytes: Uint8Array, at: number): number {
  const nul = bytes.indexOf(0, at);
  return nul < 0 ? bytes.length + 1 : nul + 1;
}

function skipBlock1(bytes: Uint8Array, at: number): number {
  return at + 1 + byteAt(bytes, at);
}

function skipBlock2(bytes: Uint8Array, at: number): number {
  return at + 2 + byteAt(bytes, at) + byteAt(bytes, at + 1) * 0x100;
}

function skipBlock4(bytes: Uint8Array, at: number): number {
  const low = byteAt(bytes, at) + byteAt(bytes, at + 1) * 0x100;
  return at + 4 + low + byteAt(bytes, at + 2) * 0x1_0000 + byteAt(bytes, at + 3) * 0x100_0000;
}

function skipBlock(bytes: Uint8Array, at: number): number {
  const length = byteAt(bytes, at);
  return length < 0x80 ? at + 1 + length : skipLeb(bytes, at) + lebAt(bytes, at);
}

/** The ULEB128 number at an offset. */
function lebAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = byteAt(bytes, at++);
    // The last of many padding zeros has an infinite scale.
    if ((byte & 0x7f) !== 0) value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
