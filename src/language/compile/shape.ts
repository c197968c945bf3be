/**
 * What of an object's layout only the running program knows: lengths of arrays, offsets that depend on them, virtual
 * bases, which lie where the object's own table says. A hit brings these numbers and the bases beside the object; with
 * them the type becomes one that has a fixed layout, and is written as any other.
 */
import { assertExists } from '../../base/assert';
import { type Member, type StructureType, type Type } from '../../debuginfo/model/model';
import { partPlace } from '../typed/members';
import { countNode, isRuntimeSized, offsetNode, sizeNode } from '../typed/sizes';
import { type Place, type Typed } from '../typed/tree';
import { type ArrayType, arrayOf, unqualified, isStructure, sizeOf } from '../typed/types';

/** Structures inside each other. */
const MAX_DEPTH = 6;
const MAX_NUMBERS = 16;
const MAX_BASES = 8;

export interface Shape {
  /** What has to be known, as integers of 64 bits. */
  readonly numbers: readonly Typed[];
  /** What has to be collected beside the object. */
  readonly bases: readonly { readonly place: Place; readonly size: number }[];
  /** Bytes of the object itself, without its virtual bases; undefined where the numbers tell. */
  readonly size: number | undefined;
  /** The type with its layout. `baseOffsets`: where each of the bases lies, from the object's start on. */
  resolved(numbers: readonly bigint[], baseOffsets: readonly number[]): Type;
}

/** Undefined for an object whose layout is known. */
export function shapeOf(object: Place): Shape | undefined {
  if (!isShaped(object.type, 0)) return undefined;
  const shaper = new Shaper();
  const resolve = shaper.shape(object.type, object, 0);
  const size = isRuntimeSized(object.type) ? undefined : ownSize(object.type);
  return {
    numbers: shaper.numbers,
    bases: shaper.bases,
    size,
    resolved: (numbers, baseOffsets) => resolve({ numbers, baseOffsets }),
  };
}

interface Found {
  readonly numbers: readonly bigint[];
  readonly baseOffsets: readonly number[];
}

type Resolve = (found: Found) => Type;

/** Whether something in the type is not known beforehand. */
function isShaped(type: Type, depth: number): boolean {
  const under = unqualified(type);
  if (depth > MAX_DEPTH) return false;
  if (under.kind === 'array') return isRuntimeSized(under) || isShaped(under.element, depth + 1);
  if (!isStructure(under)) return false;
  return under.members.some(
    ({ byteOffset, type: inner }) => typeof byteOffset !== 'number' || isShaped(inner, depth + 1),
  );
}

class Shaper {
  readonly numbers: Typed[] = [];
  readonly bases: { place: Place; size: number }[] = [];
  /** A virtual base is one object, however many classes inherit it. */
  readonly #shown = new Set<string>();

  /** `object`: where it is; undefined inside arrays, of whose elements only the first could say where its bases are. */
  shape(type: Type, object: Place | undefined, depth: number): Resolve {
    const under = unqualified(type);
    if (isShaped(under, depth)) {
      if (under.kind === 'array') return this.#array(under, depth);
      if (isStructure(under)) return this.#structure(under, object, depth);
    }
    return () => type;
  }

  #array(type: ArrayType, depth: number): Resolve {
    const counts = type.counts.map((count) =>
      typeof count === 'object' ? this.#number(countNode({ ...type, counts: [count] })) : () => count,
    );
    const element = this.shape(type.element, undefined, depth + 1);
    return (found) => counts.reduceRight<Type>((inner, count) => arrayOf(inner, count(found)), element(found));
  }

  #structure(type: StructureType, object: Place | undefined, depth: number): Resolve {
    const members = type.members.flatMap((member) => this.#member(member, object, depth) ?? []);
    const size = type.hasRuntimeSize === true ? this.#number(sizeNode(type)) : () => type.byteSize;
    const { kind, name, language, variants } = type;
    return (found) => ({
      kind,
      name,
      language,
      variants,
      byteSize: size(found),
      members: members.map((each) => each(found)),
    });
  }

  #member(member: Member, object: Place | undefined, depth: number): ((found: Found) => Member) | undefined {
    const { name, inherited, bits, byteOffset } = member;
    const part = object && bits === undefined ? partPlace(object, member) : undefined;
    if (inherited && typeof byteOffset !== 'number') return this.#virtualBase(member, part, depth);
    const offset = typeof byteOffset === 'number' ? () => byteOffset : this.#number(offsetNode(byteOffset));
    const type = this.shape(member.type, part, depth + 1);
    return (found) => ({
      name,
      inherited,
      ...(bits && { bits }),
      byteOffset: offset(found) ?? 0,
      type: type(found),
    });
  }

  #virtualBase(member: Member, part: Place | undefined, depth: number): ((found: Found) => Member) | undefined {
    const base = unqualified(member.type);
    const key = isStructure(base) ? base.name : undefined;
    const size = ownSize(base);
    if (!part || key === undefined || size === undefined || this.#shown.has(key)) return undefined;
    if (this.bases.length === MAX_BASES) return undefined;
    this.#shown.add(key);
    const index = this.bases.push({ place: part, size }) - 1;
    const type = this.shape(member.type, part, depth + 1);
    return (found) => ({
      name: member.name,
      inherited: true,
      byteOffset: assertExists(found.baseOffsets[index], 'offset of a base'),
      type: type(found),
    });
  }

  #number(node: Typed | undefined): (found: Found) => number | undefined {
    if (node === undefined || this.numbers.length === MAX_NUMBERS) return () => undefined;
    const index = this.numbers.push(node) - 1;
    return ({ numbers }) => Number(numbers[index]);
  }
}

/** Bytes of an object without its virtual bases, which lie elsewhere when it is itself a base. */
function ownSize(type: Type): number | undefined {
  const under = unqualified(type);
  const size = sizeOf(under);
  if (size === undefined || !isStructure(under) || !isShaped(under, 0)) return size;
  let end = 0;
  for (const { byteOffset, type: part, bits } of under.members) {
    if (typeof byteOffset !== 'number') continue;
    end = Math.max(end, bits ? Math.ceil((bits.offset + bits.size) / 8) : byteOffset + (ownSize(part) ?? 0));
  }
  return Math.min(end, size);
}
