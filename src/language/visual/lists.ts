/**
 * Formatters' lists: elements side by side, by number, along a chain, in a tree. Each is one bounded loop of the
 * agent's (a tree two), which captures an element's frame in each pass; the frames are read until the list's own ends.
 */
import { SidestepError } from '../../base/errors';
import { type AgentOperation } from '../../contract/agent/operations';
import { typeError } from '../expression/diagnostics';
import {
  type ArrayItems,
  type DisplayText,
  type IndexListItems,
  type LinkedListItems,
  type NatvisExpression,
  type NodeValue,
  type ShownExpression,
  type Sizes,
  type TreeItems,
} from '../natvis/ast';
import { LONG } from '../typed/builtinTypes';
import { convert, constant } from '../typed/conversions';
import { type Typed } from '../typed/tree';
import { type Children, leaf, type ValueNode } from '../value/node';
import { MORE } from '../value/snapshot';
import { type Environment, localStorage } from './environment';
import { type Read } from './frames';
import { type ValueFormat } from './specifier';
import { childrenOf, choose, framed, keep, maxElements, type Planning, readAll } from './planning';

/** What plans of lists ask their formatter's plan for. */
export interface ListPlanning {
  readonly planning: Planning;
  readonly environment: Environment;
  readonly depth: number;
  text(text: DisplayText): Read<string>;
  shown(shown: ShownExpression, environment?: Environment): Read<ValueNode>;
  /** How it is to be shown: as it says itself, or as the value that it is a part of. */
  formatOf(shown: ShownExpression, environment: Environment): ValueFormat;
  /** The same for other names. */
  in(environment: Environment): ListPlanning;
}

/** Nodes on a way from a tree's root to a leaf; more than these is no tree. */
const MAX_TREE_DEPTH = 128;

// ---- elements side by side, and by number
// ---------------------------------------------------------------------------------------------

export function arrayPlan(list: ListPlanning, items: ArrayItems): Read<Children> {
  const { planning, environment, depth } = list;
  if (items.rank !== undefined || items.direction === 'backward') throw unsupported('arrays of several dimensions');
  const size = sizeOf(items.sizes, environment);
  if (size === undefined) throw unsupported('an array without a size');
  const read = choose(
    planning,
    items.valuePointers.map(({ condition, value }) => ({
      condition: condition && truthOf(planning, environment, condition),
      plan: () => planning.elements(environment.pointer(value.expression), size, elementFormat(list, value), depth),
    })),
  );
  return (input) => read(input) ?? childrenOf('indexed', [], 0);
}

/** A specifier of the pointer is one of its elements; how many there are, the list says. */
function elementFormat(list: ListPlanning, value: ShownExpression): ValueFormat {
  return { ...list.formatOf(value, list.environment), count: undefined };
}

export function indexListPlan(list: ListPlanning, items: IndexListItems): Read<Children> {
  const { planning, environment, depth } = list;
  const { out } = planning;
  const size = sizeOf(items.sizes, environment);
  if (size === undefined) throw unsupported('a list by index without a size');
  const count = keep(planning, 'count', size);
  out.emit({ op: 'get', local: count.local }, { op: 'capture', size: 8 });
  const local = out.local();
  out.emit({ op: 'const', value: 0n }, { op: 'set', local });
  const indexed = environment.with(planning.variables.variable('$i', LONG, localStorage(local)));
  const read = out.loop(maxElements(depth), () => {
    out.emit({ op: 'get', local }, { op: 'get', local: count.local }, { op: 'geS' }, { op: 'leave' });
    const one = framed(
      planning,
      () =>
        choose(
          planning,
          items.valueNodes.map(({ condition, value }) => ({
            condition: condition && truthOf(planning, indexed, condition),
            plan: () => list.shown(value, indexed),
          })),
        ),
      (reason) => leaf(reason),
    );
    out.emit(...increment(local));
    return one;
  });
  return counted((input) => read(input) ?? leaf(MORE));
}

// ---- chains and trees
// -----------------------------------------------------------------------------------------------------

export function linkedListPlan(list: ListPlanning, items: LinkedListItems): Read<Children> {
  const { planning, environment, depth } = list;
  const { out } = planning;
  const head = environment.pointer(items.headPointer);
  const size = sizeOf(items.sizes, environment);
  const node = keep(planning, 'this', head);
  const first = out.local();
  out.emit({ op: 'get', local: node.local }, { op: 'set', local: first });
  const left = size && limited(planning, size);
  const inNode = list.in(environment.of(node));
  const read = out.loop(maxElements(depth), () => {
    left?.leave();
    out.emit({ op: 'get', local: node.local }, { op: 'isZero' }, { op: 'leave' });
    const one = nodeValue(inNode, items.valueNode);
    out.emit(...planning.compiler.value(inNode.environment.pointer(items.nextPointer)), {
      op: 'set',
      local: node.local,
    });
    // A chain without a size ends at a null pointer, or where it comes back to its beginning.
    if (size === undefined) {
      out.emit({ op: 'get', local: node.local }, { op: 'get', local: first }, { op: 'eq' }, { op: 'leave' });
    }
    return one;
  });
  return left ? counted(read) : uncounted(read);
}

export function treePlan(list: ListPlanning, items: TreeItems): Read<Children> {
  const { planning, environment, depth } = list;
  const { out, compiler } = planning;
  const size = sizeOf(items.sizes, environment);
  const node = keep(planning, 'this', environment.pointer(items.headPointer));
  const left = size && limited(planning, size);
  const { condition, ...value } = items.valueNode;
  const inNode = list.in(environment.of(node));
  const isThere = condition && inNode.environment.truth(condition);
  const saved = out.local();
  out.emit({ op: 'saved' }, { op: 'set', local: saved });
  const follow = (to: NatvisExpression): readonly AgentOperation[] => [
    ...compiler.value(inNode.environment.pointer(to)),
    { op: 'set', local: node.local },
  ];
  const read = out.loop(maxElements(depth), () => {
    left?.leave();
    out.loop(MAX_TREE_DEPTH, () => {
      out.emit({ op: 'get', local: node.local }, { op: 'isZero' }, { op: 'leave' });
      if (isThere) out.emit(...compiler.value(isThere), { op: 'isZero' }, { op: 'leave' });
      out.emit({ op: 'get', local: node.local }, { op: 'save' }, ...follow(items.leftPointer));
    });
    out.emit({ op: 'saved' }, { op: 'get', local: saved }, { op: 'leU' }, { op: 'leave' });
    out.emit({ op: 'restore' }, { op: 'set', local: node.local });
    const one = nodeValue(inNode, { ...value, condition: undefined });
    out.emit(...follow(items.rightPointer));
    return one;
  });
  return left ? counted(read) : uncounted(read);
}

/** A node's value in a frame; none where the node has none. */
function nodeValue(list: ListPlanning, { name, condition, ...shown }: NodeValue): Read<ValueNode | undefined> {
  const { planning, environment } = list;
  return framed<ValueNode | undefined>(
    planning,
    () => {
      const plan = () => namedValue(list, name, shown);
      return choose(planning, [{ condition: condition && truthOf(planning, environment, condition), plan }]);
    },
    (reason) => leaf(reason, { role: 'element' }),
  );
}

/** An element, with the name that its list gives it. */
export function namedValue(list: ListPlanning, name: DisplayText | undefined, shown: ShownExpression): Read<ValueNode> {
  const readName = name && list.text(name);
  const read = list.shown(shown);
  return (input) => {
    const text = readName?.(input);
    return { ...read(input), name: text, role: 'element' };
  };
}

// ---- sizes
// ----------------------------------------------------------------------------------------------------------------

/** The size as a `long`; undefined where nothing tells. */
export function sizeOf(sizes: Sizes, environment: Environment): Typed | undefined {
  let size: Typed | undefined;
  for (const { condition, expression, isOptional } of [...sizes].reverse()) {
    try {
      const then = environment.integer(expression);
      const isMeant = condition && environment.truth(condition);
      const otherwise = size ?? constant(LONG, 0n);
      size = isMeant ? { kind: 'conditional', type: LONG, condition: isMeant, then, otherwise } : then;
    } catch (thrown) {
      if (!isOptional || !(thrown instanceof SidestepError)) throw thrown;
    }
  }
  return size;
}

/** Captures the size; `leave` ends a loop after as many passes. */
function limited(planning: Planning, size: Typed): { leave: () => void } {
  const { out } = planning;
  const { local } = keep(planning, 'count', convert(size, LONG));
  out.emit({ op: 'get', local }, { op: 'capture', size: 8 });
  return {
    leave: () => {
      out.emit({ op: 'get', local }, { op: 'const', value: 0n }, { op: 'leS' }, { op: 'leave' });
      out.emit({ op: 'get', local }, { op: 'const', value: 1n }, { op: 'sub' }, { op: 'set', local });
    },
  };
}

/** A list that captured its size first. */
export function counted(one: Read<ValueNode | undefined>): Read<Children> {
  return (input) => {
    const size = Number(input.integer(8, true));
    if (size < 0) return childrenOf('indexed', [leaf(`<not available: its size is ${size}>`)], 1);
    const { nodes, skipped, isFailed } = readAll(input, one);
    return childrenOf(kindOf(nodes), nodes, isFailed ? nodes.length : size - skipped);
  };
}

/** One that ends where it ends. */
export function uncounted(one: Read<ValueNode | undefined>): Read<Children> {
  return (input) => {
    const { nodes, isCut } = readAll(input, one);
    return childrenOf(kindOf(nodes), nodes, nodes.length + (isCut ? 1 : 0));
  };
}

function kindOf(nodes: readonly ValueNode[]): Children['kind'] {
  return nodes.some(({ name }) => name !== undefined) ? 'named' : 'indexed';
}

export function truthOf(
  { compiler }: Planning,
  environment: Environment,
  condition: NatvisExpression,
): () => readonly AgentOperation[] {
  const node = environment.truth(condition);
  return () => compiler.value(node);
}

function increment(local: number): AgentOperation[] {
  return [{ op: 'get', local }, { op: 'const', value: 1n }, { op: 'add' }, { op: 'set', local }];
}

function unsupported(what: string): Error {
  return typeError(`formatters can't show ${what} yet`, { start: 0, end: 0 });
}
