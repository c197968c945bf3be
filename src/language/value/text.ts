/** Bytes as texts and characters in C's notation: UTF-8 where it is valid, octal escapes as gdb writes them where it is not. */

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '\\': '\\\\',
};

const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\\]/u;

/** `"text"`, and `...` behind it when there is more. */
export function quotedText(bytes: Uint8Array, truncated: boolean): string {
  return `"${escapedText(bytes, truncated, '"')}"${truncated ? '...' : ''}`;
}

/** The text itself; control characters and quotes stay as they are, only what is no UTF-8 is escaped. */
export function bareText(bytes: Uint8Array, truncated: boolean): string {
  let text = '';
  for (const part of utf8Parts(bytes, truncated)) text += typeof part === 'string' ? part : octal(part);
  return truncated ? `${text}...` : text;
}

/** `'a'` */
export function quotedCharacter(codePoint: bigint, byteSize: number): string {
  const value = Number(BigInt.asUintN(byteSize * 8, codePoint));
  if (value >= 0x80 && byteSize === 1) return `'${octal(value)}'`;
  if (value > 0x10ffff) return `'\\x${value.toString(16)}'`;
  return `'${escapedCharacter(String.fromCodePoint(value), "'")}'`;
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
  const codePoint = character.codePointAt(0)!;
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
