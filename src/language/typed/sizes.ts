/**
 * How long arrays and structures are that only the running program can measure (GNU C's and C99's arrays of variable
 * length), as nodes that compute it at a hit. What is known beforehand is a constant.
 */
import { type Member, type RuntimeNumber, type StructureType, type Type } from '../../debuginfo/model/model';
import { LONG, UNSIGNED_LONG, VOID_POINTER } from './builtinTypes';
import { constant } from './conversions';
import { type Place, type Typed } from './tree';
import { type ArrayType, unqualified, elementOf, isStructure, sizeOf } from './types';

/** Structures and arrays inside each other. */
const MAX_DEPTH = 16;

/** An object at address 0: a member's address in it is its offset. */
const NOWHERE: Place = {
  kind: 'place',
  type: VOID_POINTER,
  base: { kind: 'pointer', pointer: constant(VOID_POINTER, 0n) },
  offset: 0,
};

/** Whether a type has a size, or a part, that only the running program knows. Virtual bases are no such part. */
export function isRuntimeSized(type: Type): boolean {
  const under = unqualified(type);
  if (isStructure(under)) return under.hasRuntimeSize === true;
  if (under.kind !== 'array') return false;
  return under.counts.some((count) => typeof count === 'object') || isRuntimeSized(under.element);
}

/** Bytes, as an `unsigned long`; undefined where nothing tells. */
export function sizeNode(type: Type, depth = 0): Typed | undefined {
  const known = sizeOf(type);
  if (known !== undefined) return constant(UNSIGNED_LONG, BigInt(known));
  if (depth > MAX_DEPTH) return undefined;
  const under = unqualified(type);
  if (under.kind === 'array') {
    const count = countNode(under);
    const element = sizeNode(elementOf(under), depth + 1);
    return count && element && computed('mul', count, element);
  }
  return isStructure(under) && under.hasRuntimeSize === true ? structureSize(under, depth) : undefined;
}

/** How many elements an array has, as an `unsigned long`; undefined where nothing tells. */
export function countNode({ counts }: ArrayType): Typed | undefined {
  const [count] = counts;
  if (count === undefined) return undefined;
  if (typeof count === 'number') return constant(UNSIGNED_LONG, BigInt(count));
  // A length below 0 is an array that has not been made.
  const number: Typed = { kind: 'runtime', type: LONG, number: count, object: undefined };
  const isSome: Typed = { kind: 'binary', type: LONG, operation: 'gtS', left: number, right: constant(LONG, 0n) };
  return { kind: 'conditional', type: UNSIGNED_LONG, condition: isSome, then: number, otherwise: constant(LONG, 0n) };
}

/** A member's offset in its structure, as an `unsigned long`. */
export function offsetNode(offset: number | RuntimeNumber): Typed {
  if (typeof offset === 'number') return constant(UNSIGNED_LONG, BigInt(offset));
  return { kind: 'runtime', type: UNSIGNED_LONG, number: offset, object: NOWHERE };
}

/**
 * The end of the last member, which the structure's alignment must divide: compilers don't say which structures are
 * packed.
 */
function structureSize({ kind, members, alignment }: StructureType, depth: number): Typed | undefined {
  let end: Typed = constant(UNSIGNED_LONG, 0n);
  for (const member of kind === 'union' ? [] : members.slice(-1)) {
    const size = sizeNode(member.type, depth + 1);
    if (size === undefined) return undefined;
    end = computed('add', offsetNode(member.byteOffset), size);
  }
  if (kind === 'union') {
    for (const { type } of members) {
      const size = sizeNode(type, depth + 1);
      if (size === undefined) return undefined;
      end = largest(end, size);
    }
  }
  const isPacked = members.some(isMisaligned);
  const unit = alignment ?? (isPacked ? 1 : Math.max(1, ...members.map(alignmentOfMember)));
  return { kind: 'aligned', type: UNSIGNED_LONG, size: end, unit, isCertain: alignment !== undefined || isPacked };
}

function isMisaligned({ byteOffset, type }: Member): boolean {
  return typeof byteOffset === 'number' && byteOffset % alignmentOf(type, 0) !== 0;
}

function alignmentOfMember({ alignment, type }: Member): number {
  return alignment ?? alignmentOf(type, 0);
}

/** System V ABI §3.1.2, table 3.1: scalars are aligned as they are long. */
function alignmentOf(type: Type, depth: number): number {
  const under = unqualified(type);
  if (depth > MAX_DEPTH) return 1;
  if (under.kind === 'array') return under.isVector ? (sizeOf(under) ?? 1) : alignmentOf(under.element, depth + 1);
  if (isStructure(under)) {
    return under.alignment ?? Math.max(1, ...under.members.map(({ type: inner }) => alignmentOf(inner, depth + 1)));
  }
  const size = sizeOf(under) ?? 1;
  const part = under.kind === 'base' && /^complex/.test(under.encoding) ? size / 2 : size;
  const isWords = under.kind === 'memberPointer' || (under.kind === 'base' && under.bitSize !== undefined);
  return Math.min(isWords ? 8 : 16, part);
}

function computed(operation: 'add' | 'mul', left: Typed, right: Typed): Typed {
  return { kind: 'binary', type: UNSIGNED_LONG, operation, left, right };
}

function largest(left: Typed, right: Typed): Typed {
  const isLarger: Typed = { kind: 'binary', type: LONG, operation: 'gtU', left, right };
  return { kind: 'conditional', type: UNSIGNED_LONG, condition: isLarger, then: left, otherwise: right };
}
