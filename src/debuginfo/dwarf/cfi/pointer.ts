/** Encoded pointers of .eh_frame and .eh_frame_hdr (Linux Standard Base, Core 5.0 §10.5.1: DW_EH_PE_*). */
import { type ByteReader } from '../../../base/byteReader';

/** What pointers count from, as link-time addresses; undefined where the file does not say. */
export interface PointerBases {
  /** Of the section's first byte: DW_EH_PE_pcrel counts from the pointer itself. */
  readonly section: number;
  /** DW_EH_PE_textrel. */
  readonly text?: number | undefined;
  /** DW_EH_PE_datarel: .got in .eh_frame, the section itself in .eh_frame_hdr. */
  readonly data?: number | undefined;
}

const FORMAT = 0x0f;
const RELATION = 0x70;
const INDIRECT = 0x80;
const OMIT = 0xff;
const ALIGNED = 0x50;

const FORMATS = new Map<number, (reader: ByteReader) => number>([
  [0x00, (reader) => reader.number64()], // absptr
  [0x01, (reader) => reader.uleb()],
  [0x02, (reader) => reader.u16()],
  [0x03, (reader) => reader.u32()],
  [0x04, (reader) => reader.number64()],
  [0x09, (reader) => reader.sleb()],
  [0x0a, (reader) => reader.i16()],
  [0x0b, (reader) => reader.i32()],
  [0x0c, (reader) => Number(reader.i64())],
]);

type Relation = (bases: PointerBases, at: number) => number | undefined;

const RELATIONS = new Map<number, Relation>([
  [0x00, () => 0],
  [0x10, ({ section }, at) => section + at], // pcrel
  [0x20, ({ text }) => text],
  [0x30, ({ data }) => data],
]);

/** A size in the format of a pointer; relations mean nothing to it. */
export function readPointerSize(reader: ByteReader, encoding: number): number {
  return formatOf(reader, encoding)(reader);
}

/**
 * The address that the pointer at the reader's offset leads to; undefined for DW_EH_PE_omit, which takes no bytes, and
 * for 0, which is no pointer whatever it counts from. Throws `malformed` for what is unknown, and for a pointer that
 * lies elsewhere (DW_EH_PE_indirect): the dynamic linker writes it, the file has zeros there. Only exceptions use
 * those.
 */
export function readPointer(reader: ByteReader, encoding: number, bases: PointerBases): number | undefined {
  if (encoding === OMIT) return undefined;
  if ((encoding & RELATION) === ALIGNED) return alignedPointer(reader, bases);
  const at = reader.offset;
  const value = formatOf(reader, encoding)(reader);
  if ((encoding & INDIRECT) !== 0) throw unknown(reader, encoding, at);
  if (value === 0 && (encoding & RELATION) !== 0) return undefined;
  const base = RELATIONS.get(encoding & RELATION)?.(bases, at);
  if (base === undefined) throw unknown(reader, encoding, at);
  return base + value;
}

/** Gets over a pointer that nobody wants to follow. */
export function skipPointer(reader: ByteReader, encoding: number, bases: PointerBases): void {
  if (encoding === OMIT) return;
  if ((encoding & RELATION) === ALIGNED) alignedPointer(reader, bases);
  else formatOf(reader, encoding)(reader);
}

/** Bytes of every pointer of this encoding; undefined where they differ. */
export function fixedPointerSize(encoding: number): 2 | 4 | 8 | undefined {
  const size = encoding === OMIT ? undefined : FIXED_SIZES.get(encoding & FORMAT);
  return (encoding & RELATION) === ALIGNED ? undefined : size;
}

const FIXED_SIZES = new Map<number, 2 | 4 | 8>([
  [0x00, 8],
  [0x02, 2],
  [0x03, 4],
  [0x04, 8],
  [0x0a, 2],
  [0x0b, 4],
  [0x0c, 8],
]);

function alignedPointer(reader: ByteReader, { section }: PointerBases): number {
  reader.skip((8 - ((section + reader.offset) % 8)) % 8);
  return reader.number64();
}

function formatOf(reader: ByteReader, encoding: number): (reader: ByteReader) => number {
  const format = FORMATS.get(encoding & FORMAT);
  if (!format) throw unknown(reader, encoding, reader.offset);
  return format;
}

function unknown(reader: ByteReader, encoding: number, at: number): Error {
  return reader.malformed(`a pointer of encoding 0x${encoding.toString(16)} can't be read here`, at);
}
