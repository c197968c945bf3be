/**
 * Texts with values in them: `{size={_Mysize}, first {*_Myfirst,x}}`. Each `{…}` is an expression, which a comma and a
 * specifier may follow; `{{` and `}}` are braces.
 */
import {
  type DisplayPart,
  type DisplayText,
  type NatvisExpression,
  type ShownExpression,
  type SourcePlace,
  type Specifier,
} from './ast';
import { errorAt, type XmlText } from './xml';

/** Throws `malformed`. */
export function parseDisplayText({ value, place }: XmlText): DisplayText {
  const parts: DisplayPart[] = [];
  let text = '';
  let at = 0;
  const flush = (): void => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
  };
  while (at < value.length) {
    const character = value.charAt(at);
    if ((character === '{' || character === '}') && value[at + 1] === character) {
      text += character;
      at += 2;
    } else if (character === '{') {
      const end = closing(value, at);
      if (end === undefined) throw errorAt(place, `expected \`}\` after \`${excerpt(value, at)}\``, BRACES);
      flush();
      parts.push({ kind: 'value', ...parseShown({ value: value.slice(at + 1, end), place }) });
      at = end + 1;
    } else if (character === '}') {
      throw errorAt(place, `expected \`{\` before the \`}\` of \`${excerpt(value, Math.max(0, at - 10))}\``, BRACES);
    } else {
      text += character;
      at++;
    }
  }
  flush();
  return parts;
}

const BRACES = 'Write {{ or }} for a brace that is to be shown.';
const EXCERPT = 30;

function excerpt(text: string, start: number): string {
  return text.slice(start, start + EXCERPT);
}

/** An expression, and what its last comma says of how to write it. Throws `malformed`. */
export function parseShown(text: XmlText): ShownExpression {
  const comma = lastComma(text.value);
  const specifier = comma === undefined ? undefined : parseSpecifier(text.value.slice(comma + 1), text.place);
  const expression = expressionOf({
    value: specifier ? text.value.slice(0, comma) : text.value,
    place: text.place,
  });
  return { expression, specifier };
}

/** Throws `malformed` where there is none. */
export function expressionOf({ value, place }: XmlText): NatvisExpression {
  const text = value.trim().replace(/\s+/g, ' ');
  if (text === '') throw errorAt(place, 'expected an expression');
  return { text, place };
}

const PART = /\s*(?:view\(\s*(?<view>\w+)\s*\)|(?<raw>!)|(?<style>[a-zA-Z]\w*))\s*/y;

/** `[n]` or a number, then, in any order, `view(name)`, `!` and letters. Undefined: it is part of the expression. */
function parseSpecifier(text: string, place: SourcePlace): Specifier | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const whole = { text: trimmed, count: undefined, view: undefined, isRaw: false, style: '' };
  if (/^\d+$/.test(trimmed)) return { ...whole, count: { text: trimmed, place } };
  const end = trimmed.startsWith('[') ? closing(trimmed, 0) : undefined;
  const count = end === undefined ? undefined : trimmed.slice(1, end).trim();
  if (count === '') return undefined;
  let [view, isRaw, style] = [undefined as string | undefined, false, ''];
  for (let at = end === undefined ? 0 : end + 1; at < trimmed.length; at = PART.lastIndex) {
    PART.lastIndex = at;
    const groups = PART.exec(trimmed)?.groups;
    if (groups === undefined) return undefined;
    view ??= groups['view'];
    isRaw ||= groups['raw'] !== undefined;
    style += groups['style'] ?? '';
  }
  return { ...whole, count: count === undefined ? undefined : { text: count, place }, view, isRaw, style };
}

const CLOSERS: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** Where the bracket at `start` is closed; those in between, and quoted ones, are left out. */
function closing(text: string, start: number): number | undefined {
  let found: number | undefined;
  walk(text, start, (index, depth) => {
    if (depth === 0 && found === undefined && index > start) found = index;
    return found === undefined;
  });
  return found;
}

/** The last comma that is in no brackets. */
function lastComma(text: string): number | undefined {
  let found: number | undefined;
  walk(text, 0, (index, depth) => {
    if (depth === 0 && text[index] === ',') found = index;
    return true;
  });
  return found;
}

/**
 * Calls `see` for each character outside of quotes, with how many brackets are open after it, until it returns false or
 * brackets don't match.
 */
function walk(text: string, start: number, see: (index: number, depth: number) => boolean): void {
  const open: (string | undefined)[] = [];
  for (let index = start; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === '"' || character === "'") {
      const end = endOfQuoted(text, index);
      // An apostrophe alone is none of quotes: Rust's lifetimes.
      if (end !== undefined) index = end;
    } else if (CLOSERS.has(character)) open.push(CLOSERS.get(character));
    else if (open.length > 0 && character === open.at(-1)) open.pop();
    if (!see(index, open.length)) return;
  }
}

function endOfQuoted(text: string, start: number): number | undefined {
  const quote = text[start];
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === quote) return index;
  }
  return undefined;
}
