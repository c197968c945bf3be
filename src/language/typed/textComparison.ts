/** `name == "text"`: one comparison for each byte, the terminating NUL included, that ends at the first one that differs. */
import { INT, LONG } from './builtinTypes';
import { constant, convert, decay } from './conversions';
import { type Typed } from './tree';
import { bare, elementOf, isByteCharacter, sizeOf } from './types';

/** An `int` of 0 or 1; undefined when `node` is neither a pointer to characters nor an array of them. */
export function textEquals(node: Typed, text: string): Typed | undefined {
  const bytes = [...Buffer.from(text, 'utf8'), 0];
  const characters = bytes.map((_, index) => characterAt(node, index));
  // An array that holds the text without a NUL behind it equals the text too.
  if (characters.at(-1) === 'outside') {
    characters.pop();
    bytes.pop();
  }
  let equal: Typed = constant(INT, 1n);
  for (let index = characters.length - 1; index >= 0; index--) {
    const character = characters[index];
    if (character === undefined) return undefined;
    if (character === 'outside') return constant(INT, 0n);
    const same: Typed = {
      kind: 'binary',
      type: INT,
      operation: 'eq',
      left: convert(character, INT),
      right: constant(INT, signedByte(bytes[index]!)),
    };
    equal = { kind: 'conditional', type: INT, condition: same, then: equal, otherwise: constant(INT, 0n) };
  }
  return equal;
}

/** C's `char`, whatever the characters' own type is: their bits are compared. */
const CHARACTER = { kind: 'base', name: 'char', byteSize: 1, encoding: 'character' } as const;

function characterAt(node: Typed, index: number): Typed | 'outside' | undefined {
  const type = bare(node.type);
  if (node.kind === 'place' && type.kind === 'array') {
    if (!isByteCharacter(elementOf(type))) return undefined;
    if (index >= (sizeOf(type) ?? Infinity)) return 'outside';
    return { kind: 'place', type: CHARACTER, base: node.base, offset: node.offset + index };
  }
  const pointer = decay(node);
  if (type.kind !== 'pointer' || !isByteCharacter(type.target)) return undefined;
  const address: Typed = {
    kind: 'binary',
    type: LONG,
    operation: 'add',
    left: pointer,
    right: constant(LONG, BigInt(index)),
  };
  return { kind: 'place', type: CHARACTER, base: { kind: 'pointer', pointer: address }, offset: 0 };
}

function signedByte(byte: number): bigint {
  return BigInt.asIntN(8, BigInt(byte));
}
