/**
 * Bytes as texts and characters in C's notation: UTF-8 where it is valid, octal escapes as gdb writes them where it is
 * not.
 */
import { ESCAPES as CONTROL_ESCAPES } from '../../base/printable';

const ESCAPES: Readonly<Record<string, string>> = { ...CONTROL_ESCAPES, '\\': '\\\\' };

const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\\]/u;

/**
 * How the characters of a text are stored: bytes of UTF-8, or units of UTF-16 and UTF-32 with the letter that C marks
 * such texts with.
 */
export type Encoding =
  { readonly unit: 1; readonly prefix: '' } | { readonly unit: 2 | 4; readonly prefix: 'L' | 'u' | 'U' };

export const BYTES: Encoding = { unit: 1, prefix: '' };

/** `"text"`, and `...` after it when there is more. */
export function quotedText(bytes: Uint8Array, truncated: boolean, encoding: Encoding = BYTES): string {
  const text =
    encoding.unit === 1
      ? escapedText(bytes, truncated, '"')
      : escapedWideText(wideCodes(bytes, truncated, encoding.unit));
  return `${encoding.prefix}"${text}"${truncated ? '...' : ''}`;
}

/** The text itself; control characters and quotes stay as they are, only what is no UTF-8 is escaped. */
export function bareText(bytes: Uint8Array, truncated: boolean, { unit }: Encoding = BYTES): string {
  let text = '';
  if (unit !== 1) {
    for (const code of wideCodes(bytes, truncated, unit))
      text += isCharacter(code) ? String.fromCodePoint(code) : point(code);
    return truncated ? `${text}...` : text;
  }
  for (const part of utf8Parts(bytes, truncated)) text += typeof part === 'string' ? part : octal(part);
  return truncated ? `${text}...` : text;
}

/** `'a'`; `L'a'` and the like with the prefix of a wide character. */
export function quotedCharacter(codePoint: bigint, byteSize: number, prefix = ''): string {
  const value = Number(BigInt.asUintN(byteSize * 8, codePoint));
  if (value >= 0x80 && byteSize === 1) return `${prefix}'${octal(value)}'`;
  if (!isCharacter(value)) return `${prefix}'${point(value)}'`;
  return `${prefix}'${escapedCharacter(String.fromCodePoint(value), "'")}'`;
}

/** Whether a number is a character of Unicode: half of a surrogate pair is none. */
function isCharacter(code: number): boolean {
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

function point(code: number): string {
  return `\\u{${code.toString(16)}}`;
}

/**
 * Code points of UTF-16 or UTF-32 text; units that are none stand for themselves, half a pair that truncation left is
 * left out.
 */
function* wideCodes(bytes: Uint8Array, truncated: boolean, unit: 2 | 4): Generator<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const units = Math.floor(bytes.length / unit);
  for (let index = 0; index < units; index++) {
    if (unit === 4) {
      yield view.getUint32(index * 4, true);
      continue;
    }
    const code = view.getUint16(index * 2, true);
    const next = index + 1 < units ? view.getUint16(index * 2 + 2, true) : undefined;
    const isHigh = code >= 0xd800 && code < 0xdc00;
    if (isHigh && next === undefined && truncated) return;
    if (isHigh && next !== undefined && next >= 0xdc00 && next < 0xe000) {
      yield 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
      index++;
    } else yield code;
  }
}

function escapedWideText(codes: Iterable<number>): string {
  let text = '';
  for (const code of codes) text += isCharacter(code) ? escapedCharacter(String.fromCodePoint(code), '"') : point(code);
  return text;
}

function escapedText(bytes: Uint8Array, truncated: boolean, quote: string): string {
  let text = '';
  for (const part of utf8Parts(bytes, truncated)) {
    if (typeof part === 'number') text += octal(part);
    else if (!part.includes(quote) && !CONTROL.test(part)) text += part;
    else for (const character of part) text += escapedCharacter(character, quote);
  }
  return text;
}

function escapedCharacter(character: string, quote: string): string {
  if (character === quote) return `\\${quote}`;
  if (!CONTROL.test(character)) return character;
  const escape = ESCAPES[character];
  if (escape !== undefined) return escape;
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint < 0x100 ? octal(codePoint) : `\\u{${codePoint.toString(16)}}`;
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`;
}

/** Runs of valid UTF-8 as strings, other bytes one by one; a character that truncation cut is left out. */
function* utf8Parts(bytes: Uint8Array, truncated: boolean): Generator<string | number> {
  let start = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) at += length;
    else {
      if (at > start) yield Buffer.from(bytes.subarray(start, at)).toString('utf8');
      if (truncated && isCutSequence(bytes, at)) return;
      yield bytes[at]!;
      at++;
      start = at;
    }
  }
  if (at > start) yield Buffer.from(bytes.subarray(start, at)).toString('utf8');
}

/** Lead byte → length and lowest second byte of the sequence (Unicode 15 §3.9, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = leadLength(lead);
  if (length === 0 || at + length > bytes.length) return 0;
  for (let index = 1; index < length; index++) if ((bytes[at + index]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  const overlong = (lead === 0xe0 && second < 0xa0) || (lead === 0xf0 && second < 0x90);
  const outside = (lead === 0xed && second >= 0xa0) || (lead === 0xf4 && second >= 0x90);
  return overlong || outside ? 0 : length;
}

function leadLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

function isCutSequence(bytes: Uint8Array, at: number): boolean {
  const left = bytes.length - at;
  if (leadLength(bytes[at]!) <= left) return false;
  for (let index = 1; index < left; index++) if ((bytes[at + index]! & 0xc0) !== 0x80) return false;
  return true;
}
