/**
 * Values as text, in gdb's notation: `97 'a'`, `{x = 1, name = 0x55… "text"}`, `{1, 2, 0 <repeats 30 times>}`. Never
 * more than is useful in a log line, and never a byte that was not captured.
 */
import { type Member, type StructureType, type Type } from '../../debuginfo/model/model';
import { type Style } from '../expression/format';
import { type ArrayType, unqualified, elementOf, isStructure, knownCount, scalarOf, sizeOf } from '../typed/types';
import { floatText } from './float';
import { decimalText } from './decimal';
import { characterText, integerText, typedIntegerText } from './integer';
import { readBits, readInteger, type Snapshot } from './snapshot';
import { bareText, BYTES, type Encoding, quotedText } from './text';
import { encodingOf, textType } from './textTypes';

/** Structures inside each other. */
const MAX_DEPTH = 8;
/**
 * Values of all kinds in one value: a log line has room for fewer, and a structure that contains itself would have no
 * end of them.
 */
const MAX_VALUES = 10_000;
/** As many equal elements are repeated, more are counted: gdb's. */
const REPEATS = 10;

const MORE = '...';

/** The value of `type` at the start of the snapshot. */
export function valueText(type: Type, value: Snapshot, style?: Style): string {
  return new Formatter(value, style).value(type, 0, 0);
}

class Formatter {
  readonly #snapshot: Snapshot;
  readonly #style: Style | undefined;
  #valuesLeft = MAX_VALUES;

  constructor(value: Snapshot, style: Style | undefined) {
    this.#snapshot = value;
    this.#style = style;
  }

  value(type: Type, offset: number, depth: number): string {
    if (this.#valuesLeft-- <= 0) return MORE;
    const under = unqualified(type);
    if (isStructure(under)) return this.#structureOrText(type, under, offset, depth);
    if (under.kind === 'array') return this.#array(under, offset, depth);
    const size = sizeOf(under);
    if (size === undefined) return under.kind === 'void' ? 'void' : '<incomplete type>';
    return this.#missing(offset, size) ?? this.#scalar(type, size, offset);
  }

  /** Why the bytes can't be shown; undefined if they can. */
  #missing(offset: number, size: number): string | undefined {
    const { bytes, holes } = this.#snapshot;
    const hole = holes.find(({ start, end }) => start < offset + size && end > offset);
    if (hole !== undefined) return hole.reason;
    return offset + size > bytes.length ? MORE : undefined;
  }

  // ---- scalars
  // ------------------------------------------------------------------------------------------------------------

  #scalar(type: Type, size: number, offset: number): string {
    const { bytes } = this.#snapshot;
    const under = unqualified(type);
    const numeric = this.#numericStyle();
    if (under.kind === 'base' && numeric === undefined) {
      if (under.encoding === 'float') return floatText(bytes, offset, size, under.name);
      if (under.encoding === 'complex') {
        const [real, imaginary] = [0, size / 2].map((at) => floatText(bytes, offset + at, size / 2, under.name));
        return `${real!} + ${imaginary!}i`;
      }
      if (under.encoding === 'complexInteger') {
        const [real, imaginary] = [0, size / 2].map((at) => readInteger(bytes, offset + at, size / 2, true));
        return `${real!} + ${imaginary!}i`;
      }
      if (under.encoding === 'decimal' || under.encoding === 'other') {
        const decimal = under.encoding === 'decimal' ? decimalText(bytes, offset, size) : undefined;
        return decimal ?? integerText(readInteger(bytes, offset, size, false), size, 'hexadecimal');
      }
    }
    if (under.kind === 'memberPointer' && numeric === undefined) return memberPointerText(bytes, offset, size);
    const value = readInteger(bytes, offset, size, isSigned(type));
    if (numeric !== undefined) return this.#number(value, size, type, numeric);
    if (scalarOf(type)?.kind === 'pointer') return this.#pointer(value, offset);
    return typedIntegerText(value, type, size);
  }

  #number(value: bigint, size: number, type: Type, style: Style): string {
    const character = style === 'character' ? characterText(value, type, size) : undefined;
    return character ?? integerText(value, size, style, isSigned(type));
  }

  #numericStyle(): Style | undefined {
    return this.#style === 'string' || this.#style === 'bare' ? undefined : this.#style;
  }

  #pointer(value: bigint, offset: number): string {
    const text = this.#snapshot.texts.get(offset);
    const address = integerText(value, 8, 'hexadecimal');
    return text === undefined || value === 0n ? address : `${address} ${text}`;
  }

  // ---- aggregates
  // -----------------------------------------------------------------------------------------------------------

  #structureOrText(type: Type, under: StructureType, offset: number, depth: number): string {
    const text = this.#snapshot.texts.get(offset);
    if (text !== undefined && textType(type)?.kind === 'counted') return text;
    if (under.byteSize === undefined) return '<incomplete type>';
    return this.#structure(under, offset, depth);
  }

  #structure(type: StructureType, offset: number, depth: number): string {
    const { bytes } = this.#snapshot;
    if (depth >= MAX_DEPTH) return `{${MORE}}`;
    const parts: string[] = [];
    for (const member of type.members) {
      const isPastEnd = offset + known(member.byteOffset) >= bytes.length && (member.type.byteSize ?? 0) > 0;
      if (this.#valuesLeft <= 0 || (isPastEnd && member.bits === undefined)) {
        parts.push(MORE);
        break;
      }
      parts.push(this.#member(member, offset, depth));
    }
    return `{${parts.join(', ')}}`;
  }

  #member(member: Member, offset: number, depth: number): string {
    const value = member.bits
      ? this.#bitField(member.type, member.bits, offset)
      : this.value(member.type, offset + known(member.byteOffset), depth + 1);
    if (member.inherited) return `<${member.name ?? structureName(member.type)}> = ${value}`;
    return member.name === undefined ? value : `${member.name} = ${value}`;
  }

  #bitField(type: Type, { offset: bitOffset, size }: NonNullable<Member['bits']>, offset: number): string {
    const start = offset * 8 + bitOffset;
    const first = Math.floor(start / 8);
    const missing = this.#missing(first, Math.ceil((start + size) / 8) - first);
    if (missing !== undefined) return missing;
    const value = readBits(this.#snapshot.bytes, start, size, isSigned(type));
    const numeric = this.#numericStyle();
    const byteSize = sizeOf(type) ?? 8;
    // A notation of bits shows the field's own, not those that its type would extend it to.
    if (numeric !== undefined)
      return this.#number(hasSign(numeric) ? value : BigInt.asUintN(size, value), byteSize, type, numeric);
    return typedIntegerText(value, type, byteSize);
  }

  #array(type: ArrayType, offset: number, depth: number): string {
    const element = elementOf(type);
    const size = sizeOf(element);
    const count = knownCount(type);
    if (count === undefined || size === undefined) return MORE;
    if (size === 0) return '{}';
    const encoding = type.isVector ? undefined : this.#encoding(element, size);
    if (encoding !== undefined) return this.#missing(offset, 0) ?? this.#characters(offset, count, encoding);
    if (depth >= MAX_DEPTH) return `{${MORE}}`;
    const runs: { text: string; count: number }[] = [];
    let index = 0;
    for (; index < count && offset + (index + 1) * size <= this.#snapshot.bytes.length; index++) {
      const at = offset + index * size;
      const text = type.isVector ? this.#vectorElement(element, size, at) : this.value(element, at, depth + 1);
      const last = runs.at(-1);
      if (last?.text === text) last.count++;
      else runs.push({ text, count: 1 });
    }
    return `{${runs.map(runText).join(', ')}${index < count ? MORE : ''}}`;
  }

  /** Characters in a vector are numbers to compute with. */
  #vectorElement(element: Type, size: number, offset: number): string {
    if (this.#style !== undefined || encodingOf(element) === undefined) return this.value(element, offset, 0);
    return this.#missing(offset, size) ?? readInteger(this.#snapshot.bytes, offset, size, isSigned(element)).toString();
  }

  /** How an array of such elements is a text; undefined if it is none. */
  #encoding(element: Type, size: number): Encoding | undefined {
    if (this.#style === undefined) return encodingOf(element);
    if (this.#style !== 'string' && this.#style !== 'bare') return undefined;
    return encodingOf(element) ?? (size === 1 ? BYTES : undefined);
  }

  /** An array of characters: a text up to its NUL. */
  #characters(offset: number, count: number, encoding: Encoding): string {
    const { unit } = encoding;
    const captured = this.#snapshot.bytes.subarray(offset, offset + count * unit);
    const characters = captured.subarray(0, lengthOf(captured, unit));
    const shown = characters.subarray(0, MAX_TEXT_BYTES);
    const truncated =
      shown.length < characters.length || captured.length < Math.min(count * unit, characters.length + unit);
    return this.#style === 'bare' ? bareText(shown, truncated, encoding) : quotedText(shown, truncated, encoding);
  }
}

const MAX_TEXT_BYTES = 1024;

/** Bytes up to a character that is 0, without it. */
function lengthOf(bytes: Uint8Array, unit: number): number {
  for (let at = 0; at + unit <= bytes.length; at += unit) {
    if (bytes.subarray(at, at + unit).every((byte) => byte === 0)) return at;
  }
  return bytes.length - (bytes.length % unit);
}

/** A layout that is still open has been settled before its value is written: `compile/shape`. */
function known(offset: Member['byteOffset']): number {
  if (typeof offset !== 'number') throw new Error('internal error: a member without an offset');
  return offset;
}

function hasSign(style: Style): boolean {
  return style === 'decimal' || style === 'character';
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

function structureName(type: Type): string {
  const under = unqualified(type);
  return (isStructure(under) ? under.name : undefined) ?? 'base';
}

function runText({ text, count }: { text: string; count: number }): string {
  if (count > REPEATS) return `${text} <repeats ${count} times>`;
  return Array.from({ length: count }, () => text).join(', ');
}
