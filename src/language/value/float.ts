/**
 * Floating-point numbers in the fewest digits that read back as the same number: IEEE 754 binary16, 32, 64 and 128,
 * brain floats (bfloat16) and the x87's 80-bit format (Intel SDM vol. 1, §4.2.2) that C's `long double` is on x86-64.
 */
import { readInteger } from '../../base/littleEndian';

interface Layout {
  readonly exponentBits: number;
  /** Without the integer bit. */
  readonly fractionBits: number;
  /** The x87 format stores it; the others imply it. */
  readonly explicitInteger: boolean;
}

const HALF: Layout = { exponentBits: 5, fractionBits: 10, explicitInteger: false };
/** The upper half of a single-precision number. */
const BRAIN: Layout = { exponentBits: 8, fractionBits: 7, explicitInteger: false };
const EXTENDED: Layout = { exponentBits: 15, fractionBits: 63, explicitInteger: true };
const QUADRUPLE: Layout = { exponentBits: 15, fractionBits: 112, explicitInteger: false };

/** Whole numbers below this are written whole, though fewer digits would tell them from their neighbours. */
const WHOLE_LIMIT = 1e15;

/** A number of `byteSize` bytes at `offset`. `name` tells apart the two formats of 16 bytes, and those of 2. */
export function floatText(bytes: Uint8Array, offset: number, byteSize: number, name: string): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, byteSize);
  if (byteSize === 8) return doubleText(view.getFloat64(0, true));
  if (byteSize === 4) return singleText(view.getFloat32(0, true));
  if (byteSize === 2) return exactText(readInteger(bytes, offset, 2, false), /bf(?:loat)?16/.test(name) ? BRAIN : HALF);
  if (byteSize === 16 && /128/.test(name)) return exactText(readInteger(bytes, offset, 16, false), QUADRUPLE);
  if (byteSize >= 10) return exactText(readInteger(bytes, offset, 10, false), EXTENDED);
  return `<a float of ${byteSize} bytes>`;
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function singleText(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < WHOLE_LIMIT)) return doubleText(value);
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return doubleText(rounded);
  }
  return doubleText(Number(value.toPrecision(9)));
}

function exactText(bits: bigint, layout: Layout): string {
  const { exponentBits, fractionBits, explicitInteger } = layout;
  const stored = fractionBits + (explicitInteger ? 1 : 0);
  const significand = BigInt.asUintN(stored, bits);
  const biased = Number(BigInt.asUintN(exponentBits, bits >> BigInt(stored)));
  const sign = (bits >> BigInt(stored + exponentBits)) & 1n ? '-' : '';
  const bias = 2 ** (exponentBits - 1) - 1;
  if (biased === 2 ** exponentBits - 1) return BigInt.asUintN(fractionBits, significand) === 0n ? `${sign}inf` : 'nan';
  const integerBit = biased === 0 || explicitInteger ? 0n : 1n << BigInt(fractionBits);
  return sign + shortestText(significand | integerBit, Math.max(biased, 1) - bias - fractionBits);
}

/**
 * `significand` × 2^`exponent` in the fewest digits that are nearer to it than to any other number of its precision.
 */
function shortestText(significand: bigint, exponent: number): string {
  if (significand === 0n) return '0';
  const whole = exponent >= 0 ? significand << BigInt(exponent) : significand >> BigInt(-exponent);
  const isWhole = exponent >= 0 || whole << BigInt(-exponent) === significand;
  if (isWhole && whole < WHOLE_LIMIT) return whole.toString();
  // As a fraction, scaled so that half the distance to the neighbours is a whole number too.
  const numerator = (significand << 1n) << BigInt(Math.max(exponent, 0));
  const denominator = 1n << BigInt(Math.max(-exponent, 0) + 1);
  const halfStep = 1n << BigInt(Math.max(exponent, 0));
  let point = decimalExponent(numerator, denominator);
  for (let digits = 1; ; digits++) {
    // The number as digits × 10^shift, rounded.
    const shift = point - digits + 1;
    const scaledNumerator = shift < 0 ? numerator * 10n ** BigInt(-shift) : numerator;
    const scaledDenominator = shift > 0 ? denominator * 10n ** BigInt(shift) : denominator;
    let rounded = (2n * scaledNumerator + scaledDenominator) / (2n * scaledDenominator);
    const error = rounded * scaledDenominator - scaledNumerator;
    const tolerance = shift < 0 ? halfStep * 10n ** BigInt(-shift) : halfStep;
    if ((error < 0n ? -error : error) >= tolerance) continue;
    if (rounded === 10n ** BigInt(digits)) {
      rounded = 1n;
      point++;
    }
    return positional(rounded.toString().replace(/0+$/, ''), point);
  }
}

/** The largest power of ten that is not above the fraction. */
function decimalExponent(numerator: bigint, denominator: bigint): number {
  const estimate = numerator.toString().length - denominator.toString().length;
  for (const power of [estimate + 1, estimate]) {
    const above =
      power >= 0 ? denominator * 10n ** BigInt(power) <= numerator : denominator <= numerator * 10n ** BigInt(-power);
    if (above) return power;
  }
  return estimate - 1;
}

/** Digits d.ddd × 10^point, in the notation that JavaScript gives numbers (ECMA-262 §6.1.6.1.20). */
function positional(digits: string, point: number): string {
  if (point >= 21 || point < -6) {
    const mantissa = digits.length === 1 ? digits : `${digits.charAt(0)}.${digits.slice(1)}`;
    return `${mantissa}e${point < 0 ? '-' : '+'}${Math.abs(point)}`;
  }
  if (point < 0) return `0.${'0'.repeat(-point - 1)}${digits}`;
  if (digits.length <= point + 1) return digits.padEnd(point + 1, '0');
  return `${digits.slice(0, point + 1)}.${digits.slice(point + 1)}`;
}
