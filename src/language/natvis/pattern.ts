/**
 * Patterns of type names: `std::map<*,*>`. A `*` in the place of an argument stands for one argument, the last one of a
 * list for all that are left. In Go's names it also stands for what follows: `map[*]*`.
 */
import { type SourceLanguage } from '../../debuginfo/model/model';
import { headOf, type NamePart, type NameParts, parseTypeName, withoutInlineNamespaces } from './typeName';

/** A part, or a wildcard. */
type PatternPart = NamePart | { readonly kind: 'wildcard' };

/** What one wildcard, or one argument of a last one, stands for: a range of the name's characters. */
export interface Captured {
  readonly start: number;
  readonly end: number;
  /** If it is a template argument: which one, from 0; of an argument of that argument two numbers, and so on. */
  readonly path: readonly number[] | undefined;
}

export interface TypePattern {
  /** What names that it matches begin with; undefined: anything. */
  readonly head: string | undefined;
  /** More for patterns that say more: how many words and signs are not left open. */
  readonly specificity: number;
  /** Undefined where the name is another. */
  match(name: ParsedName): readonly Captured[] | undefined;
}

/** UTF-16 units. Templates in templates can have names of many thousands. */
const MAX_NAME_LENGTH = 20_000;
export const MAX_PATTERN_LENGTH = 1000;

/** A type's name, with and without inline namespaces. */
export interface ParsedName {
  readonly text: string;
  readonly parts: NameParts;
  readonly plain: NameParts;
}

export function parsedName(text: string): ParsedName {
  // No pattern is for longer ones.
  const parts = text.length > MAX_NAME_LENGTH ? [] : parseTypeName(text);
  return { text, parts, plain: withoutInlineNamespaces(parts) };
}

/** `language`: of the types that it is for, undefined for C++ and whatever is written like it. */
export function typePattern(text: string, language?: SourceLanguage): TypePattern {
  const parsed = parseTypeName(text);
  const plain = withoutInlineNamespaces(parsed);
  // A pattern that names an inline namespace wants that one.
  const isExact = specificityOf(parsed) > specificityOf(plain);
  const parts = wildcards(isExact ? parsed : plain, language);
  const head = headOf(isExact ? parsed : plain);
  const opens = parts.some(({ kind }) => kind === 'wildcard');
  return {
    head: head === '' || opens ? undefined : head,
    specificity: specificityOf(parts),
    match: (name) => matchAll(parts, isExact ? name.parts : name.plain, true),
  };
}

function specificityOf(parts: readonly PatternPart[]): number {
  let count = 0;
  for (const part of parts) {
    if (part.kind === 'word') count++;
    else if (part.kind === 'list') count += 1 + part.items.reduce((sum, item) => sum + specificityOf(item), 0);
  }
  return count;
}

/** Which `*` are wildcards: those that are not part of the name of a pointer. */
function wildcards(parts: NameParts, language: SourceLanguage | undefined): PatternPart[] {
  return parts.map((part, index): PatternPart => {
    if (part.kind === 'list') {
      return { ...part, items: part.items.map((item) => wildcards(item, language) as NameParts) };
    }
    if (part.text !== '*') return part;
    const before = parts[index - 1];
    const after = parts[index + 1];
    if (language === 'go' || language === 'rust') return after?.kind === 'word' ? part : { kind: 'wildcard' };
    return before === undefined ? { kind: 'wildcard' } : part;
  });
}

/** Compares from left to right; a wildcard in the middle takes as little as it can. */
function matchAll(pattern: readonly PatternPart[], name: NameParts, isWhole = false): Captured[] | undefined {
  const captured: Captured[] = [];
  const list = isWhole ? lastList(name) : -1;
  let [at, from] = [0, 0];
  /** The last wildcard: where what it stands for begins and ends, and how much was captured before it. */
  let last: { readonly at: number; readonly start: number; end: number; readonly captured: number } | undefined;
  while (from < name.length || at < pattern.length) {
    const expected = pattern[at];
    const found = name[from];
    if (expected?.kind === 'wildcard' && found !== undefined) {
      last = { at, start: from, end: from + 1, captured: captured.length };
      captured.push(rangeOf(name, from, from + 1));
    } else {
      const inner = expected && found && matchOne(expected, found, from === list);
      if (inner !== undefined) captured.push(...inner);
      else {
        if (last === undefined || last.end >= name.length) return undefined;
        last.end++;
        captured.length = last.captured;
        captured.push(rangeOf(name, last.start, last.end));
        at = last.at;
        from = last.end - 1;
      }
    }
    at++;
    from++;
  }
  return captured;
}

function lastList(name: NameParts): number {
  return name.findLastIndex((part) => part.kind === 'list' && part.open === '<');
}

function matchOne(expected: PatternPart, found: NamePart, isArguments: boolean): Captured[] | undefined {
  if (expected.kind === 'word') return found.kind === 'word' && found.text === expected.text ? [] : undefined;
  if (expected.kind !== 'list' || found.kind !== 'list' || expected.open !== found.open) return undefined;
  const captured: Captured[] = [];
  const count = expected.items.length;
  const rest = isOpen(expected.items.at(-1));
  if (rest ? found.items.length < count : found.items.length !== count) return undefined;
  for (const [index, item] of found.items.entries()) {
    const wanted = expected.items[Math.min(index, count - 1)] ?? [];
    const inner = matchAll(wanted, item, isArguments);
    if (inner === undefined) return undefined;
    const isWhole = isArguments && isOpen(wanted);
    captured.push(...inner.map((each) => ({ ...each, path: isWhole ? [index] : each.path && [index, ...each.path] })));
  }
  return captured;
}

/** Whether an item is a wildcard and nothing else. */
function isOpen(item: readonly PatternPart[] | undefined): boolean {
  return item?.length === 1 && item[0]?.kind === 'wildcard';
}

function rangeOf(name: NameParts, from: number, to: number): Captured {
  return { start: name[from]?.start ?? 0, end: name[to - 1]?.end ?? 0, path: undefined };
}
