/**
 * Constants that have no type before they meet a value that has one: Rust's literals, Go's untyped constants. Their
 * values are exact, however large.
 */
import { type BaseType, type Type } from '../../debuginfo/model/model';
import { type Range, typeError } from '../expression/diagnostics';
import { base } from '../typed/builtinTypes';
import { constant, doubleBits } from '../typed/conversions';
import { type Typed } from '../typed/tree';
import { knownScalar, type Scalar, typeText } from '../typed/types';
import { COMPARISONS, type NumericOperator } from '../typed/operations';

export const UNTYPED_INTEGER: BaseType = base('{integer}', 8, 'signed');
export const UNTYPED_FLOAT: BaseType = base('{float}', 8, 'float');

/** Beyond it, no type of a program holds the result. */
const MAX_BITS = 512n;

export type Untyped = Extract<Typed, { kind: 'constant' }>;

export function isUntyped(node: Typed): node is Untyped {
  return node.kind === 'constant' && (node.type === UNTYPED_INTEGER || node.type === UNTYPED_FLOAT);
}

export function untypedFloat(value: number): Typed {
  return constant(UNTYPED_FLOAT, doubleBits(value));
}

/** The constant in `type`, which must hold it. `converts`: integers and floats of one value are the same, as in Go. */
export function fitted(node: Untyped, type: Type, range: Range, converts: boolean): Typed {
  const target = knownScalar(type);
  const isFloat = node.type === UNTYPED_FLOAT;
  if (target.kind === 'boolean') throw mismatch(node, type, range);
  if (target.kind === 'float') {
    if (!isFloat && !converts) throw mismatch(node, type, range, `Write it with a point: \`${node.value}.0\`.`);
    const value = isFloat ? doubleOf(node.value) : Number(node.value);
    return constant(type, doubleBits(target.bits === 32 ? Math.fround(value) : value));
  }
  if (isFloat && !(converts && Number.isInteger(doubleOf(node.value)))) throw mismatch(node, type, range);
  const value = isFloat ? BigInt(doubleOf(node.value)) : node.value;
  if (!holds(target, value)) throw typeError(`${value} does not fit in \`${typeText(type)}\``, range);
  return constant(type, BigInt.asIntN(64, value));
}

/** Whether an integer is one of the type's values; an address is any 64 bits. */
function holds({ kind, bits, signed }: Scalar, value: bigint): boolean {
  const width = BigInt(bits);
  if (kind === 'pointer') return value >= -(1n << 63n) && value < 1n << 64n;
  return signed ? value >= -(1n << (width - 1n)) && value < 1n << (width - 1n) : value >= 0n && value < 1n << width;
}

function mismatch(node: Untyped, type: Type, range: Range, advice?: string): Error {
  const what = node.type === UNTYPED_FLOAT ? `${doubleOf(node.value)}` : `${node.value}`;
  return typeError(`${what} is no value of \`${typeText(type)}\``, range, advice);
}

/** Two constants in one; a comparison leaves a `truthType`. */
export function folded(
  operator: NumericOperator,
  left: Untyped,
  right: Untyped,
  { range, truthType, converts }: { readonly range: Range; readonly truthType: Type; readonly converts: boolean },
): Typed {
  const isFloat = left.type === UNTYPED_FLOAT || right.type === UNTYPED_FLOAT;
  if (isFloat && left.type !== right.type && !converts) {
    throw typeError(`\`${operator}\` can't mix an integer and a float`, range);
  }
  if (COMPARISONS.has(operator)) {
    const isTrue = isFloat
      ? compared(operator, numberOf(left), numberOf(right))
      : compared(operator, left.value, right.value);
    return constant(truthType, isTrue ? 1n : 0n);
  }
  // In which precision it is meant, only a type would say.
  if (isFloat) throw typeError('constants with a fraction are not computed with', range, 'Write the result.');
  return constant(UNTYPED_INTEGER, computed(operator, left.value, right.value, range));
}

function compared<T extends bigint | number>(operator: string, left: T, right: T): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '<') return left < right;
  if (operator === '>') return left > right;
  return operator === '<=' ? left <= right : left >= right;
}

function computed(operator: NumericOperator, left: bigint, right: bigint, range: Range): bigint {
  if ((operator === '/' || operator === '%') && right === 0n) throw typeError('division by zero', range);
  if ((operator === '<<' || operator === '>>') && (right < 0n || right > MAX_BITS)) {
    throw typeError(`a constant can't be shifted by ${right}`, range);
  }
  const result = INTEGER_OPERATIONS[operator]?.(left, right) ?? 0n;
  if (BigInt.asIntN(Number(MAX_BITS), result) !== result) throw typeError('the constant is too large', range);
  return result;
}

const INTEGER_OPERATIONS: Partial<Readonly<Record<NumericOperator, (left: bigint, right: bigint) => bigint>>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '&': (left, right) => left & right,
  '|': (left, right) => left | right,
  '^': (left, right) => left ^ right,
  '&^': (left, right) => left & ~right,
  '<<': (left, right) => left << right,
  '>>': (left, right) => left >> right,
};

function numberOf({ type, value }: Untyped): number {
  return type === UNTYPED_FLOAT ? doubleOf(value) : Number(value);
}

/** A double from its bits. */
export function doubleOf(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(BigInt.asUintN(64, bits)).buffer)[0] ?? NaN;
}
