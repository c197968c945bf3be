/** Headers of the units in .debug_info and .debug_types (DWARF 5 §7.5.1). */
import { type ByteReader } from '../../base/byteReader';
import { UT } from './constants';
import { type Encoding } from './forms';
import { readInitialLength, readOffset } from './initialLength';

/** Sections that have units. */
export type UnitSection = '.debug_info' | '.debug_types';

export interface UnitHeader extends Encoding {
  readonly version: number;
  readonly section: UnitSection;
  /** Of the header in its section. */
  readonly offset: number;
  /** Where the unit's first entry is, and the unit's end, both from the start of the section. */
  readonly firstEntry: number;
  readonly end: number;
  readonly abbreviationsOffset: number;
  /** DW_UT_*; units before DWARF 5 say `compile` here, or `type` when they come from .debug_types. */
  readonly type: number;
  /** Type units: the signature others refer to, and the described type's entry, from the start of the section. */
  readonly signature: bigint | undefined;
  readonly typeEntry: number;
  /** Ties a skeleton to its unit in a .dwo file (DWARF 5 §7.5.1.2); before DWARF 5 an attribute has it. */
  readonly dwoId: bigint | undefined;
}

/**
 * The header at the reader's offset; undefined for a unit of a version that nobody has defined yet. The reader is then
 * after the unit.
 */
export function readUnitHeader(reader: ByteReader, section: UnitSection): UnitHeader | undefined {
  const offset = reader.offset;
  const { length, offsetSize } = readInitialLength(reader);
  const end = reader.offset + length;
  if (end > reader.end) throw reader.malformed('a unit reaches past the end of the section', offset);
  const version = reader.u16();
  if (version < 2 || version > 5) {
    reader.offset = end;
    return undefined;
  }
  let type: number = section === '.debug_types' ? UT.type : UT.compile;
  let addressSize: number;
  let abbreviationsOffset: number;
  if (version >= 5) {
    type = reader.u8();
    addressSize = reader.u8();
    abbreviationsOffset = readOffset(reader, offsetSize);
  } else {
    abbreviationsOffset = readOffset(reader, offsetSize);
    addressSize = reader.u8();
  }
  if (addressSize !== 8) throw reader.malformed(`addresses of ${addressSize} bytes are not x86-64's`, offset);
  let signature: bigint | undefined;
  let typeEntry = 0;
  let dwoId: bigint | undefined;
  if (type === UT.type || type === UT.split_type) {
    signature = reader.u64();
    typeEntry = offset + readOffset(reader, offsetSize);
  } else if (type === UT.skeleton || type === UT.split_compile) {
    dwoId = reader.u64();
  }
  const firstEntry = reader.offset;
  if (firstEntry > end) throw reader.malformed('a unit is shorter than its header', offset);
  reader.offset = end;
  return {
    section,
    offset,
    firstEntry,
    end,
    version,
    offsetSize,
    addressSize,
    abbreviationsOffset,
    type,
    signature,
    typeEntry,
    dwoId,
  };
}
