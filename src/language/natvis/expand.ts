/** `Expand` → the children of a value: single ones, arrays, lists, trees, and lists that a small program walks. */
import {
  type Alternatives,
  type ArrayItems,
  type CustomListItems,
  type DisplayString,
  type DisplayText,
  type Expand,
  type ExpandEntry,
  type IndexListItems,
  type LinkedListItems,
  type NatvisExpression,
  type NodeValue,
  type Sizes,
  type StringView,
  type Synthetic,
  type TreeItems,
} from './ast';
import { parseDisplayText, parseShown } from './displayText';
import {
  attribute,
  booleanOf,
  checkAttributes,
  childrenOf,
  choice,
  expressionAttribute,
  guardOf,
  required,
  textOf,
  withoutChildren,
} from './elements';
import { parseStatements, STATEMENTS } from './statements';
import { errorAt, type XmlElement } from './xml';

/** How the texts of what has some are read: the same for types and for synthetic items. */
export interface TextReaders {
  displayStrings(siblings: readonly XmlElement[]): readonly DisplayString[];
  stringViews(siblings: readonly XmlElement[]): readonly StringView[];
}

type EntryReader = (element: XmlElement, readers: TextReaders) => ExpandEntry;

const ENTRIES: ReadonlyMap<string, EntryReader> = new Map<string, EntryReader>([
  ['Item', (element) => ({ kind: 'item', ...guardOf(element, ['Name']), name: nameOf(element), ...shownOf(element) })],
  ['ArrayItems', parseArrayItems],
  ['IndexListItems', parseIndexListItems],
  ['LinkedListItems', parseLinkedListItems],
  ['TreeItems', parseTreeItems],
  ['CustomListItems', parseCustomListItems],
  ['ExpandedItem', (element) => ({ kind: 'expandedItem', ...guardOf(element), ...shownOf(element) })],
  ['Synthetic', parseSynthetic],
]);
const ENTRY_NAMES = new Set(ENTRIES.keys());

/** Throws `malformed`. */
export function parseExpand(element: XmlElement, readers: TextReaders): Expand {
  const children = childrenOf(element, ENTRY_NAMES, ['HideRawView']);
  return {
    place: element.place,
    hidesRawView: booleanOf(element, 'HideRawView', false),
    items: children.flatMap((child) => ENTRIES.get(child.name)?.(child, readers) ?? []),
  };
}

function nameOf(element: XmlElement): DisplayText {
  return parseDisplayText(required(element, 'Name'));
}

function shownOf(element: XmlElement): ReturnType<typeof parseShown> {
  withoutChildren(element);
  return parseShown(element.text);
}

function parseSynthetic(element: XmlElement, readers: TextReaders): Synthetic {
  const children = childrenOf(element, new Set(['CustomVisualizer', 'DisplayString', 'StringView', 'Expand']));
  const expand = only(element, 'Expand');
  return {
    kind: 'synthetic',
    ...guardOf(element, ['Name', 'Expression']),
    name: nameOf(element),
    displayStrings: readers.displayStrings(children),
    stringViews: readers.stringViews(children),
    expand: expand && parseExpand(expand, readers),
  };
}

// ---- arrays
// ----------------------------------------------------------------------------------------------------------------

function parseArrayItems(element: XmlElement): ArrayItems {
  childrenOf(element, new Set(['Direction', 'Rank', 'Size', 'LowerBound', 'ValuePointer']));
  const direction = only(element, 'Direction');
  return {
    kind: 'arrayItems',
    ...guardOf(element),
    direction:
      direction && choice(direction.text, 'of <Direction>', ['Forward', 'Backward']) === 'Backward'
        ? 'backward'
        : 'forward',
    rank: onlyText(element, 'Rank'),
    sizes: sizesOf(element, 1),
    lowerBound: onlyText(element, 'LowerBound'),
    valuePointers: alternatives(element, 'ValuePointer'),
  };
}

function parseIndexListItems(element: XmlElement): IndexListItems {
  childrenOf(element, new Set(['Size', 'ValueNode']));
  return {
    kind: 'indexListItems',
    ...guardOf(element),
    sizes: sizesOf(element, 1),
    valueNodes: alternatives(element, 'ValueNode'),
  };
}

function alternatives(element: XmlElement, name: string): Alternatives {
  return several(element, name, 1).map((each) => {
    checkAttributes(each, ['Condition']);
    return { condition: expressionAttribute(each, 'Condition'), value: shownOf(each) };
  });
}

// ---- lists and trees
// -------------------------------------------------------------------------------------------------------

function parseLinkedListItems(element: XmlElement): LinkedListItems {
  childrenOf(element, new Set(['Size', 'HeadPointer', 'NextPointer', 'ValueNode']));
  return {
    kind: 'linkedListItems',
    ...guardOf(element),
    sizes: sizesOf(element, 0),
    headPointer: requiredText(element, 'HeadPointer'),
    nextPointer: requiredText(element, 'NextPointer'),
    valueNode: nodeValueOf(element),
  };
}

function parseTreeItems(element: XmlElement): TreeItems {
  childrenOf(element, new Set(['Size', 'HeadPointer', 'LeftPointer', 'RightPointer', 'ValueNode']));
  return {
    kind: 'treeItems',
    ...guardOf(element),
    sizes: sizesOf(element, 0),
    headPointer: requiredText(element, 'HeadPointer'),
    leftPointer: requiredText(element, 'LeftPointer'),
    rightPointer: requiredText(element, 'RightPointer'),
    valueNode: nodeValueOf(element),
  };
}

/** An empty one is the node itself. */
function nodeValueOf(element: XmlElement): NodeValue {
  const node = onlyRequired(element, 'ValueNode');
  checkAttributes(node, ['Condition', 'Name']);
  withoutChildren(node);
  const name = attribute(node, 'Name');
  const isNode = node.text.value.trim() === '';
  return {
    condition: expressionAttribute(node, 'Condition'),
    name: name && parseDisplayText(name),
    ...parseShown(isNode ? { value: 'this', place: node.place } : node.text),
  };
}

// ---- programs
// --------------------------------------------------------------------------------------------------------------

const MOST_ITEMS_PER_VIEW = 50_000;
const USUAL_ITEMS_PER_VIEW = 5_000;

function parseCustomListItems(element: XmlElement): CustomListItems {
  const children = childrenOf(element, new Set(['Variable', 'Size', 'Skip', ...STATEMENTS]));
  const guard = guardOf(element, ['MaxItemsPerView']);
  const most = attribute(element, 'MaxItemsPerView');
  const maxItemsPerView = most === undefined ? USUAL_ITEMS_PER_VIEW : Number(most.value);
  if (!Number.isInteger(maxItemsPerView) || maxItemsPerView < 1 || maxItemsPerView > MOST_ITEMS_PER_VIEW) {
    throw errorAt(most?.place ?? element.place, `expected a number from 1 to ${MOST_ITEMS_PER_VIEW}`);
  }
  return {
    kind: 'customListItems',
    ...guard,
    maxItemsPerView,
    variables: several(element, 'Variable', 0).map((each) => {
      const name = required(each, 'Name');
      if (!/^[a-zA-Z_$][\w$]*$/.test(name.value)) throw errorAt(name.place, 'expected the name of a variable');
      return {
        name: name.value,
        initialValue: parseShown(required(each, 'InitialValue')).expression,
        place: each.place,
      };
    }),
    sizes: sizesOf(element, 0),
    body: parseStatements(children.filter(({ name }) => STATEMENTS.has(name))),
  };
}

// ---- children by name
// ------------------------------------------------------------------------------------------------------

function sizesOf(element: XmlElement, least: 0 | 1): Sizes {
  return several(element, 'Size', least).map((each) => {
    const { condition, isOptional } = guardOf(each);
    return { condition, isOptional, expression: textOf(each) };
  });
}

function several(element: XmlElement, name: string, least: 0 | 1): readonly XmlElement[] {
  const found = element.children.filter((child) => child.name === name);
  if (found.length < least) throw errorAt(element.place, `expected <${name}> in <${element.name}>`);
  return found;
}

function only(element: XmlElement, name: string): XmlElement | undefined {
  const [found, second] = several(element, name, 0);
  if (second !== undefined) throw errorAt(second.place, `expected one <${name}> in <${element.name}>, found two`);
  return found;
}

function onlyRequired(element: XmlElement, name: string): XmlElement {
  const found = only(element, name);
  if (found === undefined) throw errorAt(element.place, `expected <${name}> in <${element.name}>`);
  return found;
}

function onlyText(element: XmlElement, name: string): NatvisExpression | undefined {
  const found = only(element, name);
  return found && textOf(found);
}

function requiredText(element: XmlElement, name: string): NatvisExpression {
  return textOf(onlyRequired(element, name));
}
