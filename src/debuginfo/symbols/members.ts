/** Members of structures, classes and unions (DWARF 5 §5.7): where they are, bit-fields included. */
import { AT, OP, TAG } from '../dwarf/constants';
import { tolerating } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { readOperations } from '../dwarf/expression';
import { type Member, type Type } from '../model';

interface MemberTypes {
  typeOf(entry: Entry): Type;
}

/** Data members and base classes, in order. Left out: static members, and bases whose place only the object itself knows. */
export function readMembers(types: MemberTypes, structure: Entry): Member[] {
  const members: Member[] = [];
  for (const child of structure.children()) {
    if (child.tag !== TAG.inheritance && child.tag !== TAG.member) continue;
    // A static member before DWARF 5.
    if (child.flag(AT.declaration) || child.flag(AT.external)) continue;
    const member = tolerating(() => readMember(types, child));
    if (member) members.push(member);
  }
  return members;
}

function readMember(types: MemberTypes, entry: Entry): Member | undefined {
  const byteOffset = readByteOffset(entry);
  if (byteOffset === undefined) return undefined;
  const bits = readBits(entry, byteOffset, types);
  return {
    name: entry.string(AT.name),
    get type() {
      return types.typeOf(entry);
    },
    byteOffset: bits ? Math.floor(bits.offset / 8) : byteOffset,
    ...(bits && { bits }),
    inherited: entry.tag === TAG.inheritance,
  };
}

/** DW_AT_data_member_location: a constant, or DWARF 2's expression that adds one. */
function readByteOffset(entry: Entry): number | undefined {
  const location = entry.attribute(AT.data_member_location);
  if (!location) return 0;
  const offset = location.unsigned();
  if (offset !== undefined) return offset;
  const operations = readOperations(location.block() ?? new Uint8Array(0), entry.unit);
  const [only] = operations;
  return operations.length === 1 && only?.opcode === OP.plus_uconst ? Number(only.operands[0]) : undefined;
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
  const fromTop = entry.unsigned(AT.bit_offset);
  if (fromTop === undefined) return { offset: byteOffset * 8, size };
  // DWARF 2 and 3 count from the most significant bit of the storage unit (DWARF 3 §5.6.6).
  const unitSize = entry.unsigned(AT.byte_size) ?? types.typeOf(entry).byteSize ?? 0;
  return { offset: byteOffset * 8 + unitSize * 8 - fromTop - size, size };
}
