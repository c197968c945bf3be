/** Integers in the notation that a type or a format asks for. */
import { type Type } from '../../debuginfo/model';
import { type Style } from '../expression/format';
import { bare, isCharacter } from '../typed/types';
import { quotedCharacter } from './text';

const NOTATIONS: Readonly<Record<Style, (value: bigint, byteSize: number) => string>> = {
  hexadecimal: (value, byteSize) => `0x${unsigned(value, byteSize).toString(16)}`,
  decimal: (value, byteSize) => BigInt.asIntN(byteSize * 8, value).toString(),
  unsigned: (value, byteSize) => unsigned(value, byteSize).toString(),
  octal: (value, byteSize) => `0${unsigned(value, byteSize).toString(8)}`.replace(/^00$/, '0'),
  binary: (value, byteSize) => `0b${unsigned(value, byteSize).toString(2)}`,
  character: (value, byteSize) => `${value} ${quotedCharacter(value, byteSize)}`,
  // Formats of texts, which a number is not.
  string: (value) => value.toString(),
  bare: (value) => value.toString(),
};

function unsigned(value: bigint, byteSize: number): bigint {
  return BigInt.asUintN(byteSize * 8, value);
}

export function integerText(value: bigint, byteSize: number, style: Style): string {
  return NOTATIONS[style](value, byteSize);
}

/** A value of an integer, boolean, character or enumeration type, as the type has it written. */
export function typedIntegerText(value: bigint, type: Type, byteSize: number): string {
  const under = bare(type);
  if (under.kind === 'enumeration') return enumerationText(value, under);
  if (under.kind !== 'base') return value.toString();
  if (under.encoding === 'boolean') return value === 0n ? 'false' : value === 1n ? 'true' : value.toString();
  if (isCharacter(type)) return integerText(value, byteSize, 'character');
  return under.encoding === 'address' ? integerText(value, byteSize, 'hexadecimal') : value.toString();
}

/** The enumerator's name; `A | B` where the enumeration is one of flags and the value is made of them. */
function enumerationText(value: bigint, type: Extract<Type, { kind: 'enumeration' }>): string {
  const exact = type.enumerators.find((enumerator) => enumerator.value === value);
  if (exact !== undefined) return exact.name;
  const names: string[] = [];
  let taken = 0n;
  let rest = value;
  for (const { name, value: flag } of type.enumerators) {
    if (flag <= 0n) continue;
    // Not flags, but numbers: as gdb does, only enumerators that share no bit are read as such.
    if ((taken & flag) !== 0n) return value.toString();
    taken |= flag;
    if ((value & flag) !== flag) continue;
    names.push(name);
    rest &= ~flag;
  }
  if (names.length === 0 || value < 0n) return value.toString();
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names.join(' | ');
}
