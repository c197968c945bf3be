/** Types by the names that casts and sizeof use: `struct item`, `unsigned long`, `Parser::State`. */
import { AT, TAG, TYPE_TAGS } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { type BaseType, type SourceLanguage, type Type } from '../model/model';
import { findType, type LookupContext } from './globals';
import { languageOf } from './names';
import { type Program } from './program';
import { type Types } from './types';

const KEYWORDS = new Map<string, ReadonlySet<number>>([
  ['struct', new Set([TAG.structure_type, TAG.class_type])],
  ['class', new Set([TAG.structure_type, TAG.class_type])],
  ['union', new Set([TAG.union_type])],
  ['enum', new Set([TAG.enumeration_type])],
]);

function base(name: string, byteSize: number, encoding: BaseType['encoding']): BaseType {
  return { kind: 'base', name, language: 'c', byteSize, encoding };
}

/**
 * C's arithmetic types on x86-64 Linux (System V ABI, AMD64 supplement, §3.1.2) by their words in alphabetical order,
 * `int` left out where it says nothing.
 */
const C_TYPES = new Map<string, BaseType>([
  ['char', base('char', 1, 'character')],
  ['char signed', base('signed char', 1, 'character')],
  ['char unsigned', base('unsigned char', 1, 'unsignedCharacter')],
  ['short', base('short int', 2, 'signed')],
  ['short unsigned', base('short unsigned int', 2, 'unsigned')],
  ['', base('int', 4, 'signed')],
  ['unsigned', base('unsigned int', 4, 'unsigned')],
  ['long', base('long int', 8, 'signed')],
  ['long unsigned', base('long unsigned int', 8, 'unsigned')],
  ['long long', base('long long int', 8, 'signed')],
  ['long long unsigned', base('long long unsigned int', 8, 'unsigned')],
  ['float', base('float', 4, 'float')],
  ['double', base('double', 8, 'float')],
  ['double long', base('long double', 16, 'float')],
  ['_Bool', base('_Bool', 1, 'boolean')],
  ['bool', base('bool', 1, 'boolean')],
]);

/** Names that every C programmer uses, in case the program has no typedef of them. */
const C_TYPEDEFS = new Map<string, BaseType>([
  ['int8_t', base('int8_t', 1, 'signed')],
  ['uint8_t', base('uint8_t', 1, 'unsigned')],
  ['int16_t', base('int16_t', 2, 'signed')],
  ['uint16_t', base('uint16_t', 2, 'unsigned')],
  ['int32_t', base('int32_t', 4, 'signed')],
  ['uint32_t', base('uint32_t', 4, 'unsigned')],
  ['int64_t', base('int64_t', 8, 'signed')],
  ['uint64_t', base('uint64_t', 8, 'unsigned')],
  ['intptr_t', base('intptr_t', 8, 'signed')],
  ['uintptr_t', base('uintptr_t', 8, 'unsigned')],
  ['size_t', base('size_t', 8, 'unsigned')],
  ['ssize_t', base('ssize_t', 8, 'signed')],
  ['ptrdiff_t', base('ptrdiff_t', 8, 'signed')],
]);

const C_LIKE = new Set<SourceLanguage>(['c', 'c++', 'asm', 'other']);
const VOID: Type = { kind: 'void', byteSize: undefined };

/** The type that `name` means at the viewpoint; undefined if the program has none. */
export function namedType(
  program: Program,
  types: Types,
  name: string,
  from: LookupContext,
  isForeign: (entry: Entry) => boolean,
): Type | undefined {
  const words = name.trim().split(/\s+/);
  if (words.length === 1 && words[0] === 'void') return VOID;
  // Other languages have types of these names with other sizes.
  const isC = from.unit === undefined || C_LIKE.has(languageOf(from.unit));
  const arithmetic = words[0] === '' ? undefined : C_TYPES.get(arithmeticKey(words));
  if (arithmetic && isC) return arithmetic;
  const tags = KEYWORDS.get(words[0] ?? '');
  const plain = tags ? words.slice(1).join(' ') : words.join(' ');
  if (plain === '') return undefined;
  const entry = findType(program, plain, tags ?? TYPE_TAGS, from);
  // Its size is a matter of a frame that is not this one.
  if (entry && isForeign(entry) && hasRuntimeSize(types.of(entry))) return undefined;
  if (entry && !(entry.has(AT.declaration) && !tags && C_TYPEDEFS.has(plain))) return types.of(entry);
  return tags ? undefined : (C_TYPEDEFS.get(plain) ?? arithmetic);
}

function hasRuntimeSize(type: Type): boolean {
  return 'hasRuntimeSize' in type && type.hasRuntimeSize;
}

/** The words sorted, without what goes without saying: `int` beside others, `signed` before anything but char. */
function arithmeticKey(words: readonly string[]): string {
  const sorted = words.toSorted();
  if (sorted.length === 1 && sorted[0] === 'int') return '';
  const signedMatters = sorted.includes('char');
  return sorted.filter((word) => word !== 'int' && (signedMatters || word !== 'signed')).join(' ');
}
