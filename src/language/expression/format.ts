/**
 * How a value is to be written: what may follow an expression's comma in a message. The letters are those that gdb's
 * `/x` and Visual Studio's `,x` share; where the two differ, both are taken. `[n]` or `n` makes an array of a pointer.
 */
import { syntaxError } from './diagnostics';
import { type Expression } from './ast';
import { tokenAt } from './lexer';
import { parseExpressionAt, type ParseOptions } from './parser';
import { named } from './tokenCursor';

export type Style =
  | 'hexadecimal'
  | 'decimal'
  | 'unsigned'
  | 'octal'
  | 'binary'
  | 'character'
  /** A text in quotes, also through a pointer that is not to `char`. */
  | 'string'
  /** A text without quotes. */
  | 'bare';

export interface Format {
  readonly style?: Style;
  /** Elements to show, from a pointer or an array on. */
  readonly count?: Expression;
  /** As its type is made, whatever formatter there is for it: `!`, as in Natvis. */
  readonly isRaw?: boolean;
}

const STYLES: ReadonlyMap<string, Style> = new Map([
  ['x', 'hexadecimal'],
  ['h', 'hexadecimal'],
  ['p', 'hexadecimal'],
  ['d', 'decimal'],
  ['u', 'unsigned'],
  ['o', 'octal'],
  ['b', 'binary'],
  ['t', 'binary'],
  ['c', 'character'],
  ['s', 'string'],
  ['sb', 'bare'],
]);

/** `,x`, `,[n]`, `,5,x`… from `start` on, as long as there are commas. Throws `syntax`. */
export function formatAt(text: string, start: number, options: ParseOptions): { format: Format; end: number } {
  let format: Format = {};
  let comma = tokenAt(text, start);
  while (comma.kind === 'punctuator' && comma.text === ',') {
    const token = tokenAt(text, comma.range.end);
    let { end } = token.range;
    const style = token.kind === 'name' ? STYLES.get(token.text) : undefined;
    if (style !== undefined) {
      if (format.style !== undefined) throw syntaxError('a value can have only one format', token.range);
      format = { ...format, style };
    } else if (token.kind === 'punctuator' && token.text === '!') {
      format = { ...format, isRaw: true };
    } else if (token.kind === 'integer' || (token.kind === 'punctuator' && token.text === '[')) {
      if (format.count !== undefined) throw syntaxError('a value can have only one number of elements', token.range);
      const { count, behind } = countAt(text, token.range.start, options);
      format = { ...format, count };
      end = behind;
    } else {
      const letters = [...STYLES.keys()].join(', ');
      throw syntaxError(`expected a format (${letters}, ! or [n]), found ${named(token)}`, token.range);
    }
    comma = tokenAt(text, end);
  }
  return { format, end: comma.range.start };
}

function countAt(text: string, start: number, options: ParseOptions): { count: Expression; behind: number } {
  const token = tokenAt(text, start);
  if (token.kind === 'integer') {
    return { count: token, behind: token.range.end };
  }
  const { expression, next } = parseExpressionAt(text, token.range.end, options);
  if (next.kind !== 'punctuator' || next.text !== ']') {
    throw syntaxError(`expected \`]\`, found ${named(next)}`, next.range);
  }
  return { count: expression, behind: next.range.end };
}
