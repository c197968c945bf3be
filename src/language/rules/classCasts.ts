/**
 * Casts between pointers to classes (C++20 [expr.static.cast]): the address changes as the classes lie in each other. A
 * null pointer stays null.
 */
import { type Scope, type StructureType, type Type } from '../../debuginfo/model/model';
import { type CastStyle } from '../expression/ast';
import { type Range, typeError } from '../expression/diagnostics';
import { LONG } from '../typed/builtinTypes';
import { constant, convert, decay } from '../typed/conversions';
import { basePath, definition, partPlace } from '../typed/members';
import { dereference } from '../typed/pointers';
import { type Place, type Typed } from '../typed/tree';
import { pointerTo, typeText, unqualified } from '../typed/types';

interface At {
  readonly range: Range;
  readonly scope: Scope;
}

/** The pointer, where it points to a class that is a base of the type's, or the other way round; else undefined. */
export function castPointer(node: Typed, type: Type, style: CastStyle, { range, scope }: At): Typed | undefined {
  if (style === 'dynamic_cast') throw dynamicCast(range);
  const [from, to] = [unqualified(node.type), unqualified(type)];
  if (style === 'const_cast') return constCast(node, type, range);
  if (style === 'reinterpret_cast' || from.kind !== 'pointer' || to.kind !== 'pointer') return undefined;
  const [source, target] = [definition(from.target, scope), definition(to.target, scope)];
  if (source === undefined || target === undefined || isSame(source, target)) return undefined;
  const up = basePath(source, (base) => isSame(base, target));
  if (up === 'ambiguous') throw severalBases(source, target, range);
  if (up !== undefined) {
    const base = up.reduce(partPlace, dereference(node, from.target));
    return nullSafe(node, { kind: 'addressOf', type: pointerTo(base.type), place: base }, type);
  }
  const down = basePath(target, (base) => isSame(base, source));
  if (down === 'ambiguous') throw severalBases(target, source, range);
  if (down === undefined) return undefined;
  let offset = 0;
  for (const { byteOffset } of down) {
    if (typeof byteOffset !== 'number') {
      const what = `\`${typeText(source)}\` is a virtual base of \`${typeText(target)}\``;
      throw typeError(`${what}: where the object begins, only a dynamic_cast would find out`, range);
    }
    offset += byteOffset;
  }
  const start: Typed = {
    kind: 'binary',
    type: LONG,
    operation: 'sub',
    left: convert(node, LONG),
    right: constant(LONG, BigInt(offset)),
  };
  return nullSafe(node, start, type);
}

/** `static_cast<T &>(object)`. Throws `type`. */
export function castReference(object: Typed, target: Type, style: CastStyle, at: At): Place {
  if (style === 'dynamic_cast') throw dynamicCast(at.range);
  if (object.kind !== 'place' || object.bits !== undefined) {
    throw typeError('only an object can be cast to a reference', at.range);
  }
  const address: Typed = { kind: 'addressOf', type: pointerTo(object.type), place: object };
  const type = pointerTo(target);
  const pointer = castPointer(address, type, style, at) ?? convert(decay(address), type);
  return dereference(pointer, target);
}

function constCast(node: Typed, type: Type, range: Range): Typed {
  const [from, to] = [unqualified(node.type), unqualified(type)];
  const isAlike = from.kind === 'pointer' && to.kind === 'pointer' && bare(from.target) === bare(to.target);
  if (!isAlike) throw typeError('const_cast changes nothing but `const` and `volatile`', range);
  return convert(node, type);
}

function bare(type: Type): string {
  return typeText(unqualified(type));
}

function nullSafe(node: Typed, moved: Typed, type: Type): Typed {
  const then = convert(moved, type);
  return { kind: 'conditional', type, condition: node, then, otherwise: constant(type, 0n) };
}

function isSame(a: StructureType, b: StructureType): boolean {
  return a === b || (a.name !== undefined && a.name === b.name);
}

function severalBases(from: Type, to: Type, range: Range): Error {
  return typeError(`\`${typeText(from)}\` has several bases \`${typeText(to)}\``, range);
}

function dynamicCast(range: Range): Error {
  const advice = 'Use static_cast where you know the type.';
  return typeError(
    'a probe has no dynamic_cast: it would have to walk the type information of the program',
    range,
    advice,
  );
}
