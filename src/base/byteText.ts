/**
 * Bytes of the operating system as text: file names, arguments and environments are bytes that need not be UTF-8. A
 * byte that belongs to no UTF-8 sequence becomes a lone surrogate, U+DC00 + the byte, which no UTF-8 text can have, so
 * converting back gives exactly the same bytes (Python's PEP 383, "surrogateescape"). JSON carries such text unharmed.
 */
import { assertExists } from './assert';

const ESCAPE = 0xdc00;

/** In a pattern with `u`, pairs are one character. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const REPLACEMENT = '\ufffd';

/** Never throws: every sequence of bytes is some text. */
export function textOfBytes(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes(REPLACEMENT)) return text;
  let result = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    result += length === 0 ? String.fromCharCode(ESCAPE + bytes[at]!) : bytes.toString('utf8', at, at + length);
    at += length || 1;
  }
  return result;
}

export function bytesOfText(text: string): Buffer {
  if (!LONE_SURROGATE.test(text)) return Buffer.from(text, 'utf8');
  const parts = Array.from(text, (character) => {
    const code = assertExists(character.codePointAt(0), 'code point');
    return code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff ? Buffer.of(code - ESCAPE) : Buffer.from(character, 'utf8');
  });
  return Buffer.concat(parts);
}

/** The length of the UTF-8 sequence that starts there (RFC 3629), in bytes; 0 if none does. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  const piece = bytes.subarray(at, at + length);
  return piece.length === length && Buffer.from(piece.toString('utf8'), 'utf8').equals(piece) ? length : 0;
}
