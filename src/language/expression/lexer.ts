/**
 * Expressions as tokens: C's (C17 §6.4), with `::` in names as C++, Rust and Zig write them, `'file.c'::name` and
 * `$name` as gdb does, and the numbers of Rust and Go (`1_000`, `0o17`, `10u8`). One token at a time from any offset,
 * so that a template or a `.probes` line can hold expressions without marking their ends.
 */
import { type Range, syntaxError } from './diagnostics';

export type Token =
  | { readonly kind: 'name'; readonly text: string; readonly range: Range }
  | { readonly kind: 'register'; readonly text: string; readonly range: Range }
  | {
      readonly kind: 'integer';
      readonly text: string;
      readonly value: bigint;
      readonly decimal: boolean;
      readonly unsigned: boolean;
      readonly long: boolean;
      /** Rust's type after the digits: `u8`. */
      readonly suffix: string | undefined;
      readonly range: Range;
    }
  | {
      readonly kind: 'float';
      readonly text: string;
      readonly value: number;
      readonly single: boolean;
      readonly suffix: string | undefined;
      readonly range: Range;
    }
  /** The value is a code point; one below 256 is a byte. `prefix`: of a wide character. */
  | {
      readonly kind: 'character';
      readonly text: string;
      readonly value: number;
      readonly prefix: string;
      readonly range: Range;
    }
  | { readonly kind: 'string'; readonly text: string; readonly value: string; readonly range: Range }
  | { readonly kind: 'punctuator'; readonly text: string; readonly range: Range }
  | { readonly kind: 'end'; readonly text: ''; readonly range: Range };

const SPACE = /\s*/y;
/** A universal character name in an identifier (C17 §6.4.3). */
const UNIVERSAL = String.raw`\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}`;
/**
 * What gcc and clang take beside letters: `$`, and all that C11 Annex D allows, which is next to everything beyond
 * Latin-1's signs.
 */
const LETTER = String.raw`[\p{L}\p{Nl}_]|[^\0-\u00bf\u00d7\u00f7\p{Z}\p{C}\p{Ps}\p{Pe}\u2010-\u203e\u3001-\u3003\u3008-\u3020\u3030]`;
/**
 * A name of a variable, a type or a function, without what is around it: source of a regular expression with the flag
 * `u`.
 */
export const IDENTIFIER = String.raw`(?:${LETTER}|${UNIVERSAL})(?:${LETTER}|${UNIVERSAL}|[\p{N}\p{M}\u200b-\u200d$])*`;
const NAME = new RegExp(String.raw`(?:::)?${IDENTIFIER}(?:::~?${IDENTIFIER})*`, 'uy');
const REGISTER = /\$[\p{L}_][\p{L}\p{N}_$]*/uy;
/** Everything that begins like a number (C17 §6.4.8), so that `12abc` is one wrong number and not two tokens. */
const NUMBER = /0[xX](?:[A-Za-z0-9_]|\.(?!\.))*|\.?[0-9](?:[eE][+-]|[A-Za-z0-9_]|\.(?!\.))*/y;
const INTEGER = /^(?:0[xX]([0-9a-f]+)|0[bB]([01]+)|0o([0-7]+)|(0[0-7]*)|([1-9][0-9]*))(u|l|ll|ul|ull|lu|llu)?$/i;
const FLOAT = /^(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?(f)?$/i;
/** Rust's suffixes; `0x1f32` is a number of four digits. */
const SUFFIX = /(?:[iu](?:8|16|32|64|128|size)|(?<!^0x[0-9a-f_]*)f(?:32|64))$/i;
/** The index of a field of a tuple, after its dot. */
const TUPLE_INDEX = /\.(?=[0-9])/y;
const CHARACTER = /(u8|[LuUb])?'((?:[^'\\\n]|\\.)*)'/y;
/** gdb's way to name what a file declares for itself. */
const IN_FILE = new RegExp(String.raw`'([^'\n]+)'(?:::${IDENTIFIER})+`, 'uy');
const STRING = /(?:u8|[LuUb])?"((?:[^"\\\n]|\\.)*)"/y;
const BYTE_ESCAPE = /\\(?:x[89a-f][0-9a-f]|[23][0-7]{2})/i;
/** Longest first. Those that would change the program are here so that the parser can say so. */
const PUNCTUATOR =
  /<<=|>>=|\.\.=|\.\.|&\^(?!=)|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:.,()[\]{};#@\\`]/y;

const ESCAPE =
  /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(.))/gsu;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};

/** The token at or after `offset`, white space skipped. Throws `syntax` for what is no token. */
export function tokenAt(text: string, offset: number): Token {
  const start = offset + (match(SPACE, text, offset)?.[0].length ?? 0);
  const found = (pattern: RegExp) => match(pattern, text, start);
  const range = (length: number): Range => ({ start, end: start + length });

  if (start >= text.length) return { kind: 'end', text: '', range: range(0) };
  const inFile = found(IN_FILE)?.[0];
  if (inFile !== undefined) return { kind: 'name', text: inFile, range: range(inFile.length) };
  if (found(CHARACTER) !== null) return characterToken(found(CHARACTER), start);
  if (found(STRING) !== null) return stringToken(found(STRING), start);
  const name = found(NAME)?.[0];
  if (name !== undefined) return { kind: 'name', text: withoutEscapes(name), range: range(name.length) };
  // `pair.0.1` is no fraction.
  if (found(TUPLE_INDEX) !== null && /[\p{L}\p{N}_)\]]$/u.test(text.slice(0, start).trimEnd())) {
    return { kind: 'punctuator', text: '.', range: range(1) };
  }
  const number = found(NUMBER)?.[0];
  if (number !== undefined) return numberToken(number, range(number.length));
  const register = found(REGISTER)?.[0];
  if (register !== undefined) return { kind: 'register', text: register, range: range(register.length) };
  if (text[start] === "'") return characterToken(found(CHARACTER), start);
  if (text[start] === '"') return stringToken(found(STRING), start);
  const punctuator = found(PUNCTUATOR)?.[0];
  if (punctuator !== undefined) return { kind: 'punctuator', text: punctuator, range: range(punctuator.length) };
  const [character = ''] = text.slice(start);
  throw syntaxError(`\`${character}\` has no meaning in an expression`, range(character.length));
}

function match(pattern: RegExp, text: string, offset: number): RegExpExecArray | null {
  pattern.lastIndex = offset;
  return pattern.exec(text);
}

function numberToken(text: string, range: Range): Token {
  const suffix = SUFFIX.exec(text)?.[0];
  const plain = text.slice(0, text.length - (suffix?.length ?? 0)).replaceAll('_', '');
  const integer = suffix?.startsWith('f') === true ? null : INTEGER.exec(plain);
  if (integer !== null) {
    const [, hex, binary, octal, old, decimal, sign = ''] = integer;
    const digits = hex ? `0x${hex}` : binary ? `0b${binary}` : (octal ?? old) ? `0o${octal ?? old}` : (decimal ?? '');
    const value = BigInt(digits);
    if (value >= 1n << 64n) throw syntaxError(`${text} does not fit in 64 bits`, range);
    return {
      kind: 'integer',
      text,
      value,
      decimal: decimal !== undefined,
      unsigned: /u/i.test(sign),
      long: /l/i.test(sign),
      suffix,
      range,
    };
  }
  // Rust: digits alone are a float, if their suffix says so.
  const float = FLOAT.exec(suffix !== undefined && /^[0-9]+$/.test(plain) ? `${plain}.` : plain);
  if (float !== null && suffix?.startsWith('f') !== false) {
    const single = float[1] !== undefined;
    const value = Number(plain.replace(/f$/i, ''));
    return { kind: 'float', text, value: single ? Math.fround(value) : value, single, suffix, range };
  }
  throw syntaxError(`\`${text}\` is not a number`, range);
}

function characterToken(found: RegExpExecArray | null, start: number): Token {
  if (found === null) throw syntaxError("the character has no closing '", { start, end: start + 1 });
  const [text, prefix = '', body = ''] = found;
  const range = { start, end: start + text.length };
  const characters = unescape(body, range);
  const value = characters.codePointAt(0);
  if (value === undefined || characters !== String.fromCodePoint(value))
    throw syntaxError(`${text} is not one character`, range);
  return { kind: 'character', text, value, prefix, range };
}

function stringToken(found: RegExpExecArray | null, start: number): Token {
  if (found === null) throw syntaxError('the string has no closing "', { start, end: start + 1 });
  const [text, body = ''] = found;
  const range = { start, end: start + text.length };
  // Texts are compared as UTF-8; a byte that is half a character has no place in one.
  if (BYTE_ESCAPE.test(body)) throw syntaxError('an escape above \\x7f is not a character of a UTF-8 string', range);
  return { kind: 'string', text, value: unescape(body, range), range };
}

/** A name as debug information has it: compilers write what universal character names mean. */
function withoutEscapes(name: string): string {
  return name.replace(/\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}/g, (escape: string) => {
    const codePoint = parseInt(escape.slice(2), 16);
    return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : escape;
  });
}

/** Replaces C's escapes (C17 §6.4.4.4) and Rust's `\u{…}`. */
function unescape(body: string, range: Range): string {
  return body.replace(
    ESCAPE,
    (escape, hex?: string, octal?: string, braced?: string, short?: string, long?: string, simple?: string) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8) & 0xff);
      const point = braced ?? short ?? long;
      const codePoint = point === undefined ? undefined : parseInt(point, 16);
      if (codePoint !== undefined && codePoint <= 0x10ffff) return String.fromCodePoint(codePoint);
      const character = simple === undefined ? undefined : SIMPLE_ESCAPES[simple];
      if (character === undefined) throw syntaxError(`\`${escape}\` is not an escape sequence`, range);
      return character;
    },
  );
}
