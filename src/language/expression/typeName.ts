/**
 * Type names as casts and sizeof hold them (C17 §6.7.7, reduced to `*` and `[n]`), and the one question C's grammar
 * can't answer by itself: whether `(name)` is a cast. What only a type can look like is one; for the rest, `isType`
 * decides.
 */
import { syntaxError } from './diagnostics';
import { type TypeName } from './ast';
import { IDENTIFIER, type Token, tokenAt } from './lexer';

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
  const cursor = new Cursor(text, start);
  const first = cursor.token;
  cursor.skipQualifiers();
  const name = baseName(cursor);
  if (name === undefined) return undefined;
  cursor.skipQualifiers();
  let pointers = 0;
  while (cursor.takePunctuator('*')) {
    pointers++;
    cursor.skipQualifiers();
  }
  const counts: number[] = [];
  while (cursor.takePunctuator('[')) {
    const count = cursor.token;
    if (count.kind !== 'integer') throw syntaxError('expected the number of elements', count.range);
    cursor.advance();
    if (!cursor.takePunctuator(']')) throw syntaxError('expected `]`', cursor.token.range);
    counts.push(Number(count.value));
  }
  const type = { name, pointers, counts, range: { start: first.range.start, end: cursor.end } };
  return { type, next: cursor.token };
}

function baseName(cursor: Cursor): string | undefined {
  const first = cursor.token;
  if (first.kind !== 'name') return undefined;
  if (ARITHMETIC_WORDS.has(first.text)) return cursor.takeWords(ARITHMETIC_WORDS).join(' ');
  const tag = TAGS.has(first.text) ? `${first.text} ` : '';
  if (tag !== '') {
    cursor.advance();
    if (cursor.token.kind !== 'name') {
      throw syntaxError(`expected the name of the ${first.text}`, cursor.token.range);
    }
  }
  const name = cursor.token.text;
  cursor.advance();
  return `${tag}${name}${cursor.takeTemplateArguments()}`;
}

/** Tokens one after the other, with one look ahead. */
class Cursor {
  token: Token;
  /** After the last token taken. */
  end: number;

  constructor(
    readonly text: string,
    start: number,
  ) {
    this.token = tokenAt(text, start);
    this.end = start;
  }

  advance(): void {
    this.#moveTo(this.token.range.end);
  }

  takePunctuator(punctuator: string): boolean {
    if (this.token.kind !== 'punctuator' || this.token.text !== punctuator) return false;
    this.advance();
    return true;
  }

  takeWords(words: ReadonlySet<string>): string[] {
    const taken: string[] = [];
    while (this.token.kind === 'name' && (words.has(this.token.text) || QUALIFIERS.has(this.token.text))) {
      if (!QUALIFIERS.has(this.token.text)) taken.push(this.token.text);
      this.advance();
    }
    return taken;
  }

  skipQualifiers(): void {
    while (this.token.kind === 'name' && QUALIFIERS.has(this.token.text)) this.advance();
  }

  /** `<…>` with its brackets balanced and `::name` after it, as far as they go; an empty text where there is none. */
  takeTemplateArguments(): string {
    const start = this.token.range.start;
    let end = start;
    for (;;) {
      const length = balancedLength(this.text, end);
      if (length === undefined) break;
      end += length;
      const member = MEMBERS.exec(this.text.slice(end));
      end += member?.[0].length ?? 0;
    }
    if (end === start) return '';
    this.#moveTo(end);
    return this.text.slice(start, end).replace(/\s+/g, ' ');
  }

  #moveTo(offset: number): void {
    this.end = offset;
    this.token = tokenAt(this.text, offset);
  }
}

/** The length of `<…>` at `start`, if what lies between can be template arguments. */
function balancedLength(text: string, start: number): number | undefined {
  if (text[start] !== '<') return undefined;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '<') depth++;
    else if (character === '>' && --depth === 0) return at + 1 - start;
    else if (!/[\p{L}\p{N}_:,*&\s[\]>]/u.test(character)) return undefined;
  }
  return undefined;
}
