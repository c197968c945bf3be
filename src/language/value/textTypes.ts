/**
 * Which types are texts, and where a text's characters are: the same answer for who collects them and for who writes
 * them.
 */
import { type StructureType, type Type } from '../../debuginfo/model/model';
import { unqualified, elementOf, isByteCharacter, isStructure, knownCount, wideCharacter } from '../typed/types';
import { BYTES, type Encoding } from './text';

export type TextType =
  /** A pointer to characters that a NUL ends. */
  | { readonly kind: 'terminated'; readonly encoding: Encoding }
  /** A structure of a pointer and a length in bytes. */
  | { readonly kind: 'counted'; readonly pointerOffset: number; readonly lengthOffset: number };

/** Texts of languages that count their characters: name of the type, of the pointer, of the length. */
const COUNTED: readonly (readonly [name: RegExp, pointer: string, length: string])[] = [
  [/^string$/, 'str', 'len'],
  [/^&(?:mut )?str$/, 'data_ptr', 'length'],
];

export function textType(type: Type): TextType | undefined {
  const under = unqualified(type);
  if (under.kind === 'pointer') {
    const encoding = encodingOf(under.target);
    return encoding && { kind: 'terminated', encoding };
  }
  return isStructure(under) ? countedText(under) : undefined;
}

/** How the text is stored whose characters are of this type; undefined for what is no character. */
export function encodingOf(character: Type): Encoding | undefined {
  return wideCharacter(character) ?? (isByteCharacter(character) ? BYTES : undefined);
}

function countedText(type: StructureType): TextType | undefined {
  for (const [name, pointer, length] of COUNTED) {
    if (!name.test(type.name ?? '')) continue;
    const offsetOf = (member: string) => type.members.find((candidate) => candidate.name === member)?.byteOffset;
    const [pointerOffset, lengthOffset] = [offsetOf(pointer), offsetOf(length)];
    if (typeof pointerOffset === 'number' && typeof lengthOffset === 'number')
      return { kind: 'counted', pointerOffset, lengthOffset };
  }
  return undefined;
}

/** The texts that lie in a value of a type, with their offsets, in order, at most `limit`. */
export function textsWithin(type: Type, limit: number): { readonly offset: number; readonly text: TextType }[] {
  const found: { offset: number; text: TextType }[] = [];
  collect(type, 0, 0);
  return found;

  function collect(part: Type, offset: number, depth: number): void {
    if (found.length >= limit || depth > MAX_DEPTH) return;
    const text = textType(part);
    if (text !== undefined) {
      found.push({ offset, text });
      return;
    }
    const under = unqualified(part);
    if (isStructure(under)) {
      for (const member of under.members) {
        const { bits, byteOffset } = member;
        if (bits === undefined && typeof byteOffset === 'number') collect(member.type, offset + byteOffset, depth + 1);
      }
    } else if (under.kind === 'array') {
      const element = elementOf(under);
      const size = element.byteSize ?? 0;
      const count = size === 0 || unqualified(element).kind === 'base' ? 0 : Math.min(knownCount(under) ?? 0, limit);
      for (let index = 0; index < count; index++) collect(element, offset + index * size, depth + 1);
    }
  }
}

/** Structures inside each other. */
const MAX_DEPTH = 4;
