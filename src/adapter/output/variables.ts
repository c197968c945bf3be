/** Values' trees as DAP's variables: names, texts, types, what kind of part each is. */
import { type DebugProtocol } from '@vscode/debugprotocol';
import { printable, printableName } from '../../base/printable';
import { type LabelledNode, type UnfoldedMessage } from '../../language/compileProbe';
import { typeText } from '../../language/typed/types';
import { leaf, type ValueNode } from '../../language/value/node';
import { nodeText } from '../../language/value/nodeText';

/** Texts have their characters as parts: they read better whole. */
export function isUnfoldable({ text, children }: ValueNode): boolean {
  return children.count > 0 && !(text !== undefined && children.kind === 'indexed');
}

export function toVariable(
  { label, node }: LabelledNode,
  reference: number,
  showType: boolean,
): DebugProtocol.Variable {
  const { children, type, role } = node;
  const hasElements = reference > 0 && children.kind === 'indexed';
  return {
    name: printableName(label),
    value: printable(nodeText(node)),
    ...(showType && type && { type: printableName(typeText(type)) }),
    variablesReference: reference,
    ...(reference > 0 && (hasElements ? { indexedVariables: children.known } : { namedVariables: shownCount(node) })),
    presentationHint: { kind: role === 'base' ? 'baseClass' : 'data', attributes: ['readOnly'] },
  };
}

/** A message of several values, as one variable that holds them. */
export function messageVariable({ text, values }: UnfoldedMessage, reference: number): DebugProtocol.Variable {
  return { name: 'message', value: text, variablesReference: reference, namedVariables: values.length };
}

/** The part of a list that is asked for, with indices; `count` 0: all from `start` on (DAP, `VariablesArguments`). */
export function partsOf<T>(list: readonly T[], start: number, count: number): (readonly [number, T])[] {
  return [...list.entries()].slice(start, count === 0 ? undefined : start + count);
}

interface Child extends LabelledNode {
  readonly index: number;
}

interface Asked {
  readonly filter: 'indexed' | 'named' | undefined;
  readonly start: number;
  readonly count: number;
}

/** The children that are asked for. What was not captured is the last one, where members are shown. */
export function childrenOf(node: ValueNode, { filter, start, count }: Asked): readonly Child[] {
  const { children } = node;
  if (filter !== undefined && (filter === 'indexed') !== (children.kind === 'indexed')) return [];
  const last = children.kind === 'indexed' && filter === 'indexed' ? children.known : shownCount(node);
  const end = count === 0 ? last : Math.min(last, start + count);
  const found: Child[] = [];
  for (let index = start; index < end; index++) {
    if (index === children.known) found.push({ index, label: '…', node: leaf(`${children.count - index} more`) });
    else found.push({ index, label: labelOf(node, index), node: children.at(index) });
  }
  return found;
}

/** Children that are known, and one for what is not. */
function shownCount({ children: { known, count } }: ValueNode): number {
  return known < count ? known + 1 : known;
}

function labelOf({ children }: ValueNode, index: number): string {
  if (children.kind === 'indexed') return `[${index}]`;
  if (children.kind === 'positional') return String(index);
  return children.at(index).name ?? '(anonymous)';
}
