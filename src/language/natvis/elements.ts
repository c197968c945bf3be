/** What the elements of Natvis have in common: how attributes and children are read, and what is wrong with them. */
import { type Guard, type NatvisExpression, type Views } from './ast';
import { expressionOf } from './displayText';
import { errorAt, type XmlElement, type XmlText } from './xml';

/** Attributes that no element lacks and that change nothing here: which Windows module a type comes from. */
const MODULE_ATTRIBUTES = ['ModuleName', 'ModuleVersionMin', 'ModuleVersionMax'];
const GUARD_ATTRIBUTES = ['Condition', 'Optional', 'IncludeView', 'ExcludeView', ...MODULE_ATTRIBUTES];

/** For elements whose attributes are many and mostly of no use here. */
export const ALL_ATTRIBUTES = undefined;

/** Names whose first part is a namespace are other tools' own. */
function isForeign(name: string): boolean {
  return name.includes(':') || name === 'xmlns';
}

export function attribute(element: XmlElement, name: string): XmlText | undefined {
  return element.attributes.get(name);
}

/** Throws `malformed` where it is missing or empty. */
export function required(element: XmlElement, name: string): XmlText {
  const found = attribute(element, name);
  if (found === undefined) throw errorAt(element.place, `expected \`${name}\` in <${element.name}>`);
  if (found.value.trim() === '') throw errorAt(found.place, `expected a value of \`${name}\` in <${element.name}>`);
  return found;
}

/** Throws `malformed`. */
export function booleanOf(element: XmlElement, name: string, otherwise: boolean): boolean {
  const value = oneOf(element, name, BOOLEANS);
  return value === undefined ? otherwise : value === 'true' || value === '1';
}

const BOOLEANS: readonly string[] = ['true', 'false', '1', '0'];

/** Throws `malformed` where it has another value. */
export function oneOf<T extends string>(element: XmlElement, name: string, values: readonly T[]): T | undefined {
  const found = attribute(element, name);
  if (found === undefined) return undefined;
  return choice(found, `of \`${name}\``, values);
}

/** Throws `malformed` where `text` is none of `values`. */
export function choice<T extends string>(text: XmlText, what: string, values: readonly T[]): T {
  const value = values.find((each) => each === text.value.trim());
  if (value !== undefined) return value;
  throw errorAt(text.place, `expected ${values.join(', ')} as the value ${what}, found ${JSON.stringify(text.value)}`);
}

export function expressionAttribute(element: XmlElement, name: string): NatvisExpression | undefined {
  const found = attribute(element, name);
  return found && expressionOf(found);
}

/** The element's text as an expression. Throws `malformed` where it has none, or children. */
export function textOf(element: XmlElement): NatvisExpression {
  withoutChildren(element);
  return expressionOf(element.text);
}

/** Throws `malformed` where there are any. */
export function withoutChildren(element: XmlElement): void {
  const [child] = element.children;
  if (child !== undefined)
    throw errorAt(child.place, `expected no element in <${element.name}>, found <${child.name}>`);
}

/** Throws `malformed` where one is of another name, or where the element has an attribute that is not listed. */
export function childrenOf(
  element: XmlElement,
  names: ReadonlySet<string>,
  attributes: readonly string[] | undefined = ALL_ATTRIBUTES,
): readonly XmlElement[] {
  const stranger = element.children.find(({ name }) => !isForeign(name) && !names.has(name));
  if (stranger !== undefined) {
    const list = [...names].map((name) => `<${name}>`).join(', ');
    throw errorAt(stranger.place, `expected ${list} in <${element.name}>, found <${stranger.name}>`);
  }
  if (attributes !== undefined) checkAttributes(element, attributes);
  return element.children;
}

/** A misspelled `Condition` would show what must not be shown. Throws `malformed`. */
export function checkAttributes(element: XmlElement, known: readonly string[]): void {
  for (const [name, { place }] of element.attributes) {
    if (isForeign(name) || known.includes(name)) continue;
    const list = known.map((each) => `\`${each}\``).join(', ') || 'no attribute';
    throw errorAt(place, `expected ${list} in <${element.name}>, found \`${name}\``);
  }
}

/** `own`: attributes that the element has beside the common ones. Throws `malformed`. */
export function guardOf(element: XmlElement, own: readonly string[] = []): Guard {
  checkAttributes(element, [...own, ...GUARD_ATTRIBUTES]);
  return {
    place: element.place,
    condition: expressionAttribute(element, 'Condition'),
    isOptional: booleanOf(element, 'Optional', false),
    views: viewsOf(element),
  };
}

export function viewsOf(element: XmlElement): Views {
  const list = (name: string): readonly string[] =>
    (attribute(element, name)?.value ?? '')
      .split(';')
      .map((view) => view.trim())
      .filter((view) => view !== '');
  return { included: list('IncludeView'), excluded: list('ExcludeView') };
}
