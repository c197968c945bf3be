/**
 * Questions about types that C's rules ask: what is under the names, what can be computed with, how a type is written.
 */
import { assertExists } from '../../base/assert';
import { type BaseType, type StructureType, type Type } from '../../debuginfo/model/model';

export type PointerType = Extract<Type, { kind: 'pointer' | 'reference' | 'rvalueReference' }>;
export type ArrayType = Extract<Type, { kind: 'array' }>;
/** A type whose names and qualifiers are taken off. */
export type BareType = Exclude<Type, { kind: 'typedef' | 'const' | 'volatile' | 'restrict' | 'atomic' }>;

/** A type whose values fit the agent's stack, reduced to what computing with it needs. */
export interface Scalar {
  readonly kind: 'integer' | 'boolean' | 'pointer' | 'float';
  /** 8, 16, 32 or 64; fewer than the bytes have for C23's `_BitInt`. */
  readonly bits: number;
  readonly signed: boolean;
}

export const POINTER_BYTES = 8;

/** Circles of typedefs are malformed input; real chains are short. */
const MAX_NAMES = 64;

/** Without typedefs and qualifiers. */
export function unqualified(type: Type): BareType {
  let current = type;
  for (let depth = 0; depth < MAX_NAMES; depth++) {
    switch (current.kind) {
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'atomic':
        current = current.target;
        break;
      default:
        return current;
    }
  }
  return { kind: 'unspecified', name: 'a type that names itself', byteSize: undefined };
}

/** Of a type that was found to be one. */
export function knownScalar(type: Type): Scalar {
  return assertExists(scalarOf(type), 'scalar type');
}

/** Undefined for aggregates, functions, void and what is wider than 64 bits. */
export function scalarOf(type: Type): Scalar | undefined {
  const under = unqualified(type);
  switch (under.kind) {
    case 'base':
      return baseScalar(under);
    case 'enumeration':
      return integerScalar(under.byteSize, under.signed);
    case 'pointer':
    case 'reference':
    case 'rvalueReference':
      return { kind: 'pointer', bits: 64, signed: false };
    case 'memberPointer':
      return integerScalar(under.byteSize, true);
    default:
      return undefined;
  }
}

function baseScalar({ encoding, byteSize, bitSize }: BaseType): Scalar | undefined {
  switch (encoding) {
    case 'signed':
      return integerScalar(byteSize, true, bitSize);
    case 'unsigned':
      return integerScalar(byteSize, false, bitSize);
    case 'unsignedCharacter':
    case 'unicode':
    case 'address':
      return integerScalar(byteSize, false);
    case 'character':
      // char is signed on x86-64 (System V ABI §3.1.2); char16_t, char32_t and Rust's char are not.
      return integerScalar(byteSize, byteSize === 1);
    case 'boolean':
      return byteSize <= 8 ? { kind: 'boolean', bits: byteSize * 8, signed: false } : undefined;
    case 'float':
      return byteSize === 4 || byteSize === 8 ? { kind: 'float', bits: byteSize * 8, signed: true } : undefined;
    case 'complex':
    case 'complexInteger':
    case 'decimal':
    case 'other':
      return undefined;
  }
}

function integerScalar(byteSize: number, signed: boolean, bits = byteSize * 8): Scalar | undefined {
  return [1, 2, 4, 8].includes(byteSize) ? { kind: 'integer', bits, signed } : undefined;
}

/** Bytes; undefined where the type has no size. Arrays whose size is not said are counted. */
export function sizeOf(type: Type): number | undefined {
  const under = unqualified(type);
  if (under.byteSize !== undefined || under.kind !== 'array') return under.byteSize;
  let size = sizeOf(under.element);
  for (const count of under.counts) {
    size = size === undefined || typeof count !== 'number' ? undefined : size * count;
  }
  return size;
}

export function pointerTo(target: Type): PointerType {
  return { kind: 'pointer', byteSize: POINTER_BYTES, target };
}

/** What `array[i]` is: the element, or the array of the inner dimensions. */
export function elementOf(array: ArrayType): Type {
  if (array.counts.length <= 1) return array.element;
  const inner: Type = { kind: 'array', byteSize: undefined, element: array.element, counts: array.counts.slice(1) };
  return { ...inner, byteSize: sizeOf(inner) };
}

/** How many elements an array has, outermost dimension; undefined where that is not known before the program runs. */
export function knownCount({ counts: [count] }: ArrayType): number | undefined {
  return typeof count === 'number' ? count : undefined;
}

export function arrayOf(element: Type, count: number | undefined): ArrayType {
  const size = sizeOf(element);
  const byteSize = size === undefined || count === undefined ? undefined : size * count;
  return { kind: 'array', byteSize, element, counts: [count] };
}

export function isStructure(type: BareType): type is StructureType {
  return type.kind === 'structure' || type.kind === 'class' || type.kind === 'union';
}

export function isReference(type: BareType): type is PointerType {
  return type.kind === 'reference' || type.kind === 'rvalueReference';
}

/** Names by which bytes are meant and not characters, though their type is C's `char` at bottom. */
const BYTE_NAMES =
  /^(?:u_?)?int(?:_least|_fast)?8(?:_t)?$|^__?[us]8$|^[usi]8$|^(?:std::)?byte$|^g?u?int8$|^(?:BYTE|UCHAR)$/;

/**
 * C's wide characters, by the names of their types (C17 §7.19, §7.28): the letter that marks their texts, and their
 * size in bytes.
 */
const WIDE_CHARACTERS: ReadonlyMap<string, { readonly prefix: 'L' | 'u' | 'U'; readonly unit: 2 | 4 }> = new Map([
  ['wchar_t', { prefix: 'L', unit: 4 }],
  ['char16_t', { prefix: 'u', unit: 2 }],
  ['char32_t', { prefix: 'U', unit: 4 }],
] as const);

/**
 * What a wide character is of; undefined for other types. In C these are names of integer types, in C++ types of their
 * own.
 */
export function wideCharacter(type: Type): { readonly prefix: 'L' | 'u' | 'U'; readonly unit: 2 | 4 } | undefined {
  let current = type;
  for (let depth = 0; depth < MAX_NAMES; depth++) {
    const wide = 'name' in current && current.name !== undefined ? WIDE_CHARACTERS.get(current.name) : undefined;
    if (wide !== undefined)
      return sizeOf(current) === wide.unit && unqualified(current).kind === 'base' ? wide : undefined;
    if (current.kind !== 'typedef' && !isQualified(current)) return undefined;
    current = current.target;
  }
  return undefined;
}

function isQualified(type: Type): type is Extract<Type, { kind: 'const' | 'volatile' | 'restrict' | 'atomic' }> {
  return ['const', 'volatile', 'restrict', 'atomic'].includes(type.kind);
}

const CHARACTERS: ReadonlySet<BaseType['encoding']> = new Set(['character', 'unsignedCharacter', 'unicode']);

/** Whether a value is a character of a text: `char` and its like, but not `uint8_t`. */
export function isCharacter(type: Type): boolean {
  let current = type;
  for (let depth = 0; depth < MAX_NAMES; depth++) {
    if (current.kind === 'typedef') {
      if (BYTE_NAMES.test(current.name)) return false;
      current = current.target;
    } else if (isQualified(current)) {
      current = current.target;
    } else {
      if (current.kind !== 'base') return false;
      // GCC describes C++'s char8_t as a number.
      return CHARACTERS.has(current.encoding) || current.name === 'char8_t';
    }
  }
  return false;
}

/** Whether a value is one byte of a text that a NUL ends. */
export function isByteCharacter(type: Type): boolean {
  return isCharacter(type) && sizeOf(type) === 1;
}

/** Types in the text of one; one that leads to itself would have no end of them. */
const MAX_PARTS = 64;

/** As C writes it, near enough for an error: `struct item *`, `int [4]`, `unsigned long`. */
export function typeText(type: Type, room = { left: MAX_PARTS }): string {
  if (room.left-- <= 0) return '…';
  switch (type.kind) {
    case 'base':
    case 'typedef':
    case 'unspecified':
      return type.name;
    case 'void':
      return 'void';
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'atomic':
      return `${type.kind === 'atomic' ? '_Atomic' : type.kind} ${typeText(type.target, room)}`;
    case 'pointer':
      return type.name ?? withSuffix(typeText(type.target, room), '*');
    case 'reference':
      return withSuffix(typeText(type.target, room), '&');
    case 'rvalueReference':
      return withSuffix(typeText(type.target, room), '&&');
    case 'structure':
      return tagText(type, 'struct');
    case 'union':
      return tagText(type, 'union');
    case 'class':
      return type.name ?? 'class';
    case 'enumeration':
      return `enum ${type.name ?? '{…}'}`;
    case 'array':
      return `${typeText(type.element, room)} ${type.counts.map(countText).join('')}`;
    case 'memberPointer':
      return withSuffix(typeText(type.target, room), `${typeText(type.containing, room)}::*`);
    case 'function':
      return `${typeText(type.returns, room)} (${type.parameters.map((each) => typeText(each, room)).join(', ')})`;
  }
}

function countText(count: ArrayType['counts'][number]): string {
  return typeof count === 'object' ? '[*]' : `[${count ?? ''}]`;
}

function tagText({ name, language }: StructureType, tag: string): string {
  if (name === undefined) return `${tag} {…}`;
  return language === 'c' ? `${tag} ${name}` : name;
}

function withSuffix(text: string, suffix: string): string {
  return `${text}${/[*&]$/.test(text) ? '' : ' '}${suffix}`;
}
