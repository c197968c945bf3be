/**
 * Quoted texts in `.probes`: `\"`, `\\`, `\n`, `\r` and `\t` are escapes; any other backslash stays, so that a
 * message's own `\{` needs no second one.
 */
import { assertExists } from '../../base/assert';
import { syntaxError } from '../expression/diagnostics';

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', r: '\r', t: '\t' };
const UNESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries(ESCAPES).map(([letter, character]) => [character, `\\${letter}`]),
);

export interface Quoted {
  readonly value: string;
  /** After the closing quote. */
  readonly end: number;
  /** Where in the text character `index` of `value` is written; for its length, where it ends. */
  readonly offsetOf: (index: number) => number;
}

/** The text whose opening quote is at `start`. Throws `syntax` when it has no end. */
export function quotedAt(text: string, start: number): Quoted {
  let value = '';
  const offsets: number[] = [];
  for (let at = start + 1; at < text.length;) {
    const character = text.charAt(at);
    offsets.push(at);
    if (character === '"') {
      return { value, end: at + 1, offsetOf: (index) => assertExists(offsets[index], 'character of the string') };
    }
    const escaped = character === '\\' ? ESCAPES[text[at + 1] ?? ''] : undefined;
    value += escaped ?? character;
    at += escaped === undefined ? 1 : 2;
  }
  throw syntaxError('the string has no closing "', { start, end: start + 1 });
}

/** The inverse of {@link quotedAt}. */
export function quote(value: string): string {
  return `"${value.replace(/\\(?=[{}])|["\\\n\r\t]/g, (found, at: number) =>
    found === '\\' && /[{}]/.test(value[at + 1] ?? '') ? found : (UNESCAPES.get(found) ?? found),
  )}"`;
}
