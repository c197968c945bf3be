/** Integers in the notation that a type or a format asks for. */
import { type Type } from '../../debuginfo/model/model';
import { type Style } from '../expression/format';
import { unqualified, isCharacter, wideCharacter } from '../typed/types';
import { quotedCharacter } from './text';

/** `signed`: whether the value's type is. */
const NOTATIONS: Readonly<Record<Style, (value: bigint, byteSize: number, signed: boolean) => string>> = {
  hexadecimal: (value, byteSize) => `0x${unsigned(value, byteSize).toString(16)}`,
  decimal: (value, byteSize) => BigInt.asIntN(byteSize * 8, value).toString(),
  unsigned: (value, byteSize) => unsigned(value, byteSize).toString(),
  octal: (value, byteSize) => `0${unsigned(value, byteSize).toString(8)}`.replace(/^00$/, '0'),
  binary: (value, byteSize) => `0b${unsigned(value, byteSize).toString(2)}`,
  // A number as a character is its lowest byte.
  character: (value, _byteSize, signed) => {
    const byte = signed ? BigInt.asIntN(8, value) : BigInt.asUintN(8, value);
    return `${byte} ${quotedCharacter(byte, 1)}`;
  },
  // Formats of texts, which a number is not.
  string: (value) => value.toString(),
  bare: (value) => value.toString(),
};

function unsigned(value: bigint, byteSize: number): bigint {
  return BigInt.asUintN(byteSize * 8, value);
}

export function integerText(value: bigint, byteSize: number, style: Style, signed = true): string {
  return NOTATIONS[style](value, byteSize, signed);
}

/** A character as a number and as itself: `97 'a'`, `233 L'é'`; undefined for a value of another type. */
export function characterText(value: bigint, type: Type, byteSize: number): string | undefined {
  const wide = wideCharacter(type);
  if (wide === undefined && !isCharacter(type)) return undefined;
  return `${value} ${quotedCharacter(value, byteSize, wide?.prefix)}`;
}

/** A value of an integer, boolean, character or enumeration type, as the type has it written. */
export function typedIntegerText(value: bigint, type: Type, byteSize: number): string {
  const under = unqualified(type);
  if (under.kind === 'enumeration') return enumerationText(value, under);
  if (under.kind !== 'base') return value.toString();
  if (under.encoding === 'boolean') return value === 0n ? 'false' : value === 1n ? 'true' : value.toString();
  const character = characterText(value, type, byteSize);
  if (character !== undefined) return character;
  return under.encoding === 'address' ? integerText(value, byteSize, 'hexadecimal') : value.toString();
}

/**
 * The enumerator's name; `A | B` where the enumeration is one of flags, and what is left over after them. As in gdb,
 * enumerators of one bit each are flags, several may have the same; if any has more bits, or is negative, all are
 * numbers.
 */
function enumerationText(value: bigint, type: Extract<Type, { kind: 'enumeration' }>): string {
  const exact = type.enumerators.find((enumerator) => enumerator.value === value);
  if (exact !== undefined) return exact.name;
  const isFlags = type.enumerators.every(({ value: flag }) => flag >= 0n && (flag & (flag - 1n)) === 0n);
  if (!isFlags || value <= 0n) return value.toString();
  const parts: string[] = [];
  let rest = value;
  for (const { name, value: flag } of type.enumerators) {
    if ((rest & flag) === 0n) continue;
    parts.push(name);
    rest &= ~flag;
  }
  if (rest !== 0n) parts.push(`unknown: 0x${rest.toString(16)}`);
  return parts.join(' | ');
}
