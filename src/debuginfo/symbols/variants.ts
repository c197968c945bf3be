/** Variant parts of structures (DWARF 5 §5.7.10): Rust's enums with fields. */
import { ByteReader } from '../../base/byteReader';
import { littleEndian } from '../../base/littleEndian';
import { AT, DSC, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { type Type, type Variant, type VariantPart } from '../model/model';
import { readMember, readMembers } from './members';

interface MemberTypes {
  typeOf(entry: Entry): Type;
}

/** The largest discriminant, in bytes. */
const WIDEST = 16;

type Values = NonNullable<Variant['values']>;

/** Undefined for a structure that is always the same. Of several parts, which no compiler makes, the first. */
export function readVariants(types: MemberTypes, structure: Entry): VariantPart | undefined {
  for (const child of structure.children()) {
    if (child.tag === TAG.variant_part) return ifWellFormed(() => readPart(types, child));
  }
  return undefined;
}

function readPart(types: MemberTypes, part: Entry): VariantPart {
  const stated = part.reference(AT.discr);
  const discriminant = stated && readMember(types, stated, false);
  // Without an entry of its own it has only a type, and nobody knows where it is.
  const isLost = !discriminant && part.has(AT.type);
  const size = discriminant?.bits?.size ?? (discriminant?.type.byteSize ?? 8) * 8;
  const variants = [...part.children()]
    .filter(({ tag }) => tag === TAG.variant)
    .map((entry): Variant => ({ values: valuesOf(entry, size), members: readMembers(types, entry) }));
  return { discriminant, variants: isLost ? [] : variants };
}

/** DW_AT_discr_value, DW_AT_discr_list; undefined without either: the variant of all other values. */
function valuesOf(variant: Entry, bits: number): Values | undefined {
  const only = variant.attribute(AT.discr_value);
  if (only) {
    // Wider than 64 bits: bytes.
    const value = only.constant() ?? littleEndian((only.block() ?? new Uint8Array(0)).subarray(0, WIDEST));
    return [range(value, value, bits)];
  }
  const list = variant.attribute(AT.discr_list)?.block();
  return list && readList(list, variant, bits);
}

/** Labels and ranges, in LEB128 with a sign or without: cut to the discriminant's bits they are the same. */
function readList(list: Uint8Array, { unit }: Entry, bits: number): Values {
  const reader = new ByteReader(list, { ...unit.section.origin, section: 'a list of discriminants' });
  const values: Values[number][] = [];
  while (reader.offset < reader.end) {
    const kind = reader.u8();
    const low = reader.sleb64();
    if (kind !== DSC.label && kind !== DSC.range) throw reader.malformed(`${kind} is no kind of discriminant`);
    values.push(range(low, kind === DSC.range ? reader.sleb64() : low, bits));
  }
  return values;
}

function range(low: bigint, high: bigint, bits: number): Values[number] {
  return { low: BigInt.asUintN(bits, low), high: BigInt.asUintN(bits, high) };
}
