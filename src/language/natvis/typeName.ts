/**
 * Names of types, as compilers write them into debug information and as people write patterns for them, in a form that
 * can be compared: words and signs without the spaces between them, and what lies in brackets as lists.
 */

export type NamePart =
  | { readonly kind: 'word'; readonly text: string; readonly start: number; readonly end: number }
  /** `<…>`, `(…)`, `[…]` or `{…}`, its contents parted by commas. */
  | {
      readonly kind: 'list';
      readonly open: string;
      readonly items: readonly (readonly NamePart[])[];
      readonly start: number;
      readonly end: number;
    };

export type NameParts = readonly NamePart[];

const CLOSERS: ReadonlyMap<string, string> = new Map([
  ['<', '>'],
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** Lists inside each other; further brackets are signs like others. */
const MAX_DEPTH = 60;

/** A word, an arrow, `::`, or one sign. */
const TOKEN = String.raw`[\p{L}\p{N}_$]+|->|::|"(?:[^"\\]|\\.)*"|[^\s]`;

/** Clang writes the types of numbers, GCC does not: `3UL`. */
const NUMBER_SUFFIX = /^(\d+)[uU]?[lL]{0,2}$/;

interface Open {
  readonly open: string;
  readonly start: number;
  readonly items: NamePart[][];
}

/** `start` and `end` of the parts are offsets in `name`. */
export function parseTypeName(name: string): NameParts {
  const stack: Open[] = [{ open: '', start: 0, items: [[]] }];
  for (const match of name.matchAll(new RegExp(TOKEN, 'gu'))) {
    const [text] = match;
    const [start, end] = [match.index, match.index + text.length];
    const top = stack.at(-1);
    if (top === undefined) break;
    if (CLOSERS.has(text) && stack.length <= MAX_DEPTH) {
      stack.push({ open: text, start, items: [[]] });
    } else if (text === CLOSERS.get(top.open)) {
      stack.pop();
      stack
        .at(-1)
        ?.items.at(-1)
        ?.push({ kind: 'list', open: top.open, items: itemsOf(top), start: top.start, end });
    } else if (text === ',' && top.open !== '') {
      top.items.push([]);
    } else {
      top.items.at(-1)?.push({ kind: 'word', text: text.replace(NUMBER_SUFFIX, '$1'), start, end });
    }
  }
  return closeAll(stack);
}

/** `<>` has no items. */
function itemsOf({ items }: Open): readonly NameParts[] {
  return items.length === 1 && items[0]?.length === 0 ? [] : items;
}

/** Brackets that nothing closes are signs like others: the name of `operator<`, in what is declared in it. */
function closeAll(stack: readonly Open[]): NameParts {
  return stack.flatMap(({ open, start, items }, depth) => {
    const sign: NamePart[] = depth === 0 ? [] : [{ kind: 'word', text: open, start, end: start + open.length }];
    return [...sign, ...items.flatMap((item, index) => (index === 0 ? item : [COMMA, ...item]))];
  });
}

const COMMA: NamePart = { kind: 'word', text: ',', start: 0, end: 0 };

/** Inline namespaces of the standard libraries: `std::__1::vector` is what people call `std::vector`. */
const INLINE_NAMESPACE = /^(?:__cxx\d+|__\d+|__ndk\d+|_V\d+)$/;

/** Without inline namespaces, everywhere in it. */
export function withoutInlineNamespaces(parts: NameParts): NameParts {
  const kept: NamePart[] = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    const next = parts[index + 1];
    if (part === undefined) break;
    if (part.kind === 'list') {
      kept.push({ ...part, items: part.items.map(withoutInlineNamespaces) });
    } else if (INLINE_NAMESPACE.test(part.text) && next?.kind === 'word' && next.text === '::') {
      index++;
    } else kept.push(part);
  }
  return kept;
}

/** All words before the first list: what a name begins with, to find patterns by. */
export function headOf(parts: NameParts): string {
  const words: string[] = [];
  for (const part of parts) {
    if (part.kind === 'list') break;
    words.push(part.text);
  }
  return words.join(' ');
}
