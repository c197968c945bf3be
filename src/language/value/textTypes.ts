/**
 * Which types are texts, and where a text's characters are: the same answer for who collects them and for who writes
 * them.
 */
import { type Member, type SourceLanguage, type StructureType, type Type } from '../../debuginfo/model/model';
import { unqualified, elementOf, isByteCharacter, isStructure, knownCount, wideCharacter } from '../typed/types';
import { BYTES, type Encoding } from './text';

export type TextType =
  /** A pointer to characters that a NUL ends. */
  | { readonly kind: 'terminated'; readonly encoding: Encoding }
  /** A structure of a pointer and a length in bytes. */
  | { readonly kind: 'counted'; readonly pointerOffset: number; readonly lengthOffset: number };

/** A language's own type of texts that count their characters: the names of the type and of its members. */
interface CountedType {
  readonly name: RegExp;
  readonly pointer: string;
  readonly length: string;
}

const COUNTED: Partial<Readonly<Record<SourceLanguage, CountedType>>> = {
  go: { name: /^string$/, pointer: 'str', length: 'len' },
  rust: { name: /^&(?:mut )?str$/, pointer: 'data_ptr', length: 'length' },
};

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
  const counted = COUNTED[type.language];
  if (!counted?.name.test(type.name ?? '')) return undefined;
  const offsetOf = (member: string) => type.members.find(({ name }) => name === member)?.byteOffset;
  const [pointerOffset, lengthOffset] = [offsetOf(counted.pointer), offsetOf(counted.length)];
  if (typeof pointerOffset !== 'number' || typeof lengthOffset !== 'number') return undefined;
  return { kind: 'counted', pointerOffset, lengthOffset };
}

/** Structures inside each other. */
const MAX_DEPTH = 4;

/** The texts that lie in a value of a type, with their offsets, in order, at most `limit`. */
export function textsWithin(type: Type, limit: number): { readonly offset: number; readonly text: TextType }[] {
  const found: { offset: number; text: TextType }[] = [];
  collect(type, 0, 0);
  return found;

  function collect(part: Type, offset: number, depth: number): void {
    if (found.length >= limit || depth > MAX_DEPTH) return;
    const text = textType(part);
    if (text !== undefined) {
      // Variants, and members of a union, may have the same text at the same place.
      const isKnown = found.some((other) => other.offset === offset && other.text.kind === text.kind);
      if (!isKnown) found.push({ offset, text });
      return;
    }
    const under = unqualified(part);
    if (isStructure(under)) {
      collectMembers(under.members, offset, depth);
      for (const { members } of under.variants?.variants ?? []) collectMembers(members, offset, depth);
    } else if (under.kind === 'array') {
      const element = elementOf(under);
      const size = element.byteSize ?? 0;
      const count = size === 0 || unqualified(element).kind === 'base' ? 0 : Math.min(knownCount(under) ?? 0, limit);
      for (let index = 0; index < count; index++) collect(element, offset + index * size, depth + 1);
    }
  }

  function collectMembers(members: readonly Member[], offset: number, depth: number): void {
    for (const { type: inner, bits, byteOffset } of members) {
      if (bits === undefined && typeof byteOffset === 'number') collect(inner, offset + byteOffset, depth + 1);
    }
  }
}
