/** Arrays of characters: texts up to their NUL. */
import { bareText, type Encoding, quotedText } from './text';

/** Bytes of one text; log lines have no room for more. */
const MAX_BYTES = 1024;

/** `captured`: the array's bytes and whatever follows them; fewer than `count` characters if not all were captured. */
export function characterArray(captured: Uint8Array, count: number, encoding: Encoding, isBare: boolean): string {
  const { unit } = encoding;
  const bytes = captured.subarray(0, count * unit);
  const characters = bytes.subarray(0, lengthOf(bytes, unit));
  const shown = characters.subarray(0, MAX_BYTES);
  const isCut = bytes.length < Math.min(count * unit, characters.length + unit);
  const truncated = shown.length < characters.length || isCut;
  return isBare ? bareText(shown, truncated, encoding) : quotedText(shown, truncated, encoding);
}

/** Bytes up to a character that is 0, without it. */
function lengthOf(bytes: Uint8Array, unit: number): number {
  for (let at = 0; at + unit <= bytes.length; at += unit) {
    if (bytes.subarray(at, at + unit).every((byte) => byte === 0)) return at;
  }
  return bytes.length - (bytes.length % unit);
}
