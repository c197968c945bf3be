/** The steps of `CustomListItems`, in order. */
import { type Branch, type Statement } from './ast';
import { parseDisplayText, parseShown } from './displayText';
import { attribute, checkAttributes, childrenOf, expressionAttribute, textOf, withoutChildren } from './elements';
import { errorAt, type XmlElement } from './xml';

export const STATEMENTS: ReadonlySet<string> = new Set(['Loop', 'If', 'Elseif', 'Else', 'Exec', 'Break', 'Item']);

/** Throws `malformed`. */
export function parseStatements(elements: readonly XmlElement[]): Statement[] {
  const statements: Statement[] = [];
  /** Of the `If` that stands right before. */
  let open: Branch[] | undefined;
  for (const element of elements) {
    const { place } = element;
    if (element.name === 'Elseif' || element.name === 'Else') {
      if (open === undefined) throw errorAt(place, `expected <If> before <${element.name}>`);
      open.push(parseBranch(element));
      if (element.name === 'Else') open = undefined;
    } else if (element.name === 'If') {
      open = [parseBranch(element)];
      statements.push({ kind: 'if', place, branches: open });
    } else {
      open = undefined;
      statements.push(parseSimple(element));
    }
  }
  return statements;
}

function parseBranch(element: XmlElement): Branch {
  const hasCondition = element.name !== 'Else';
  const children = childrenOf(element, STATEMENTS, hasCondition ? ['Condition'] : []);
  const condition = expressionAttribute(element, 'Condition');
  if (hasCondition && condition === undefined) {
    throw errorAt(element.place, `expected \`Condition\` in <${element.name}>`);
  }
  return { condition, body: parseStatements(children) };
}

function parseSimple(element: XmlElement): Statement {
  const { place } = element;
  const condition = expressionAttribute(element, 'Condition');
  switch (element.name) {
    case 'Loop':
      return { kind: 'loop', place, condition, body: parseStatements(childrenOf(element, STATEMENTS, ['Condition'])) };
    case 'Exec':
      checkAttributes(element, ['Condition']);
      return { kind: 'exec', place, condition, expression: textOf(element) };
    case 'Break':
      checkAttributes(element, ['Condition']);
      withoutChildren(element);
      return { kind: 'break', place, condition };
    default: {
      checkAttributes(element, ['Condition', 'Name']);
      withoutChildren(element);
      const name = attribute(element, 'Name');
      return { kind: 'item', place, condition, name: name && parseDisplayText(name), ...parseShown(element.text) };
    }
  }
}
