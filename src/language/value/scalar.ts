/** Values in one piece: what bytes of a scalar type read. */
import { readBits, readInteger } from '../../base/littleEndian';
import { type Type } from '../../debuginfo/model/model';
import { type Style } from '../expression/format';
import { scalarOf, sizeOf, unqualified } from '../typed/types';
import { decimalText } from './decimal';
import { floatText } from './float';
import { characterText, integerText, typedIntegerText } from './integer';

/** Notations of numbers: the others are of texts, which numbers are not. */
export type NumberStyle = Exclude<Style, 'string' | 'bare'>;

/** A value of `type` in the `size` bytes at `offset`, all of which must be there. */
export function scalarText(
  type: Type,
  bytes: Uint8Array,
  offset: number,
  size: number,
  style: NumberStyle | undefined,
): string {
  const under = unqualified(type);
  if (under.kind === 'base' && under.bitSize !== undefined) {
    return bitFieldText(type, bytes, { start: offset * 8, size: under.bitSize }, style);
  }
  const own = style === undefined ? ownNotation(type, bytes, offset, size) : undefined;
  if (own !== undefined) return own;
  const value = readInteger(bytes, offset, size, isSigned(type));
  if (style !== undefined) return styledText(value, size, type, style);
  if (scalarOf(type)?.kind === 'pointer') return integerText(value, size, 'hexadecimal');
  return typedIntegerText(value, type, size);
}

/** A bit-field of `size` bits from bit `start` of the bytes on. */
export function bitFieldText(
  type: Type,
  bytes: Uint8Array,
  { start, size }: { readonly start: number; readonly size: number },
  style: NumberStyle | undefined,
): string {
  const value = readBits(bytes, start, size, isSigned(type));
  const byteSize = sizeOf(type) ?? 8;
  if (style === undefined) return typedIntegerText(value, type, byteSize);
  // A notation of bits shows the field's own, not those that its type would extend it to.
  const hasSign = style === 'decimal' || style === 'character';
  return styledText(hasSign ? value : BigInt.asUintN(size, value), byteSize, type, style);
}

/** What types that are no integers read; undefined for integers, enumerations and pointers. */
function ownNotation(type: Type, bytes: Uint8Array, offset: number, size: number): string | undefined {
  const under = unqualified(type);
  if (under.kind === 'memberPointer') return memberPointerText(bytes, offset, size);
  if (under.kind !== 'base') return undefined;
  // Of one value only, or of none: Rust's `()` and `!`.
  if (size === 0) return under.name;
  switch (under.encoding) {
    case 'float':
      return floatText(bytes, offset, size, under.name);
    case 'complex':
      return complexText((at) => floatText(bytes, offset + at, size / 2, under.name), size);
    case 'complexInteger':
      return complexText((at) => readInteger(bytes, offset + at, size / 2, true), size);
    case 'decimal':
      return (
        decimalText(bytes, offset, size) ?? integerText(readInteger(bytes, offset, size, false), size, 'hexadecimal')
      );
    case 'other':
      return integerText(readInteger(bytes, offset, size, false), size, 'hexadecimal');
    default:
      return undefined;
  }
}

function complexText(partAt: (offset: number) => string | bigint, size: number): string {
  return `${partAt(0)} + ${partAt(size / 2)}i`;
}

function styledText(value: bigint, size: number, type: Type, style: NumberStyle): string {
  const character = style === 'character' ? characterText(value, type, size) : undefined;
  return character ?? integerText(value, size, style, isSigned(type));
}

function isSigned(type: Type): boolean {
  const scalar = scalarOf(type);
  if (scalar !== undefined) return scalar.signed && scalar.kind !== 'float';
  const under = unqualified(type);
  return under.kind === 'enumeration' ? under.signed : under.kind === 'base' && under.encoding === 'signed';
}

/**
 * Itanium C++ ABI §2.3: an offset, -1 for none; of functions an address, or an odd offset in the table, and what `this`
 * is moved by.
 */
function memberPointerText(bytes: Uint8Array, offset: number, size: number): string {
  const first = readInteger(bytes, offset, 8, true);
  if (size === 8) return first === -1n ? 'NULL' : first.toString();
  if (first === 0n) return 'NULL';
  const moved = readInteger(bytes, offset + 8, 8, true);
  const isVirtual = (first & 1n) !== 0n;
  const target = isVirtual ? `&virtual table offset ${(first - 1n) / 8n}` : integerText(first, 8, 'hexadecimal');
  return moved === 0n ? target : `${target}, this adjustment ${moved}`;
}
