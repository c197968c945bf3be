/**
 * Shifts and rotates by a constant or CL (Intel SDM vol. 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD). A count of
 * 0, after masking, changes no flag; OF is defined for a count of 1 only.
 */
import { type RegisterWidth, type Value } from '../ir/ir';
import { type Family, type Lift, type Lifting } from '../ir/lift';
import { type Flag } from '../machine/registers';
import {
  and,
  bit,
  constant,
  equal,
  FALSE,
  flag,
  isNotZero,
  below,
  or,
  remainder,
  select,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  signBit,
  subtract,
  truncate,
  xor,
  zeroExtend,
} from '../ir/values';
import { resultFlags } from './arithmeticFlags';

/** How far: masked to 5 or 6 bits, of the width of what is shifted. */
function maskedCount(lifting: Lifting, operand: number, width: RegisterWidth): Value {
  const bits = width === 64 ? 63 : 31;
  const count = lifting.read(operand);
  if (count.op === 'constant') return constant(width, count.value & BigInt(bits));
  return zeroExtend(and(count, constant(8, bits)), width);
}

/** Sets flags for a count that is not 0, and OF for a count of 1. */
function setFlags(lifting: Lifting, count: Value, flags: Partial<Record<Flag, Value>>, overflow: Value): void {
  if (count.op === 'constant') {
    if (count.value === 0n) return;
    lifting.setFlags(flags);
    if (count.value === 1n) lifting.setFlags({ OF: overflow });
    else lifting.undefine('OF');
  } else {
    lifting.setFlags(flags, isNotZero(count));
    lifting.setFlags({ OF: overflow }, equal(count, constant(count.width, 1)));
    lifting.undefine('OF');
  }
}

interface Shifted {
  readonly result: Value;
  /** The last bit that was shifted out. */
  readonly carry: Value;
  /** OF for a count of 1. */
  readonly overflow: Value;
}

function shiftBy(shift: (value: Value, count: Value) => Shifted): Lift {
  return (lifting) => {
    const value = lifting.read(0);
    const count = maskedCount(lifting, 1, lifting.width(0));
    const { result, carry, overflow } = shift(value, count);
    lifting.write(0, result);
    setFlags(lifting, count, { ...resultFlags(result), CF: carry }, overflow);
    if (!isConstant(count, 0)) lifting.undefine('AF');
  };
}

function isConstant(value: Value, number: number): boolean {
  return value.op === 'constant' && value.value === BigInt(number);
}

/** Bit `width - count`; none if more than the width is shifted out. */
function carryOutLeft(value: Value, count: Value): Value {
  const { width } = value;
  if (width === 64) return truncate(shiftRight(value, subtract(constant(64, 64), count)), 1);
  return bit(shiftLeft(zeroExtend(value, 64), zeroExtend(count, 64)), width);
}

/** Bit `count - 1`. */
function carryOutRight(value: Value, count: Value, shift = shiftRight): Value {
  return truncate(shift(value, subtract(count, constant(count.width, 1))), 1);
}

function left(value: Value, count: Value): Shifted {
  const result = shiftLeft(value, count);
  const carry = carryOutLeft(value, count);
  return { result, carry, overflow: xor(signBit(result), carry) };
}

function right(value: Value, count: Value): Shifted {
  return { result: shiftRight(value, count), carry: carryOutRight(value, count), overflow: signBit(value) };
}

function rightSigned(value: Value, count: Value): Shifted {
  const carry = carryOutRight(value, count, shiftRightSigned);
  return { result: shiftRightSigned(value, count), carry, overflow: FALSE };
}

function rotateBy(rotate: (value: Value, count: Value) => Shifted): Lift {
  return (lifting) => {
    const count = maskedCount(lifting, 1, lifting.width(0));
    const { result, carry, overflow } = rotate(lifting.read(0), count);
    lifting.write(0, result);
    setFlags(lifting, count, { CF: carry }, overflow);
  };
}

/** OF of a right rotate: whether the sign changed. */
function twoHighestDiffer(value: Value): Value {
  return xor(signBit(value), bit(value, value.width - 2));
}

export function rotateRight(value: Value, count: Value): Value {
  const { width } = value;
  const within = and(count, constant(width, width - 1));
  return or(shiftRight(value, within), shiftLeft(value, subtract(constant(width, width), within)));
}

function rotatedLeft(value: Value, count: Value): Shifted {
  const { width } = value;
  const within = and(count, constant(width, width - 1));
  const result = or(shiftLeft(value, within), shiftRight(value, subtract(constant(width, width), within)));
  const carry = truncate(result, 1);
  return { result, carry, overflow: xor(signBit(result), carry) };
}

function rotatedRight(value: Value, count: Value): Shifted {
  const result = rotateRight(value, count);
  return { result, carry: signBit(result), overflow: twoHighestDiffer(result) };
}

/** The value with the carry flag above it, as a number of width + 1 bits in 64; for widths up to 32. */
function rotateWithCarry(value: Value, count: Value, toLeft: boolean): { result: Value; carry: Value } {
  const { width } = value;
  const bits = constant(64, width + 1);
  const joined = or(shiftLeft(zeroExtend(flag('CF'), 64), width), zeroExtend(value, 64));
  const places = remainder(zeroExtend(count, 64), bits);
  const [up, down] = toLeft ? [places, subtract(bits, places)] : [subtract(bits, places), places];
  const rotated = or(shiftLeft(joined, up), shiftRight(joined, down));
  return { result: truncate(rotated, width), carry: bit(rotated, width) };
}

function carryLeft(value: Value, count: Value): Shifted {
  if (value.width < 64) {
    const { result, carry } = rotateWithCarry(value, count, true);
    return { result, carry, overflow: xor(signBit(result), carry) };
  }
  const one = constant(64, 1);
  const carryIn = shiftLeft(zeroExtend(flag('CF'), 64), subtract(count, one));
  const wrapped = shiftRight(shiftRight(value, 1), subtract(constant(64, 64), count));
  const moved = isNotZero(count);
  const result = select(moved, or(or(shiftLeft(value, count), carryIn), wrapped), value);
  const carry = carryOutLeft(value, count);
  return { result, carry, overflow: xor(signBit(result), carry) };
}

function carryRight(value: Value, count: Value): Shifted {
  if (value.width < 64) {
    const { result, carry } = rotateWithCarry(value, count, false);
    return { result, carry, overflow: twoHighestDiffer(result) };
  }
  const rest = subtract(constant(64, 64), count);
  const carryIn = shiftLeft(zeroExtend(flag('CF'), 64), rest);
  const wrapped = shiftLeft(shiftLeft(value, 1), rest);
  const result = select(isNotZero(count), or(or(shiftRight(value, count), carryIn), wrapped), value);
  return { result, carry: carryOutRight(value, count), overflow: twoHighestDiffer(result) };
}

/** SHLD, SHRD: the bits that come in are those of a second register. */
function doubleShift(shift: (value: Value, filler: Value, count: Value) => { result: Value; carry: Value }): Lift {
  return (lifting) => {
    const value = lifting.read(0);
    const width = lifting.width(0);
    const count = maskedCount(lifting, 2, width);
    // With 16 bits the masked count may exceed the width; the result is undefined then, so the thread gets the CPU's
    // own.
    if (width === 16) lifting.guard(below(count, constant(16, 17)));
    const { result, carry } = shift(value, lifting.read(1), count);
    lifting.write(0, result);
    setFlags(lifting, count, { ...resultFlags(result), CF: carry }, xor(signBit(result), signBit(value)));
    if (!isConstant(count, 0)) lifting.undefine('AF');
  };
}

/** `shift` by `width - count`, to nothing when the count is 0; in two steps where one step of 64 would be one of 0. */
function complementShift(value: Value, count: Value, shift: (value: Value, count: Value | number) => Value): Value {
  const { width } = value;
  if (width < 64) return shift(value, subtract(constant(width, width), count));
  return shift(shift(value, 1), subtract(constant(64, 63), count));
}

export const shifts: Family = {
  shl: shiftBy(left),
  sal: shiftBy(left),
  shr: shiftBy(right),
  sar: shiftBy(rightSigned),
  rol: rotateBy(rotatedLeft),
  ror: rotateBy(rotatedRight),
  rcl: rotateBy(carryLeft),
  rcr: rotateBy(carryRight),
  shld: doubleShift((value, filler, count) => ({
    result: or(shiftLeft(value, count), complementShift(filler, count, shiftRight)),
    carry: carryOutLeft(value, count),
  })),
  shrd: doubleShift((value, filler, count) => ({
    result: or(shiftRight(value, count), complementShift(filler, count, shiftLeft)),
    carry: carryOutRight(value, count),
  })),
};
