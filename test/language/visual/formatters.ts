/** Formatters for tests, written in few words: what a Natvis file's parser would make of one. */
import { type StructureType, type TemplateArgument } from '../../../src/debuginfo/model/model';
import {
  type CustomListItems,
  type DisplayString,
  type DisplayText,
  type ExpandEntry,
  type Expand,
  type FoundVisualizer,
  type Intrinsic,
  type LinkedListItems,
  type MatchedArgument,
  type NatvisExpression,
  type ShownExpression,
  type Sizes,
  type Statement,
  type TreeItems,
  type Visualizer,
  type Visualizers,
} from '../../../src/language/natvis/ast';
import { isStructure, typeText, unqualified } from '../../../src/language/typed/types';

const place = { file: 'test.natvis', line: 1, column: 1 };
const views = { included: [], excluded: [] };
const always = { place, condition: undefined, isOptional: false, views };

export function expression(text: string): NatvisExpression {
  return { text, place };
}

const SPECIFIER = /^(?:\[(.*)\])?(?:view\((\w+)\))?([a-z0-9]*)(!?)$/;

/** `expression,specifier`. */
function shown(text: string): ShownExpression {
  const comma = text.lastIndexOf(',');
  const found = comma < 0 ? null : SPECIFIER.exec(text.slice(comma + 1).trim());
  if (found === null) return { expression: expression(text), specifier: undefined };
  const [whole, count, view, style = '', raw] = found;
  return {
    expression: expression(text.slice(0, comma).trim()),
    specifier: {
      text: whole,
      count: count === undefined ? undefined : expression(count),
      view,
      isRaw: raw === '!',
      style,
    },
  };
}

/** Text with values in braces. */
export function text(source: string): DisplayText {
  return source.split(/(\{[^{}]*\})/).flatMap((part): DisplayText => {
    if (part === '') return [];
    return part.startsWith('{') ? [{ kind: 'value', ...shown(part.slice(1, -1)) }] : [{ kind: 'text', text: part }];
  });
}

function sizes(source: string | undefined): Sizes {
  return source === undefined ? [] : [{ condition: undefined, expression: expression(source), isOptional: false }];
}

export function when<T extends { readonly condition: NatvisExpression | undefined }>(condition: string, element: T): T {
  return { ...element, condition: expression(condition) };
}

export function optional<T extends { readonly isOptional: boolean }>(element: T): T {
  return { ...element, isOptional: true };
}

export function display(source: string): DisplayString {
  return { ...always, text: text(source) };
}

export function item(name: string, value: string): ExpandEntry & { kind: 'item' } {
  return { kind: 'item', ...always, name: text(name), ...shown(value) };
}

export function array(size: string, pointer: string): ExpandEntry {
  const valuePointers = [{ condition: undefined, value: shown(pointer) }];
  return {
    kind: 'arrayItems',
    ...always,
    direction: 'forward',
    rank: undefined,
    sizes: sizes(size),
    lowerBound: undefined,
    valuePointers,
  };
}

export function indexList(size: string, value: string): ExpandEntry {
  return {
    kind: 'indexListItems',
    ...always,
    sizes: sizes(size),
    valueNodes: [{ condition: undefined, value: shown(value) }],
  };
}

export function linkedList(
  size: string | undefined,
  head: string,
  next: string,
  value: string,
  node: Partial<LinkedListItems['valueNode']> = {},
): ExpandEntry {
  const valueNode = { condition: undefined, name: undefined, ...shown(value), ...node };
  const pointers = { headPointer: expression(head), nextPointer: expression(next) };
  return { kind: 'linkedListItems', ...always, sizes: sizes(size), ...pointers, valueNode };
}

export function tree(
  size: string | undefined,
  [head, left, right]: readonly [string, string, string],
  value: string,
  node: Partial<TreeItems['valueNode']> = {},
): ExpandEntry {
  const valueNode = { condition: undefined, name: undefined, ...shown(value), ...node };
  const pointers = { headPointer: expression(head), leftPointer: expression(left), rightPointer: expression(right) };
  return { kind: 'treeItems', ...always, sizes: sizes(size), ...pointers, valueNode };
}

export function customList(
  variables: Readonly<Record<string, string>>,
  body: readonly Statement[],
  size?: string,
): CustomListItems {
  const declared = Object.entries(variables).map(([name, value]) => ({ name, initialValue: expression(value), place }));
  return { kind: 'customListItems', ...always, maxItemsPerView: 1000, variables: declared, sizes: sizes(size), body };
}

export const statement = {
  loop: (condition: string | undefined, ...body: Statement[]): Statement => ({
    kind: 'loop',
    place,
    condition: condition === undefined ? undefined : expression(condition),
    body,
  }),
  exec: (source: string): Statement => ({ kind: 'exec', place, condition: undefined, expression: expression(source) }),
  breakIf: (condition?: string): Statement => ({
    kind: 'break',
    place,
    condition: condition === undefined ? undefined : expression(condition),
  }),
  item: (value: string, name?: string): Statement => ({
    kind: 'item',
    place,
    condition: undefined,
    name: name === undefined ? undefined : text(name),
    ...shown(value),
  }),
  choice: (...branches: (readonly [string | undefined, ...Statement[]])[]): Statement => ({
    kind: 'if',
    place,
    branches: branches.map(([condition, ...body]) => ({
      condition: condition === undefined ? undefined : expression(condition),
      body,
    })),
  }),
};

export function expandedItem(value: string): ExpandEntry {
  return { kind: 'expandedItem', ...always, ...shown(value) };
}

export function synthetic(name: string, displayed: string, entries: readonly ExpandEntry[] = []): ExpandEntry {
  return {
    kind: 'synthetic',
    ...always,
    name: text(name),
    displayStrings: [display(displayed)],
    stringViews: [],
    expand: expand(entries),
  };
}

export function intrinsic(name: string, source: string, ...parameters: string[]): Intrinsic {
  const typed = parameters.map((parameter) => ({ name: parameter, type: 'int' }));
  return { place, name, parameters: typed, returnType: undefined, expression: expression(source), isOptional: false };
}

export interface FormatterOptions extends Partial<
  Pick<Visualizer, 'intrinsics' | 'mostDerivedTypes' | 'smartPointer' | 'views'>
> {
  readonly displays?: readonly (string | DisplayString)[];
  readonly entries?: readonly ExpandEntry[];
}

/** `name`: without arguments of templates. */
export function formatter(name: string, { displays = [], entries, ...more }: FormatterOptions): Visualizer {
  return {
    place,
    names: [{ pattern: name, place, priority: 2, isInheritable: true }],
    language: undefined,
    views,
    intrinsics: [],
    mostDerivedTypes: [],
    smartPointer: undefined,
    displayStrings: displays.map((each) => (typeof each === 'string' ? display(each) : each)),
    stringViews: [],
    expand: entries && expand(entries),
    ...more,
  };
}

function expand(items: readonly ExpandEntry[]): Expand {
  return { place, hidesRawView: false, items };
}

/** The formatters whose name is the type's own, or its base class's. */
export function visualizersOf(...formatters: readonly Visualizer[]): Visualizers {
  return {
    find: (type, view) => {
      const under = unqualified(type);
      return isStructure(under) ? found(formatters, under, 0, view) : [];
    },
  };
}

function found(all: readonly Visualizer[], type: StructureType, offset: number, view?: string): FoundVisualizer[] {
  const head = type.name?.replace(/<.*$/, '');
  const own = all.filter(
    ({ names, views: { included } }) =>
      names.some(({ pattern }) => pattern === head) &&
      (included.length === 0 || (view !== undefined && included.includes(view))),
  );
  const templateArguments = argumentsOf(type.templateArguments ?? []);
  const inherited = type.members.flatMap((member) => {
    const base = unqualified(member.type);
    const { byteOffset } = member;
    return member.inherited && isStructure(base) && typeof byteOffset === 'number'
      ? found(all, base, offset + byteOffset, view)
      : [];
  });
  return [...own.map((visualizer) => ({ visualizer, templateArguments, type: type, offset })), ...inherited];
}

function argumentsOf(list: readonly TemplateArgument[]): MatchedArgument[] {
  return list.flatMap((argument): MatchedArgument[] => {
    if (argument.kind === 'type') return [{ text: typeText(argument.type), type: argument.type }];
    if (argument.kind === 'pack') return argumentsOf(argument.arguments);
    if (argument.kind === 'template') return [{ text: argument.template, type: undefined }];
    const [only] = argument.value.kind === 'value' ? argument.value.value : [];
    return [{ text: only?.op === 'const' ? String(only.value) : '?', type: undefined }];
  });
}
