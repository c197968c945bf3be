/**
 * Log messages: text with expressions in braces, as VS Code's logpoints have them. `\{`, `\}` and `\\` stand for `{`,
 * `}` and `\`; so do `{{` and `}}` for braces. Any other backslash is a backslash. A brace inside a character or a text
 * of an expression is part of it.
 */
import { syntaxError, type Range } from '../expression/diagnostics';
import { type Expression } from '../expression/ast';
import { type Format, formatAt } from '../expression/format';
import { tokenAt } from '../expression/lexer';
import { parseExpressionAt, type ParseOptions } from '../expression/parser';
import { named } from '../expression/tokenCursor';

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  /** The range is that of the braces and what they hold. */
  | { readonly kind: 'value'; readonly expression: Expression; readonly format: Format; readonly range: Range };

const ESCAPES: readonly string[] = ['\\{', '\\}', '\\\\', '{{', '}}'];

/** The parts of a message, in order; no two texts follow each other. Throws `syntax`, with the range in the message. */
export function parseTemplate(message: string, options: ParseOptions = {}): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = '';
  for (let at = 0; at < message.length;) {
    const pair = message.slice(at, at + 2);
    if (ESCAPES.includes(pair)) {
      text += pair.charAt(1);
      at += 2;
    } else if (message[at] !== '{') {
      text += message.charAt(at);
      at++;
    } else {
      if (text !== '') parts.push({ kind: 'text', text });
      text = '';
      const part = valueAt(message, at, options);
      parts.push(part);
      at = part.range.end;
    }
  }
  if (text !== '') parts.push({ kind: 'text', text });
  return parts;
}

/** `{expression}` or `{expression,format}` at `start`. */
function valueAt(message: string, start: number, options: ParseOptions): TemplatePart & { kind: 'value' } {
  const first = tokenAt(message, start + 1);
  if (first.kind === 'punctuator' && first.text === '}') {
    const advice = 'Write \\{ for a literal brace.';
    throw syntaxError('expected an expression between the braces', { start, end: first.range.end }, advice);
  }
  const { expression, next } = parseExpressionAt(message, start + 1, options);
  const { format, end } = formatAt(message, next.range.start, options);
  const close = tokenAt(message, end);
  if (close.kind === 'end') throw syntaxError('a `{` has no `}`', { start, end: start + 1 });
  if (close.kind !== 'punctuator' || close.text !== '}') {
    throw syntaxError(`expected \`}\` or an operator, found ${named(close)}`, close.range);
  }
  return { kind: 'value', expression, format, range: { start, end: close.range.end } };
}
