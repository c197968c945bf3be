/** Members of structures, classes and unions (DWARF 5 §5.7): where they are, bit-fields included. */
import { AT, OP, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { readOperations } from '../dwarf/expression';
import { isLocationList } from '../dwarf/locationLists';
import { type Member, type RuntimeNumber, type Type } from '../model/model';
import { DwarfNumber } from './runtimeNumber';

interface MemberTypes {
  typeOf(entry: Entry): Type;
}

/** Data members and base classes, in order, without static members. */
export function readMembers(types: MemberTypes, structure: Entry): Member[] {
  const members: Member[] = [];
  for (const child of structure.children()) {
    if (child.tag !== TAG.inheritance && child.tag !== TAG.member) continue;
    // A static member before DWARF 5.
    if (child.flag(AT.declaration) || child.flag(AT.external)) continue;
    const member = ifWellFormed(() => readMember(types, child, members.length === 0));
    if (member) members.push(member);
  }
  return members;
}

export function readMember(types: MemberTypes, entry: Entry, isFirst: boolean): Member | undefined {
  const byteOffset = readByteOffset(entry, isFirst);
  if (byteOffset === undefined) return undefined;
  const bits = typeof byteOffset === 'number' ? readBits(entry, byteOffset, types) : undefined;
  // A bit-field at a place that only the object knows has no offset in bits from its start.
  if (!bits && entry.has(AT.bit_size)) return undefined;
  const alignment = entry.unsigned(AT.alignment);
  return {
    name: entry.string(AT.name),
    get type() {
      return types.typeOf(entry);
    },
    byteOffset: bits ? Math.floor(bits.offset / 8) : byteOffset,
    ...(bits && { bits }),
    inherited: entry.tag === TAG.inheritance,
    ...(entry.flag(AT.go_embedded_field) && { isEmbedded: true }),
    ...(alignment !== undefined && { alignment }),
  };
}

/**
 * DW_AT_data_member_location: a constant, DWARF 2's expression that adds one, or an expression that computes on the
 * object.
 */
function readByteOffset(entry: Entry, isFirst: boolean): number | RuntimeNumber | undefined {
  const location = entry.attribute(AT.data_member_location);
  if (!location) {
    // After an array of variable length, GCC omits the offset.
    const isLost = !isFirst && entry.parent?.tag !== TAG.union_type && !entry.parent?.has(AT.byte_size);
    return isLost ? memberAddress(entry) : 0;
  }
  // Before DWARF 4 the form of a list's offset may be a constant's, too: then only such a structure has lists.
  const isOpen = !entry.parent?.has(AT.byte_size);
  if (isLocationList(location) && (isOpen || entry.unit.header.version >= 4)) return memberAddress(entry);
  const offset = location.unsigned();
  if (offset !== undefined) return offset;
  const expression = location.block();
  if (!expression) return undefined;
  const operations = readOperations(expression, entry.unit);
  const [only] = operations;
  if (operations.length === 1 && only?.opcode === OP.plus_uconst) return Number(only.operands[0]);
  return memberAddress(entry);
}

function memberAddress(entry: Entry): RuntimeNumber {
  return new DwarfNumber(entry, AT.data_member_location, { addend: 0n, onObject: true });
}

/** Offset from the structure's first bit, and size. */
function readBits(
  entry: Entry,
  byteOffset: number,
  types: MemberTypes,
): { readonly offset: number; readonly size: number } | undefined {
  const size = entry.unsigned(AT.bit_size);
  if (size === undefined) return undefined;
  const offset = entry.unsigned(AT.data_bit_offset);
  if (offset !== undefined) return { offset: byteOffset * 8 + offset, size };
  const fromTop = signedOffset(entry.attribute(AT.bit_offset)?.constant());
  if (fromTop === undefined) return { offset: byteOffset * 8, size };
  // Up to DWARF 3 it counts from the most significant bit of the storage unit (DWARF 3 §5.6.6); a packed bit-field may
  // reach beyond it.
  const unitSize = entry.unsigned(AT.byte_size) ?? types.typeOf(entry).byteSize ?? 0;
  return { offset: byteOffset * 8 + unitSize * 8 - fromTop - size, size };
}

/** Negative where the bit-field begins before its unit's top; some producers write that in forms without a sign. */
function signedOffset(value: bigint | undefined): number | undefined {
  if (value === undefined) return undefined;
  const bits = value >= 1n << 32n ? 64 : 32;
  return Number(BigInt.asIntN(bits, value));
}
