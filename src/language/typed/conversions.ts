/** C's implicit conversions as nodes: promotions, the usual arithmetic conversions, decay, truth (C17 §6.3). */
import { type Type } from '../../debuginfo/model/model';
import { DOUBLE, FLOAT, INT, LONG, UNSIGNED_INT, UNSIGNED_LONG } from './builtinTypes';
import { type Place, type Typed } from './tree';
import { unqualified, elementOf, isReference, knownScalar, pointerTo, type Scalar, scalarOf } from './types';

export function constant(type: Type, value: bigint): Typed {
  return { kind: 'constant', type, value };
}

/** The node as a value of `type`; both are scalars. */
export function convert(operand: Typed, type: Type): Typed {
  return operand.type === type ? operand : { kind: 'convert', type, operand };
}

/** Arrays become pointers to their first element, functions to themselves (§6.3.2.1). */
export function decay(node: Typed): Typed {
  if (node.kind !== 'place') return node;
  const type = unqualified(node.type);
  if (type.kind === 'array') return { kind: 'addressOf', type: pointerTo(elementOf(type)), place: node };
  if (type.kind === 'function') return { kind: 'addressOf', type: pointerTo(type), place: node };
  return node;
}

/** What a reference refers to (C++20 [expr.type]); other places as they are. */
export function referent(place: Place): Place {
  const type = unqualified(place.type);
  if (!isReference(type)) return place;
  const pointer = convert(place, pointerTo(type.target));
  return referent({ kind: 'place', type: type.target, base: { kind: 'pointer', pointer }, offset: 0 });
}

/** The integer promotions (§6.3.1.1): what is narrower than `int` becomes `int`, and so do narrow bit-fields. */
export function promote(node: Typed): Typed {
  const scalar = scalarOf(node.type);
  if (scalar === undefined || scalar.kind === 'float' || scalar.kind === 'pointer') return node;
  const bits = node.kind === 'place' && node.bits !== undefined ? node.bits.size : scalar.bits;
  if (bits < 32) return convert(node, INT);
  // Enumerations and the other names of the same type take part in arithmetic as that type.
  return convert(node, integerType({ ...scalar, bits: bits === 32 ? 32 : scalar.bits }));
}

function integerType({ bits, signed }: Scalar): Type {
  if (bits <= 32) return signed ? INT : UNSIGNED_INT;
  return signed ? LONG : UNSIGNED_LONG;
}

/** The type in which two arithmetic values meet (§6.3.1.8). */
export function commonType(left: Typed, right: Typed): Type {
  const [a, b] = [promotedScalar(left), promotedScalar(right)];
  if (a.kind === 'float' || b.kind === 'float') {
    const bits = Math.max(a.kind === 'float' ? a.bits : 0, b.kind === 'float' ? b.bits : 0);
    return bits === 64 ? DOUBLE : FLOAT;
  }
  const bits = Math.max(a.bits, b.bits);
  const signed = [a, b].every((scalar) => scalar.signed || scalar.bits < bits);
  return integerType({ kind: 'integer', bits, signed });
}

function promotedScalar(node: Typed): Scalar {
  return knownScalar(promote(node).type);
}

/** `node != 0` as an `int` of 0 or 1; comparisons are that already. */
export function truth(node: Typed): Typed {
  const scalar = scalarOf(node.type);
  if (node.kind === 'binary' && isComparison(node.operation)) return node;
  if (node.kind === 'unary' && node.operation === 'isZero') return node;
  const operation = scalar?.kind === 'float' ? 'neF' : 'ne';
  return { kind: 'binary', type: INT, operation, left: node, right: constant(node.type, 0n) };
}

/** `!node`. */
export function negation(node: Typed): Typed {
  const isFloat = scalarOf(node.type)?.kind === 'float';
  if (isFloat) return { kind: 'binary', type: INT, operation: 'eqF', left: node, right: constant(node.type, 0n) };
  return { kind: 'unary', type: INT, operation: 'isZero', operand: node };
}

function isComparison(operation: string): boolean {
  return /^(?:eq|ne|lt|le|gt|ge)/.test(operation);
}

/** The bits of a double. */
export function doubleBits(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
}
