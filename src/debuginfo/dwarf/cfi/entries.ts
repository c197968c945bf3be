/**
 * The entries of .debug_frame (DWARF 5 §6.4.1) and .eh_frame (Linux Standard Base, Core 5.0 §10.6.1): common
 * information entries and the descriptions of frames that name them.
 */
import { type ByteReader } from '../../../base/byteReader';
import { readInitialLength } from '../initialLength';
import { type PointerBases, readPointer, readPointerSize, skipPointer } from './pointer';

export type FrameSectionKind = '.eh_frame' | '.debug_frame';

/** Offsets in the section: [start, end). */
export interface Instructions {
  readonly start: number;
  readonly end: number;
}

export interface Cie {
  readonly offset: number;
  readonly version: number;
  readonly augmentation: string;
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  readonly returnRegister: number;
  /** DW_EH_PE_* of addresses in its descriptions (R); plain addresses in .debug_frame. */
  readonly encoding: number;
  /** Frames of signal handlers' callers (S). */
  readonly isSignalFrame: boolean;
  /** Descriptions have augmentation data (z). */
  readonly hasData: boolean;
  /** Undefined for an augmentation that nobody knows: what follows it can't be read (DWARF 5 §6.4.1). */
  readonly instructions: Instructions | undefined;
}

export interface Fde {
  readonly offset: number;
  readonly cie: Cie;
  /** Link-time addresses: [low, high). */
  readonly low: number;
  readonly high: number;
  readonly instructions: Instructions;
}

/** Where an entry is, and what it is. */
export interface EntryHead {
  readonly offset: number;
  readonly end: number;
  /** Undefined for the zero length that ends .eh_frame and pads .debug_frame. */
  readonly kind: 'cie' | 'fde' | undefined;
  /** Of a description's CIE. */
  readonly cieOffset: number;
  /** After the length and the id. */
  readonly body: number;
}

/** Bytes of the longest augmentation; those that are defined have up to six letters. */
const MAX_AUGMENTATION = 32;

const CIE_ID_32 = 0xffff_ffff;
const CIE_ID_64 = 0xffff_ffff_ffff_ffffn;

/** DW_EH_PE_absptr. */
const PLAIN = 0;

/** The entry at `offset`. Throws `malformed` for one that reaches past the section. */
export function readHead(section: ByteReader, offset: number, kind: FrameSectionKind): EntryHead {
  const reader = section.at(offset);
  const { length, offsetSize } = readInitialLength(reader);
  const idAt = reader.offset;
  if (length === 0) return { offset, end: idAt, kind: undefined, cieOffset: 0, body: idAt };
  const end = idAt + length;
  const isWide = kind === '.debug_frame' && offsetSize === 8;
  const body = idAt + (isWide ? 8 : 4);
  if (end > section.end) throw section.malformed('an entry reaches past the end of the section', offset);
  if (body > end) throw section.malformed('an entry is too short for what it is', offset);
  const id = isWide ? reader.u64() : reader.u32();
  if (kind === '.eh_frame') {
    return { offset, end, kind: id === 0 ? 'cie' : 'fde', cieOffset: idAt - Number(id), body };
  }
  return { offset, end, kind: id === (isWide ? CIE_ID_64 : CIE_ID_32) ? 'cie' : 'fde', cieOffset: Number(id), body };
}

export function readCie(section: ByteReader, offset: number, kind: FrameSectionKind, bases: PointerBases): Cie {
  if (!(offset >= 0 && offset < section.end)) {
    throw section.malformed('a frame description names a common entry outside of the section', offset);
  }
  const head = readHead(section, offset, kind);
  if (head.kind !== 'cie') throw section.malformed('a frame description names what is no common entry', offset);
  const reader = section.at(head.body, head.end);
  const version = reader.u8();
  const augmentation = reader.at(reader.offset, Math.min(head.end, reader.offset + MAX_AUGMENTATION)).cstring();
  reader.skip(augmentation.length + 1);
  // Sizes of addresses and of segment selectors.
  if (version >= 4 && (reader.u8() !== 8 || reader.u8() !== 0)) {
    throw reader.malformed("a common entry's addresses are not x86-64's", offset);
  }
  // gcc 2's pointer to its exception table.
  if (augmentation.startsWith('eh')) reader.skip(8);
  const codeAlignment = reader.uleb();
  const dataAlignment = reader.sleb();
  const returnRegister = version === 1 ? reader.u8() : reader.uleb();
  const common = { offset, version, augmentation, codeAlignment, dataAlignment, returnRegister };
  const hasData = augmentation.startsWith('z');
  const isKnown = hasData || augmentation === '' || augmentation === 'eh';
  const data = hasData ? readData(reader, augmentation, bases) : NO_DATA;
  return {
    ...common,
    ...data,
    hasData,
    instructions: isKnown ? { start: reader.offset, end: head.end } : undefined,
  };
}

type Data = Pick<Cie, 'encoding' | 'isSignalFrame'>;

const NO_DATA: Data = { encoding: PLAIN, isSignalFrame: false };

/** What each letter of an augmentation has in the data. What follows an unknown one is lost, but not the length. */
const LETTERS: ReadonlyMap<string, (reader: ByteReader, bases: PointerBases) => Partial<Data>> = new Map([
  ['R', (reader: ByteReader): Partial<Data> => ({ encoding: reader.u8() })],
  // Of pointers to what exceptions need: nothing here does.
  [
    'L',
    (reader: ByteReader): Partial<Data> => {
      reader.skip(1);
      return {};
    },
  ],
  ['S', (): Partial<Data> => ({ isSignalFrame: true })],
  [
    'P',
    (reader: ByteReader, bases: PointerBases): Partial<Data> => {
      skipPointer(reader, reader.u8(), bases);
      return {};
    },
  ],
]);

/** The data of a `z` augmentation; the reader is then at the instructions. */
function readData(reader: ByteReader, augmentation: string, bases: PointerBases): Data {
  const length = reader.uleb();
  const start = reader.offset;
  reader.skip(length);
  const inside = reader.at(start, start + length);
  let data = NO_DATA;
  for (const letter of augmentation.slice(1)) {
    const read = LETTERS.get(letter);
    if (!read) break;
    data = { ...data, ...read(inside, bases) };
  }
  return data;
}

/** The description that `head` is of; undefined for one of no code. */
export function readFde(section: ByteReader, head: EntryHead, cie: Cie, bases: PointerBases): Fde | undefined {
  const reader = section.at(head.body, head.end);
  const low = readPointer(reader, cie.encoding, bases);
  const size = readPointerSize(reader, cie.encoding);
  if (low === undefined || !(size > 0)) return undefined;
  if (cie.hasData) reader.skip(reader.uleb());
  return {
    offset: head.offset,
    cie,
    low,
    high: low + size,
    instructions: { start: reader.offset, end: head.end },
  };
}
