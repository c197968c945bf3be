/**
 * Makes text from a program or its files safe to show. Names of threads, files and functions may contain anything:
 * control sequences that drive a terminal (ECMA-48), line ends that forge a line of output, bidirectional formatting
 * characters that reorder text (Unicode TR 36 §2.3, CVE-2021-42574), or megabytes. Everything that a person reads on a
 * terminal, in the Debug Console or in a list of the editor goes through here; JSON does not: its strings are data.
 */
import { assertExists } from './assert';

/** C's escapes, and gdb's `\e`. */
export const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
};

/**
 * C0, DEL and C1 controls, lone surrogates, line and paragraph separators, and the characters that set the direction of
 * a text.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const UNPRINTABLE_BUT_TAB = new RegExp(`(?!\t)${UNPRINTABLE.source}`, 'gu');
const UNPRINTABLE_BUT_LAYOUT = new RegExp(`(?![\t\n])${UNPRINTABLE.source}`, 'gu');

/**
 * Limit on a name in a column or a list, in UTF-16 units. Names of C++ template instances have some hundred; this keeps
 * them whole on a few lines of a terminal.
 */
const LONGEST_NAME = 500;
/**
 * Limit on a message, in UTF-16 units: a hit's captures are at most 32 KiB, and each byte may become an escape of four
 * characters.
 */
const LONGEST_TEXT = 256 << 10;

/** One line of text: an error, a warning, what a probe reports. Tabs stay. */
export function printable(text: string): string {
  return cut(text, LONGEST_TEXT).replace(UNPRINTABLE_BUT_TAB, escaped);
}

/** A text of several lines that the user wrote. */
export function printableLines(text: string): string {
  return cut(text, LONGEST_TEXT).replace(UNPRINTABLE_BUT_LAYOUT, escaped);
}

/** A name of a thread, file, function, process or instruction: one that is too long keeps both its ends. */
export function printableName(name: string): string {
  const half = LONGEST_NAME / 2;
  const short = name.length <= LONGEST_NAME ? name : `${name.slice(0, half)}…${name.slice(-half)}`;
  return short.replace(UNPRINTABLE, escaped);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

function escaped(character: string): string {
  const escape = ESCAPES[character];
  if (escape !== undefined) return escape;
  const codePoint = assertExists(character.codePointAt(0), 'code point');
  return codePoint < 0x100 ? `\\${codePoint.toString(8).padStart(3, '0')}` : `\\u{${codePoint.toString(16)}}`;
}
