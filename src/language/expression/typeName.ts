/**
 * Type names as casts and sizeof hold them (C17 §6.7.7, reduced to `*` and `[n]`), and the one question C's grammar
 * can't answer by itself: whether `(name)` is a cast. What only a type can look like is one; for the rest, `isType`
 * decides.
 */
import { syntaxError } from './diagnostics';
import { type TypeName } from './ast';
import { IDENTIFIER, type Token } from './lexer';
import { TokenCursor } from './tokenCursor';

const QUALIFIERS: ReadonlySet<string> = new Set(['const', 'volatile', 'restrict']);
const MEMBERS = new RegExp(`^(?:::(?:${IDENTIFIER}))+`, 'u');
const TAGS: ReadonlySet<string> = new Set(['struct', 'union', 'enum', 'class']);

/** Words that make up C's arithmetic types, in any order (C17 §6.7.2). */
// prettier-ignore
const ARITHMETIC_WORDS: ReadonlySet<string> = new Set([
  'void', 'char', 'short', 'int', 'long', 'float', 'double', 'signed', 'unsigned', '_Bool', 'bool', '__int128',
]);

export function isTypeWord(text: string): boolean {
  return QUALIFIERS.has(text) || TAGS.has(text) || ARITHMETIC_WORDS.has(text);
}

/**
 * Reads a type name from `start` on, as far as it goes.
 * @returns undefined where none begins. Throws `syntax` after a word that only a type can begin with.
 */
export function typeNameAt(text: string, start: number): { type: TypeName; next: Token } | undefined {
  const cursor = new TokenCursor(text, start);
  const first = cursor.token;
  skipQualifiers(cursor);
  const name = baseName(cursor);
  if (name === undefined) return undefined;
  skipQualifiers(cursor);
  let pointers = 0;
  while (cursor.take('*')) {
    pointers++;
    skipQualifiers(cursor);
  }
  const counts: number[] = [];
  while (cursor.take('[')) {
    const count = cursor.token;
    if (count.kind !== 'integer') throw syntaxError('expected the number of elements', count.range);
    cursor.advance();
    if (!cursor.take(']')) throw syntaxError('expected `]`', cursor.token.range);
    counts.push(Number(count.value));
  }
  const type = { name, pointers, counts, range: { start: first.range.start, end: cursor.end } };
  return { type, next: cursor.token };
}

/** The same in C++, where a type may be a reference. */
export function typeOrReferenceAt(text: string, start: number): { type: TypeName; next: Token } | undefined {
  const found = typeNameAt(text, start);
  if (found?.next.kind !== 'punctuator' || !['&', '&&'].includes(found.next.text)) return found;
  const cursor = new TokenCursor(text, found.next.range.end);
  const range = { start: found.type.range.start, end: found.next.range.end };
  return { type: { ...found.type, isReference: true, range }, next: cursor.token };
}

/** Rust's types as `as` names them: `*const u8`, `usize`, `ns::Type<u8>`. Undefined where none begins. */
export function rustTypeAt(text: string, start: number): { type: TypeName; next: Token } | undefined {
  const cursor = new TokenCursor(text, start);
  const first = cursor.token.range.start;
  let pointers = 0;
  while (cursor.take('*')) {
    if (!cursor.atName('const') && !cursor.atName('mut')) throw cursor.expected('`const` or `mut`');
    cursor.advance();
    pointers++;
  }
  if (cursor.token.kind !== 'name') return undefined;
  const { text: name } = cursor.token;
  cursor.advance();
  const whole = `${name}${takeTemplateArguments(cursor)}`;
  return { type: { name: whole, pointers, counts: [], range: { start: first, end: cursor.end } }, next: cursor.token };
}

/** A name with template arguments at `start`, the name itself ending at `end`; undefined where there are none. */
export function templateNameAt(text: string, start: number, end: number): { name: string; end: number } | undefined {
  if (text[end] !== '<') return undefined;
  const cursor = new TokenCursor(text, end);
  const rest = takeTemplateArguments(cursor);
  return rest === '' ? undefined : { name: text.slice(start, end) + rest, end: cursor.end };
}

function baseName(cursor: TokenCursor): string | undefined {
  const first = cursor.token;
  if (first.kind !== 'name') return undefined;
  if (ARITHMETIC_WORDS.has(first.text)) return takeWords(cursor).join(' ');
  const tag = TAGS.has(first.text) ? `${first.text} ` : '';
  if (tag !== '') {
    cursor.advance();
    if (cursor.token.kind !== 'name') {
      throw syntaxError(`expected the name of the ${first.text}`, cursor.token.range);
    }
  }
  const name = cursor.token.text;
  cursor.advance();
  return `${tag}${name}${takeTemplateArguments(cursor)}`;
}

function takeWords(cursor: TokenCursor): string[] {
  const taken: string[] = [];
  while (
    cursor.token.kind === 'name' &&
    (ARITHMETIC_WORDS.has(cursor.token.text) || QUALIFIERS.has(cursor.token.text))
  ) {
    if (!QUALIFIERS.has(cursor.token.text)) taken.push(cursor.token.text);
    cursor.advance();
  }
  return taken;
}

function skipQualifiers(cursor: TokenCursor): void {
  while (cursor.token.kind === 'name' && QUALIFIERS.has(cursor.token.text)) cursor.advance();
}

/** `<…>` with its brackets balanced and `::name` after it, as far as they go; an empty text where there is none. */
function takeTemplateArguments(cursor: TokenCursor): string {
  const { text } = cursor;
  const start = cursor.token.range.start;
  let end = start;
  for (;;) {
    const length = balancedLength(text, end);
    if (length === undefined) break;
    end += length;
    const member = MEMBERS.exec(text.slice(end));
    end += member?.[0].length ?? 0;
  }
  if (end === start) return '';
  cursor.moveTo(end);
  return text.slice(start, end).replace(/\s+/g, ' ');
}

/** Of names, types, numbers; of characters, `'\n'`; of Clang's lambdas, `(lambda at dir/file.cc:3:4)`; of objects. */
const TEMPLATE_ARGUMENT = /[\p{L}\p{N}_:,*&\s[\]>)'\\./{}$#+-]/u;

/** The length of `<…>` at `start`, if what lies between can be template arguments. */
function balancedLength(text: string, start: number): number | undefined {
  if (text[start] !== '<') return undefined;
  let depth = 0;
  let parentheses = 0;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '<') depth++;
    else if (character === '(') parentheses++;
    else if (character === ')' && --parentheses < 0) return undefined;
    else if (character === '>' && --depth === 0) return parentheses === 0 ? at + 1 - start : undefined;
    else if (!TEMPLATE_ARGUMENT.test(character)) return undefined;
  }
  return undefined;
}
