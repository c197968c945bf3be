/**
 * Casts between pointers to a class and to one of its bases (C++20 [expr.static.cast]): the address of a base that does
 * not lie at the beginning is another one than the object's. A null pointer stays null.
 */
import { type Scope, type Type } from '../../debuginfo/model/model';
import { UNSIGNED_LONG } from './builtinTypes';
import { constant, convert } from './conversions';
import { definition } from './names';
import { type Typed } from './tree';
import { isStructure, unqualified } from './types';

/** Base classes that are looked through. */
const MAX_BASES = 256;

/**
 * The pointer as one to a base, or to a class that its target is a base of; undefined where neither is the other's
 * base, or where only the running program knows its offset.
 */
export function classPointer(pointer: Typed, type: Type, scope: Scope): Typed | undefined {
  const [from, to] = [unqualified(pointer.type), unqualified(type)];
  if (from.kind !== 'pointer' || to.kind !== 'pointer') return undefined;
  const up = baseOffset(from.target, to.target, scope);
  const down = up === undefined ? baseOffset(to.target, from.target, scope) : undefined;
  const distance = up ?? (down === undefined ? undefined : -down);
  if (distance === undefined || distance === 0) return undefined;
  const address = convert(pointer, UNSIGNED_LONG);
  const moved: Typed = {
    kind: 'binary',
    type: UNSIGNED_LONG,
    operation: 'add',
    left: address,
    right: constant(UNSIGNED_LONG, BigInt.asUintN(64, BigInt(distance))),
  };
  return {
    kind: 'conditional',
    type,
    condition: address,
    then: convert(moved, type),
    otherwise: constant(type, 0n),
  };
}

/** Bytes from the start of `type` to the first of its bases that is `base`, without virtual ones. */
function baseOffset(type: Type, base: Type, scope: Scope): number | undefined {
  const wanted = definition(base, scope);
  const start = definition(type, scope);
  if (wanted?.name === undefined || start === undefined || start.name === wanted.name) return undefined;
  const open = [{ structure: start, offset: 0 }];
  for (let index = 0; index < open.length && index < MAX_BASES; index++) {
    const { structure, offset } = open[index] ?? { structure: start, offset: 0 };
    for (const { type: each, byteOffset, inherited } of structure.members) {
      const under = unqualified(each);
      if (!inherited || typeof byteOffset !== 'number' || !isStructure(under)) continue;
      if (under.name === wanted.name) return offset + byteOffset;
      open.push({ structure: definition(under, scope) ?? under, offset: offset + byteOffset });
    }
  }
  return undefined;
}
