/**
 * Values as text, in gdb's notation: `97 'a'`, `{x = 1, name = 0x55… "text"}`, `{1, 2, 0 <repeats 30 times>}`. Never more than is useful
 * in a log line, and never a byte that was not captured.
 */
import { type Member, type StructureType, type Type } from '../../debuginfo/model';
import { type Style } from '../expression/format';
import { type ArrayType, bare, elementOf, isByteCharacter, isStructure, scalarOf, sizeOf } from '../typed/types';
import { floatText } from './float';
import { integerText, typedIntegerText } from './integer';
import { readBits, readInteger, type Snapshot } from './snapshot';
import { bareText, quotedText } from './text';
import { textType } from './textTypes';

/** Different elements of arrays in one value, structures inside each other, and how many equal elements are counted instead of repeated: gdb's. */
const MAX_ELEMENTS = 200;
const MAX_DEPTH = 8;
/** Values of all kinds in one value: a log line has room for fewer, and a structure that contains itself would have no end of them. */
const MAX_VALUES = 10_000;
const REPEATS = 10;

const MORE = '...';

/** The value of `type` at the start of the snapshot. */
export function valueText(type: Type, value: Snapshot, style?: Style): string {
  return new Formatter(value, style).value(type, 0, 0);
}

class Formatter {
  readonly #snapshot: Snapshot;
  readonly #style: Style | undefined;
  #elementsLeft = MAX_ELEMENTS;
  #valuesLeft = MAX_VALUES;

  constructor(value: Snapshot, style: Style | undefined) {
    this.#snapshot = value;
    this.#style = style;
  }

  value(type: Type, offset: number, depth: number): string {
    if (this.#valuesLeft-- <= 0) return MORE;
    const under = bare(type);
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

  // ---- scalars ------------------------------------------------------------------------------------------------------------

  #scalar(type: Type, size: number, offset: number): string {
    const { bytes } = this.#snapshot;
    const under = bare(type);
    const numeric = this.#numericStyle();
    if (under.kind === 'base' && numeric === undefined) {
      if (under.encoding === 'float') return floatText(bytes, offset, size, under.name);
      if (under.encoding === 'complex') {
        const [real, imaginary] = [0, size / 2].map((at) => floatText(bytes, offset + at, size / 2, under.name));
        return `${real!} + ${imaginary!}i`;
      }
      if (under.encoding === 'decimal' || under.encoding === 'other') {
        return integerText(readInteger(bytes, offset, size, false), size, 'hexadecimal');
      }
    }
    const value = readInteger(bytes, offset, size, isSigned(type));
    if (numeric !== undefined) return integerText(value, size, numeric);
    if (scalarOf(type)?.kind === 'pointer') return this.#pointer(value, offset);
    return typedIntegerText(value, type, size);
  }

  #numericStyle(): Style | undefined {
    return this.#style === 'string' || this.#style === 'bare' ? undefined : this.#style;
  }

  #pointer(value: bigint, offset: number): string {
    const text = this.#snapshot.texts.get(offset);
    const address = integerText(value, 8, 'hexadecimal');
    return text === undefined || value === 0n ? address : `${address} ${text}`;
  }

  // ---- aggregates -----------------------------------------------------------------------------------------------------------

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
      const isPastEnd = offset + member.byteOffset >= bytes.length && (member.type.byteSize ?? 0) > 0;
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
      : this.value(member.type, offset + member.byteOffset, depth + 1);
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
      return integerText(numeric === 'decimal' ? value : BigInt.asUintN(size, value), byteSize, numeric);
    return typedIntegerText(value, type, byteSize);
  }

  #array(type: ArrayType, offset: number, depth: number): string {
    const element = elementOf(type);
    const size = sizeOf(element);
    const count = type.counts[0];
    if (count === undefined || size === undefined) return MORE;
    if (size === 0) return '{}';
    if (this.#isText(element, size)) return this.#missing(offset, 0) ?? this.#characters(offset, count);
    if (depth >= MAX_DEPTH) return `{${MORE}}`;
    const runs: { text: string; count: number }[] = [];
    let index = 0;
    for (; index < count && offset + (index + 1) * size <= this.#snapshot.bytes.length; index++) {
      const text = this.value(element, offset + index * size, depth + 1);
      const last = runs.at(-1);
      if (last?.text === text) last.count++;
      else if (this.#elementsLeft-- > 0) runs.push({ text, count: 1 });
      else break;
    }
    return `{${runs.map(runText).join(', ')}${index < count ? MORE : ''}}`;
  }

  #isText(element: Type, size: number): boolean {
    if (this.#style === undefined) return isByteCharacter(element);
    return (this.#style === 'string' || this.#style === 'bare') && size === 1;
  }

  /** An array of characters: a text up to its NUL. */
  #characters(offset: number, count: number): string {
    const { bytes } = this.#snapshot;
    const captured = bytes.subarray(offset, offset + count);
    const nul = captured.indexOf(0);
    const characters = nul < 0 ? captured : captured.subarray(0, nul);
    const shown = characters.subarray(0, MAX_CHARACTERS);
    const truncated = shown.length < characters.length || (nul < 0 && captured.length < count);
    return this.#style === 'bare' ? bareText(shown, truncated) : quotedText(shown, truncated);
  }
}

const MAX_CHARACTERS = 1024;

function isSigned(type: Type): boolean {
  const scalar = scalarOf(type);
  if (scalar !== undefined) return scalar.signed && scalar.kind !== 'float';
  const under = bare(type);
  return under.kind === 'base' && under.encoding === 'signed';
}

function structureName(type: Type): string {
  const under = bare(type);
  return (isStructure(under) ? under.name : undefined) ?? 'base';
}

function runText({ text, count }: { text: string; count: number }): string {
  if (count >= REPEATS) return `${text} <repeats ${count} times>`;
  return Array.from({ length: count }, () => text).join(', ');
}
