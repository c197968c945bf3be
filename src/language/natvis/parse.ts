/**
 * A Natvis file → its visualizers. What is wrong with one `Type` costs that `Type` alone: it is left out, with an error
 * that says where and what was expected.
 */
import { SidestepError } from '../../base/errors';
import { type SourceLanguage } from '../../debuginfo/model/model';
import {
  type DisplayString,
  type Intrinsic,
  type NatvisFile,
  type Priority,
  type SmartPointer,
  type StringView,
  type VisualizedName,
  type Visualizer,
} from './ast';
import { parseShown } from './displayText';
import {
  ALL_ATTRIBUTES,
  attribute,
  booleanOf,
  childrenOf,
  expressionAttribute,
  guardOf,
  oneOf,
  required,
  textOf,
  viewsOf,
} from './elements';
import { expressionOf, parseDisplayText } from './displayText';
import { parseExpand } from './expand';
import { MAX_PATTERN_LENGTH } from './pattern';
import { parseTypeName } from './typeName';
import { errorAt, parseXml, type XmlElement } from './xml';

export interface ParsedNatvis {
  readonly file: NatvisFile;
  /** What was left out, and why: `malformed`, with file, line and column in the message. */
  readonly problems: readonly SidestepError[];
}

/** Throws `malformed` where the file as a whole is none. `path`: for places. */
export function parseNatvis(text: string, path: string): ParsedNatvis {
  const root = parseXml(text, path);
  if (root.name !== 'AutoVisualizer') {
    throw errorAt(root.place, `expected <AutoVisualizer>, found <${root.name}>`);
  }
  const problems: SidestepError[] = [];
  const attempt = <T>(work: () => T): T[] => {
    try {
      return [work()];
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      problems.push(error);
      return [];
    }
  };
  const [children = []] = attempt(() => childrenOf(root, ROOT_CHILDREN));
  const [language] = attempt(() => oneOf(root, 'Language', LANGUAGES));
  const shared = named(children, 'Intrinsic').flatMap((element) => attempt(() => parseIntrinsic(element)));
  const visualizers = named(children, 'Type').flatMap((element) => attempt(() => parseType(element, shared, language)));
  return { file: { path, visualizers }, problems };
}

const LANGUAGES: readonly SourceLanguage[] = ['c', 'c++', 'rust', 'go', 'zig'];

const ROOT_CHILDREN = new Set(['Type', 'Intrinsic', 'Version', 'LocalizedStrings', 'UIVisualizer', 'HResult']);
const TYPE_CHILDREN = new Set([
  'AlternativeType',
  'Version',
  'Intrinsic',
  'MostDerivedType',
  'CustomVisualizer',
  'SmartPointer',
  'DisplayString',
  'StringView',
  'Expand',
  'UIVisualizer',
]);

function named(elements: readonly XmlElement[], name: string): readonly XmlElement[] {
  return elements.filter((element) => element.name === name);
}

function parseType(
  element: XmlElement,
  shared: readonly Intrinsic[],
  language: SourceLanguage | undefined,
): Visualizer {
  const children = childrenOf(element, TYPE_CHILDREN, [
    'Name',
    'Priority',
    'Inheritable',
    'IncludeView',
    'ExcludeView',
  ]);
  const name = parseName(element, { priority: 2, isInheritable: true });
  const alternatives = named(children, 'AlternativeType').map((each) => parseName(each, name));
  const [smartPointer, secondPointer] = named(children, 'SmartPointer');
  const [expand, secondExpand] = named(children, 'Expand');
  const second = secondPointer ?? secondExpand;
  if (second !== undefined) throw errorAt(second.place, `expected one <${second.name}> in a <Type>, found two`);
  return {
    place: element.place,
    names: [name, ...alternatives],
    views: viewsOf(element),
    language,
    intrinsics: [...named(children, 'Intrinsic').map(parseIntrinsic), ...shared],
    mostDerivedTypes: named(children, 'MostDerivedType').map((each) => ({
      ...guardOf(each, ['IgnoreVTable']),
      expression: textOf(each),
      ignoresVtable: booleanOf(each, 'IgnoreVTable', false),
    })),
    smartPointer: smartPointer && parseSmartPointer(smartPointer),
    displayStrings: parseDisplayStrings(children),
    stringViews: parseStringViews(children),
    expand: expand && parseExpand(expand, { displayStrings: parseDisplayStrings, stringViews: parseStringViews }),
  };
}

function parseDisplayStrings(siblings: readonly XmlElement[]): DisplayString[] {
  return named(siblings, 'DisplayString').map((element) => ({
    ...guardOf(element, ['LegacyAddin', 'Export', 'Encoding']),
    text: parseDisplayText({ ...element.text, value: oneLine(element.text.value) }),
  }));
}

function parseStringViews(siblings: readonly XmlElement[]): StringView[] {
  return named(siblings, 'StringView').map((element) => ({ ...guardOf(element), ...parseShown(element.text) }));
}

/** What an editor has broken into lines is one line. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

const PRIORITIES: readonly string[] = ['Low', 'MediumLow', 'Medium', 'MediumHigh', 'High'];

function parseName(
  element: XmlElement,
  otherwise: { readonly priority: Priority; readonly isInheritable: boolean },
): VisualizedName {
  const { value, place } = required(element, 'Name');
  if (parseTypeName(value).length === 0) throw errorAt(place, 'expected the name of a type');
  if (value.length > MAX_PATTERN_LENGTH) throw errorAt(place, `expected at most ${MAX_PATTERN_LENGTH} characters`);
  const priority = oneOf(element, 'Priority', PRIORITIES);
  return {
    pattern: value.trim(),
    place,
    priority: priority === undefined ? otherwise.priority : (PRIORITIES.indexOf(priority) as Priority),
    isInheritable: booleanOf(element, 'Inheritable', otherwise.isInheritable),
  };
}

function parseIntrinsic(element: XmlElement): Intrinsic {
  const parameters = childrenOf(element, new Set(['Parameter']), ALL_ATTRIBUTES);
  const name = required(element, 'Name');
  if (!/^[a-zA-Z_$][\w$]*$/.test(name.value)) throw errorAt(name.place, 'expected the name of a function');
  const expression = expressionAttribute(element, 'Expression');
  if (expression === undefined) {
    throw errorAt(
      element.place,
      'expected `Expression`: an <Intrinsic> that a component of Visual Studio computes is not supported',
    );
  }
  return {
    place: element.place,
    name: name.value,
    parameters: parameters.map((each) => ({ name: required(each, 'Name').value, type: required(each, 'Type').value })),
    returnType: attribute(element, 'ReturnType')?.value,
    expression,
    isOptional: booleanOf(element, 'Optional', false),
  };
}

const USAGES: readonly SmartPointer['usage'][] = ['Minimal', 'Indexable', 'Full'];

function parseSmartPointer(element: XmlElement): SmartPointer {
  const { place, views, isOptional } = guardOf(element, ['Usage', 'DefaultExpansion']);
  return {
    place,
    views,
    isOptional,
    expression: expressionOf(element.text),
    usage: oneOf(element, 'Usage', USAGES) ?? 'Minimal',
    isExpanded: booleanOf(element, 'DefaultExpansion', true),
  };
}
