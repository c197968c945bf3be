/**
 * Types that need no debug information: C's arithmetic types on x86-64 Linux (System V ABI §3.1.2), the names of
 * <stdint.h> and those of Rust, Go and Zig. A program's own types of these names come first where a name is one word.
 */
import { assertExists } from '../../base/assert';
import { type BaseEncoding, type BaseType, type Type } from '../../debuginfo/model/model';
import { pointerTo } from './types';

export function base(name: string, byteSize: number, encoding: BaseEncoding): BaseType {
  return { kind: 'base', name, language: 'c', byteSize, encoding };
}

const VOID: Type = { kind: 'void', byteSize: undefined };
export const CHAR = base('char', 1, 'character');
export const BOOL = base('bool', 1, 'boolean');
/** What memory without a type is made of. */
export const BYTE = base('uint8_t', 1, 'unsigned');
export const INT = base('int', 4, 'signed');
export const UNSIGNED_INT = base('unsigned int', 4, 'unsigned');
export const LONG = base('long', 8, 'signed');
export const UNSIGNED_LONG = base('unsigned long', 8, 'unsigned');
export const FLOAT = base('float', 4, 'float');
export const DOUBLE = base('double', 8, 'float');
export const CHAR32 = base('char32_t', 4, 'unicode');
/** The types of characters by the prefix that they are written with (C17 §6.4.4.4, C23 §6.4.4.5). */
export const PREFIXED_CHARACTERS: ReadonlyMap<string, Type> = new Map([
  ['L', base('wchar_t', 4, 'signed')],
  ['u', base('char16_t', 2, 'unicode')],
  ['U', CHAR32],
  ['u8', base('char8_t', 1, 'unicode')],
]);
export const VOID_POINTER = pointerTo(VOID);

const C_TYPES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['void', VOID],
  ['char', CHAR],
  ['signed char', base('signed char', 1, 'character')],
  ['unsigned char', base('unsigned char', 1, 'unsignedCharacter')],
  ['bool', BOOL],
  ['short', base('short', 2, 'signed')],
  ['unsigned short', base('unsigned short', 2, 'unsigned')],
  ['int', INT],
  ['unsigned', UNSIGNED_INT],
  ['long', LONG],
  ['unsigned long', UNSIGNED_LONG],
  ['long long', base('long long', 8, 'signed')],
  ['unsigned long long', base('unsigned long long', 8, 'unsigned')],
  ['float', FLOAT],
  ['double', DOUBLE],
  ['long double', base('long double', 16, 'float')],
  ['__int128', base('__int128', 16, 'signed')],
  ['unsigned __int128', base('unsigned __int128', 16, 'unsigned')],
]);

/** Integers whose name tells their size in bits: <stdint.h>, Go and Rust. */
const SIZED_INTEGER = /^(?:(u?)int(8|16|32|64)(?:_t)?|([ui])(8|16|32|64|128))$/;

const WORD_TYPES: ReadonlyMap<string, Type> = new Map(
  Object.entries({
    size_t: 'unsigned long',
    usize: 'unsigned long',
    uint: 'unsigned long',
    uintptr: 'unsigned long',
    uintptr_t: 'unsigned long',
    ssize_t: 'long',
    isize: 'long',
    ptrdiff_t: 'long',
    intptr_t: 'long',
    byte: 'unsigned char',
    f32: 'float',
    f64: 'double',
    float32: 'float',
    float64: 'double',
  }).map(([name, meaning]) => [name, assertExists(C_TYPES.get(meaning), meaning)]),
);

/** The type that C's words mean in any order: `long unsigned int` is `unsigned long` (C17 §6.7.2). */
export function arithmeticType(words: readonly string[]): Type | undefined {
  const counted = (word: string) => words.filter((other) => other === word).length;
  const longs = counted('long');
  const core = words.filter((word) => !['signed', 'unsigned', 'long', 'int'].includes(word));
  if (core.length > 1 || longs > 2 || counted('int') > 1 || counted('signed') + counted('unsigned') > 1)
    return undefined;
  const sign = counted('unsigned') > 0 ? ['unsigned'] : counted('signed') > 0 && core[0] === 'char' ? ['signed'] : [];
  const size = [
    ...Array.from({ length: longs }, () => 'long'),
    ...core.map((word) => (word === '_Bool' ? 'bool' : word)),
  ];
  return C_TYPES.get([...sign, ...size].join(' ') || 'int');
}

/** A type by a name of one word that is none of C's own. */
export function wellKnownType(name: string): Type | undefined {
  const known = WORD_TYPES.get(name);
  if (known !== undefined) return known;
  const sized = SIZED_INTEGER.exec(name);
  if (sized === null) return undefined;
  const signed = sized[1] === '' || sized[3] === 'i';
  return base(name, Number(sized[2] ?? sized[4]) / 8, signed ? 'signed' : 'unsigned');
}
