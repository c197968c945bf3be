/** MUL, IMUL, MULX, DIV, IDIV. Products and dividends of 64-bit operands have 128 bits. */
import { type RegisterWidth, type Value } from '../ir/ir';
import { type Family, type Lifting } from '../ir/lift';
import {
  add,
  and,
  below,
  call,
  constant,
  divide,
  equal,
  isZero,
  multiply,
  negate,
  not,
  or,
  register,
  select,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  signBit,
  signExtend,
  subtract,
  truncate,
  xor,
  zeroExtend,
} from '../ir/values';

interface Pair {
  readonly high: Value;
  readonly low: Value;
}

/** The registers that hold double-width numbers: AH:AL, DX:AX, EDX:EAX, RDX:RAX. */
function accumulator(width: RegisterWidth): Pair {
  return {
    high: width === 8 ? register('rax', 8, true) : register('rdx', width),
    low: register('rax', width),
  };
}

function setAccumulator(lifting: Lifting, { high, low }: Pair): void {
  lifting.set('rax', low);
  if (low.width === 8) lifting.set('rax', high, { high: true });
  else lifting.set('rdx', high);
}

function unsignedProduct(left: Value, right: Value): Pair {
  const { width } = left;
  if (width === 64) return { low: multiply(left, right), high: call('multiplyHigh', 64, left, right) };
  return halves(multiply(zeroExtend(left, 64), zeroExtend(right, 64)), width);
}

function signedProduct(left: Value, right: Value): Pair {
  const { width } = left;
  if (width < 64) return halves(multiply(signExtend(left, 64), signExtend(right, 64)), width);
  // Read as unsigned, a negative factor is 2^64 too large: that many times the other factor is in the upper half too
  // much.
  const excess = add(and(shiftRightSigned(left, 63), right), and(shiftRightSigned(right, 63), left));
  return { low: multiply(left, right), high: subtract(call('multiplyHigh', 64, left, right), excess) };
}

function halves(product: Value, width: Value['width']): Pair {
  return { low: truncate(product, width), high: truncate(shiftRight(product, width), width) };
}

/** CF and OF say that the upper half is needed. */
function setProductFlags(lifting: Lifting, overflow: Value): void {
  lifting.setFlags({ CF: overflow, OF: overflow });
  lifting.undefine('SF', 'ZF', 'AF', 'PF');
}

function signedOverflow({ high, low }: Pair): Value {
  return not(equal(high, shiftRightSigned(low, low.width - 1)));
}

function multiplySigned(lifting: Lifting): void {
  const { operands } = lifting.instruction;
  if (operands.length === 1) {
    const product = signedProduct(register('rax', lifting.width(0)), lifting.read(0));
    setAccumulator(lifting, product);
    setProductFlags(lifting, signedOverflow(product));
  } else {
    const product = signedProduct(lifting.read(operands.length - 2), lifting.read(operands.length - 1));
    lifting.write(0, product.low);
    setProductFlags(lifting, signedOverflow(product));
  }
}

/** The quotient fits exactly if the upper half is below the divisor; otherwise #DE, division by 0 included. */
function unsignedDivision(
  lifting: Lifting,
  { high, low }: Pair,
  divisor: Value,
): { quotient: Value; remainder: Value } {
  const { width } = low;
  lifting.guard(below(high, divisor));
  const wide = or(shiftLeft(zeroExtend(high, 64), width), zeroExtend(low, 64));
  const quotient =
    width === 64 ? call('quotient128', 64, high, low, divisor) : truncate(divide(wide, zeroExtend(divisor, 64)), width);
  return { quotient, remainder: subtract(low, multiply(quotient, divisor)) };
}

function divideSigned(lifting: Lifting): void {
  const divisor = lifting.read(0);
  const width = lifting.width(0);
  const { high, low } = accumulator(width);
  const dividendNegative = signBit(high);
  const negativeHigh = add(not(high), zeroExtend(isZero(low), width));
  const magnitude = {
    high: select(dividendNegative, negativeHigh, high),
    low: select(dividendNegative, negate(low), low),
  };
  const { quotient, remainder } = unsignedDivision(lifting, magnitude, negateIf(signBit(divisor), divisor));
  const negative = xor(dividendNegative, signBit(divisor));
  // One more negative number fits than positive ones.
  const limit = add(constant(width, 1n << BigInt(width - 1)), zeroExtend(negative, width));
  lifting.guard(below(quotient, limit));
  setAccumulator(lifting, { low: negateIf(negative, quotient), high: negateIf(dividendNegative, remainder) });
  undefineAll(lifting);
}

function negateIf(condition: Value, value: Value): Value {
  return select(condition, negate(value), value);
}

function undefineAll(lifting: Lifting): void {
  lifting.undefine('CF', 'OF', 'SF', 'ZF', 'AF', 'PF');
}

export const multiplication: Family = {
  mul(lifting) {
    const product = unsignedProduct(register('rax', lifting.width(0)), lifting.read(0));
    setAccumulator(lifting, product);
    setProductFlags(lifting, not(isZero(product.high)));
  },
  imul: multiplySigned,
  mulx(lifting) {
    const { low, high } = unsignedProduct(register('rdx', lifting.width(0)), lifting.read(2));
    // The upper half last: it wins where both destinations are one register.
    lifting.write(1, low);
    lifting.write(0, high);
  },
  div(lifting) {
    const width = lifting.width(0);
    const { quotient, remainder } = unsignedDivision(lifting, accumulator(width), lifting.read(0));
    setAccumulator(lifting, { low: quotient, high: remainder });
    undefineAll(lifting);
  },
  idiv: divideSigned,
};
