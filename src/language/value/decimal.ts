/**
 * Decimal floating-point numbers (IEEE 754 §3.5) in the encoding that x86-64 has them in, binary integer decimal
 * (System V ABI §3.1.2). The text keeps the number's exponent, so 1.50 reads `1.50`: the conversion that ISO/IEC TS
 * 18661-2 calls quantum-preserving.
 */
import { readInteger } from '../../base/littleEndian';

interface Format {
  readonly exponentBits: number;
  readonly bias: number;
  readonly digits: number;
}

const FORMATS = new Map<number, Format>([
  [4, { exponentBits: 8, bias: 101, digits: 7 }],
  [8, { exponentBits: 10, bias: 398, digits: 16 }],
  [16, { exponentBits: 14, bias: 6176, digits: 34 }],
]);

/** From here on down, numbers are written with an exponent (IEEE 754 §5.12, as decNumber and gdb do). */
const SMALLEST_PLAIN = -6;

/** A number of 4, 8 or 16 bytes at `offset`; undefined for other sizes. */
export function decimalText(bytes: Uint8Array, offset: number, byteSize: number): string | undefined {
  const format = FORMATS.get(byteSize);
  if (format === undefined) return undefined;
  const { exponentBits, bias, digits } = format;
  const width = byteSize * 8;
  const bits = readInteger(bytes, offset, byteSize, false);
  const sign = bits >> BigInt(width - 1) ? '-' : '';
  const combination = BigInt.asUintN(5, bits >> BigInt(width - 6));
  if (combination === 0b11111n) return `${sign}${(bits >> BigInt(width - 7)) & 1n ? 'sNaN' : 'NaN'}`;
  if (combination === 0b11110n) return `${sign}Infinity`;
  // Two set bits after the sign: the exponent comes two bits later, and the coefficient begins with 100.
  const isLong = combination >> 3n === 0b11n;
  const coefficientBits = width - 1 - exponentBits - (isLong ? 2 : 0);
  const stored = BigInt.asUintN(coefficientBits, bits) | (isLong ? 0b100n << BigInt(coefficientBits) : 0n);
  const exponent = Number(BigInt.asUintN(exponentBits, bits >> BigInt(coefficientBits))) - bias;
  // A coefficient that has too many digits is zero (IEEE 754 §3.5.2).
  return sign + written(stored < 10n ** BigInt(digits) ? stored : 0n, exponent);
}

function written(coefficient: bigint, exponent: number): string {
  const digits = coefficient.toString();
  const point = exponent + digits.length - 1;
  if (exponent > 0 || point < SMALLEST_PLAIN) {
    const mantissa = digits.length === 1 ? digits : `${digits.charAt(0)}.${digits.slice(1)}`;
    return `${mantissa}E${point < 0 ? '-' : '+'}${Math.abs(point)}`;
  }
  if (exponent === 0) return digits;
  if (point < 0) return `0.${'0'.repeat(-point - 1)}${digits}`;
  return `${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}
