/**
 * `name == "text"`. Of characters that a NUL ends: one comparison for each, the NUL included, that ends at the first
 * one that differs. Of those that are counted: the number, then eight bytes at a time.
 */
import { type BaseType } from '../../debuginfo/model/model';
import { base, INT, LONG, UNSIGNED_LONG } from '../typed/builtinTypes';
import { readInteger } from '../../base/littleEndian';
import { constant, convert, decay } from '../typed/conversions';
import { both } from '../typed/pointers';
import { type Sequence } from './sequences';
import { type Typed } from '../typed/tree';
import { unqualified, elementOf, isByteCharacter, sizeOf, wideCharacter } from '../typed/types';

/** An `int` of 0 or 1; undefined when `node` is neither a pointer to characters nor an array of them. */
export function textEquals(node: Typed, text: string): Typed | undefined {
  const character = characterOf(node);
  if (character === undefined) return undefined;
  const units = [...unitsOf(text, character.byteSize), 0];
  // An array that holds the text without a NUL after it equals the text too.
  if (characterAt(node, units.length - 1, character) === 'outside') units.pop();
  let equal: Typed = constant(INT, 1n);
  for (const [index, unit] of [...units.entries()].reverse()) {
    const found = characterAt(node, index, character);
    if (found === 'outside') return constant(INT, 0n);
    const same: Typed = {
      kind: 'binary',
      type: INT,
      operation: 'eq',
      left: convert(found, INT),
      right: constant(INT, BigInt.asIntN(8 * Math.min(4, character.byteSize), BigInt(unit))),
    };
    equal = { kind: 'conditional', type: INT, condition: same, then: equal, otherwise: constant(INT, 0n) };
  }
  return equal;
}

/** The same of a string that has a length. */
export function countedTextEquals({ pointer, length }: Sequence, text: string): Typed {
  const bytes = Buffer.from(text, 'utf8');
  const isAsLong: Typed = {
    kind: 'binary',
    type: INT,
    operation: 'eq',
    left: length,
    right: constant(LONG, BigInt(bytes.length)),
  };
  return both(isAsLong, bytesEqual(pointer, bytes, 0));
}

function bytesEqual(pointer: Typed, bytes: Uint8Array, at: number): Typed {
  if (at === bytes.length) return constant(INT, 1n);
  const size = ([8, 4, 2, 1] as const).find((each) => at + each <= bytes.length) ?? 1;
  const address: Typed = {
    kind: 'binary',
    type: LONG,
    operation: 'add',
    left: pointer,
    right: constant(LONG, BigInt(at)),
  };
  const chunk: Typed = { kind: 'place', type: CHUNKS[size], base: { kind: 'pointer', pointer: address }, offset: 0 };
  const same: Typed = {
    kind: 'binary',
    type: INT,
    operation: 'eq',
    left: convert(chunk, UNSIGNED_LONG),
    right: constant(UNSIGNED_LONG, BigInt.asIntN(64, readInteger(bytes, at, size, false))),
  };
  return both(same, bytesEqual(pointer, bytes, at + size));
}

const CHUNKS: Readonly<Record<1 | 2 | 4 | 8, BaseType>> = {
  1: base('uint8_t', 1, 'unsigned'),
  2: base('uint16_t', 2, 'unsigned'),
  4: base('uint32_t', 4, 'unsigned'),
  8: base('uint64_t', 8, 'unsigned'),
};

/** Signed integers of the characters' size, whatever their own type is: their bits are compared. */
const CHARACTERS: Readonly<Record<1 | 2 | 4, BaseType>> = {
  1: base('char', 1, 'signed'),
  2: base('short', 2, 'signed'),
  4: base('int', 4, 'signed'),
};

function characterOf(node: Typed): BaseType | undefined {
  const type = unqualified(node.type);
  const target = type.kind === 'pointer' ? type.target : type.kind === 'array' ? elementOf(type) : undefined;
  if (target === undefined || (type.kind === 'array' && (node.kind !== 'place' || type.isVector))) return undefined;
  const unit = wideCharacter(target)?.unit ?? (isByteCharacter(target) ? 1 : undefined);
  return unit && CHARACTERS[unit];
}

/** The text as bytes of UTF-8, as UTF-16 or as code points. */
function unitsOf(text: string, size: number): number[] {
  if (size === 1) return [...Buffer.from(text, 'utf8')];
  if (size === 2) return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

function characterAt(node: Typed, index: number, character: BaseType): Typed | 'outside' {
  const type = unqualified(node.type);
  const offset = index * character.byteSize;
  if (node.kind === 'place' && type.kind === 'array') {
    if (offset >= (sizeOf(type) ?? Infinity)) return 'outside';
    return { kind: 'place', type: character, base: node.base, offset: node.offset + offset };
  }
  const pointer = decay(node);
  const address: Typed = {
    kind: 'binary',
    type: LONG,
    operation: 'add',
    left: pointer,
    right: constant(LONG, BigInt(offset)),
  };
  return { kind: 'place', type: character, base: { kind: 'pointer', pointer: address }, offset: 0 };
}
