/**
 * Constructors of {@link Value}s. They check widths, so that a family with a wrong width fails in its first test, not
 * at a hit.
 */
import { assert } from '../../base/assert';
import {
  type BinaryOperator,
  type Comparison,
  type RegisterWidth,
  type RuntimeFunction,
  type UnaryOperator,
  type Value,
  type Width,
} from './ir';
import { type Flag, type GeneralRegister, type SegmentRegister } from '../machine/registers';

export const TRUE = constant(1, 1n);
export const FALSE = constant(1, 0n);
export const next: Value = { op: 'next', width: 64 };

/** `value` modulo 2^width. */
export function constant(width: Width, value: bigint | number): Value {
  return { op: 'constant', width, value: BigInt.asUintN(width, BigInt(value)) };
}

export function register(name: GeneralRegister, width: RegisterWidth = 64, high = false): Value {
  assert(!high || width === 8, 'only bytes have a high half');
  return { op: 'register', width, register: name, high };
}

export function flag(name: Flag): Value {
  return { op: 'flag', width: 1, flag: name };
}

export const wholeFlags: Value = { op: 'flags', width: 64 };

export function segmentBase(segment: 'fs' | 'gs'): Value {
  return { op: 'segmentBase', width: 64, segment };
}

export function selector(segment: SegmentRegister): Value {
  return { op: 'selector', width: 16, segment };
}

function binary(op: BinaryOperator): (left: Value, right: Value) => Value {
  return (left, right) => {
    assert(left.width === right.width, `${op} of ${left.width} and ${right.width} bits`);
    return { op, width: left.width, left, right };
  };
}

export const add = binary('add');
export const subtract = binary('subtract');
export const multiply = binary('multiply');
export const divide = binary('divide');
export const remainder = binary('remainder');
export const and = binary('and');
export const or = binary('or');
export const xor = binary('xor');

function shift(op: BinaryOperator): (value: Value, count: Value | number) => Value {
  const make = binary(op);
  return (value, count) => make(value, typeof count === 'number' ? constant(value.width, count) : count);
}

/** Counts are of the value's width. */
export const shiftLeft = shift('shiftLeft');
export const shiftRight = shift('shiftRight');
export const shiftRightSigned = shift('shiftRightSigned');

function comparison(op: Comparison): (left: Value, right: Value) => Value {
  return (left, right) => {
    assert(left.width === right.width, `${op} of ${left.width} and ${right.width} bits`);
    return { op, width: 1, left, right };
  };
}

export const equal = comparison('equal');
/** Unsigned. */
export const below = comparison('below');

function unary(op: UnaryOperator): (value: Value) => Value {
  return (value) => ({ op, width: value.width, value });
}

export const not = unary('not');
export const negate = unary('negate');
export const leadingZeros = unary('leadingZeros');
export const trailingZeros = unary('trailingZeros');
export const countOnes = unary('countOnes');

export function parity(value: Value): Value {
  return { op: 'parity', width: 1, value };
}

export function zeroExtend(value: Value, width: Width): Value {
  assert(width >= value.width, `zero-extension from ${value.width} to ${width} bits`);
  return width === value.width ? value : { op: 'zeroExtend', width, value };
}

export function signExtend(value: Value, width: Width): Value {
  assert(width >= value.width, `sign extension from ${value.width} to ${width} bits`);
  return width === value.width ? value : { op: 'signExtend', width, value };
}

/** The lowest `width` bits. */
export function truncate(value: Value, width: Width): Value {
  assert(width <= value.width, `truncation from ${value.width} to ${width} bits`);
  return width === value.width ? value : { op: 'truncate', width, value };
}

export function select(condition: Value, whenTrue: Value, whenFalse: Value): Value {
  assert(condition.width === 1 && whenTrue.width === whenFalse.width, 'select between different widths');
  return { op: 'select', width: whenTrue.width, condition, whenTrue, whenFalse };
}

/** A call whose result is known to fit `width`. */
export function call(name: RuntimeFunction, width: RegisterWidth, ...args: readonly Value[]): Value {
  return { op: 'call', width, name, arguments: args };
}

/** Bit `index` as a truth value. */
export function bit(value: Value, index: number): Value {
  return truncate(index === 0 ? value : shiftRight(value, index), 1);
}

export function signBit(value: Value): Value {
  return bit(value, value.width - 1);
}

export function isZero(value: Value): Value {
  return value.width === 1 ? not(value) : equal(value, constant(value.width, 0));
}

export function isNotZero(value: Value): Value {
  return not(isZero(value));
}
