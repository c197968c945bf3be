/**
 * One type's name as the compilers spell it. GCC writes `a<b<int> >` and `a<0>`, Clang up to 14 `a<b<int> >` and
 * `a<0UL>`, later ones `a<b<int>>`; pointers are `int*` in GCC's arguments and `int *` in Clang's.
 */
import { type NameParts, parseTypeName, withoutInlineNamespaces } from './typeName';

/** The name as it may stand in debug information: as it is, then in the spellings of GCC and of Clang. */
export function spellings(name: string): readonly string[] {
  const parts = parseTypeName(name);
  const made = [GCC, CLANG_14, CLANG].map((style) => written(parts, style));
  return [...new Set([name.trim(), ...made, withNumbered(name, parts).trim()])];
}

/**
 * With Clang's suffix at the numbers among the outermost arguments, the other arguments as they are: what these have of
 * numbers need not be unsigned, and in `(lambda at file.cc:3:4)` is none.
 */
function withNumbered(name: string, parts: NameParts): string {
  const list = parts.findLast((part) => part.kind === 'list' && part.open === '<');
  if (list?.kind !== 'list') return name;
  const items = list.items.map((item) => {
    const text = name.slice(item[0]?.start, item.at(-1)?.end);
    return /^\d+$/.test(text) ? `${text}${CLANG.suffix}` : text;
  });
  return `${name.slice(0, list.start)}<${items.join(', ')}${name.slice(list.end - 1)}`;
}

/** Whether two names mean the same type: spaces, suffixes of numbers and inline namespaces don't matter. */
export function sameType(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

function canonical(name: string): string {
  return written(withoutInlineNamespaces(parseTypeName(name)), GCC);
}

interface Spelling {
  /** Between two closing brackets. */
  readonly gap: string;
  /** Before the `*` of a pointer. */
  readonly beforePointer: string;
  /** After a number. */
  readonly suffix: string;
}

const GCC: Spelling = { gap: ' ', beforePointer: '', suffix: '' };
const CLANG_14: Spelling = { gap: ' ', beforePointer: ' ', suffix: 'UL' };
const CLANG: Spelling = { gap: '', beforePointer: ' ', suffix: 'UL' };

function written(parts: NameParts, style: Spelling): string {
  let text = '';
  for (const part of parts) {
    if (part.kind === 'list') {
      const inner = part.items.map((item) => written(item, style)).join(', ');
      const close = CLOSERS[part.open] ?? '';
      if (part.open === '(' && WORD_END.test(text)) text += ' ';
      text += `${part.open}${inner}${close === '>' && inner.endsWith('>') ? style.gap : ''}${close}`;
      continue;
    }
    const word = /^\d+$/.test(part.text) ? `${part.text}${style.suffix}` : part.text;
    const isPointer = word === '*' || word === '&';
    if (isPointer) text += text === '' || /[*&]$/.test(text) ? word : `${style.beforePointer}${word}`;
    else text += WORD_END.test(text) && WORD_START.test(word) ? ` ${word}` : word;
  }
  return text;
}

const CLOSERS: Readonly<Record<string, string>> = { '<': '>', '(': ')', '[': ']', '{': '}' };
const WORD_END = /[\p{L}\p{N}_$>*&]$/u;
const WORD_START = /^[\p{L}\p{N}_$]/u;
