/**
 * A formatter's plan for one object: which of its texts holds, and its children. A container's line shows its elements;
 * its text is for where they unfold. Anything else is its text, if it has one.
 */
import { SidestepError } from '../../base/errors';
import { type Scope, type Variable } from '../../debuginfo/model/model';
import { shifted } from '../compile/storage';
import { typeError } from '../expression/diagnostics';
import {
  type DisplayString,
  type DisplayText,
  type Expand,
  type ExpandEntry,
  type FoundVisualizer,
  type Guard,
  type MatchedArgument,
  type ShownExpression,
  type StringView,
  type Views,
  type Visualizer,
} from '../natvis/ast';
import { type Place } from '../typed/tree';
import { pointerTo, unqualified } from '../typed/types';
import { type Children, lazy, leaf, NO_CHILDREN, type ValueNode } from '../value/node';
import { nodeText } from '../value/nodeText';
import { customListPlan } from './customList';
import { Environment, localStorage } from './environment';
import { Ended, type FrameReader, type Read } from './frames';
import { arrayPlan, indexListPlan, linkedListPlan, type ListPlanning, treePlan } from './lists';
import { childrenOf, type Choice, choose, framedNode, type Planning } from './planning';
import { formatOf, type ValueFormat } from './specifier';

/** Throws `syntax`, `type` or `unknown-name` where an expression of the formatter has no meaning for the type. */
export function formattedValue(
  planning: Planning,
  place: Place,
  found: FoundVisualizer,
  { style, view }: ValueFormat,
  depth: number,
): Read<ValueNode> {
  const { visualizer, templateArguments } = found;
  const self = selfVariable(planning, place, found);
  const known = templateArguments.map((each) => typed(each, planning.scope));
  const environment = new Environment(planning.scope, self, known, visualizer.intrinsics);
  return new VisualizerPlan(planning, environment, { style, view }, depth).whole(visualizer, place);
}

/** With its type by name, where debug information does not describe it as an argument: Go's. */
function typed(argument: MatchedArgument, scope: Scope): MatchedArgument {
  return argument.type === undefined ? { ...argument, type: scope.lookupType(argument.text) } : argument;
}

/** `this`: the object's address in a variable of the agent's, if it has one. */
function selfVariable({ out, compiler, variables }: Planning, place: Place, found: FoundVisualizer): Variable {
  const { type, offset } = found;
  const storage = compiler.storage(place);
  if (storage.kind !== 'memory') return variables.pointerTo(type, shifted(storage, place.offset + offset));
  const local = out.local();
  out.emit(...compiler.address({ ...place, offset: place.offset + offset }), { op: 'set', local });
  return variables.variable('this', pointerTo(type), localStorage(local));
}

/** A value's text and children, before they become a node. */
interface Content {
  readonly text: string | undefined;
  readonly parts: readonly Part[];
}

/** What one entry of `Expand` adds: its children. */
interface Part {
  readonly isList: boolean;
  readonly children: Children;
}

class VisualizerPlan implements ListPlanning {
  constructor(
    readonly planning: Planning,
    readonly environment: Environment,
    /** Of the value: its notation is that of all in it that has none of its own. */
    readonly format: Pick<ValueFormat, 'style' | 'view'>,
    readonly depth: number,
  ) {}

  whole(visualizer: Visualizer, { type }: Place): Read<ValueNode> {
    const stand = this.#standIn(visualizer);
    const own = (): Read<ValueNode> => {
      const read = this.#content(visualizer.displayStrings, visualizer.stringViews, visualizer.expand);
      return (input) => nodeFrom(read(input), { type });
    };
    if (stand.length === 0) return own();
    const read = choose(this.planning, [...stand, { condition: undefined, plan: own }]);
    return (input) => read(input) ?? leaf('', { type });
  }

  /** What the formatter shows in the object's place: its most derived object, or what a smart pointer points to. */
  #standIn({ mostDerivedTypes, smartPointer, displayStrings }: Visualizer): Choice<ValueNode>[] {
    const choices = this.#guarded(
      mostDerivedTypes,
      ({ expression }) =>
        () =>
          this.#pointee(expression.text),
    );
    const isPointer = smartPointer !== undefined && this.#isInView(smartPointer.views) && displayStrings.length === 0;
    if (!isPointer) return choices;
    return [...choices, { condition: undefined, plan: () => this.#pointee(smartPointer.expression.text) }];
  }

  #pointee(text: string): Read<ValueNode> {
    const pointer = this.environment.pointer({ text, place: NOWHERE });
    const { type } = pointer;
    const bare = unqualified(type);
    if (bare.kind !== 'pointer') throw typeError('no pointer', { start: 0, end: 0 });
    const place: Place = {
      kind: 'place',
      type: this.environment.defined(bare.target),
      base: { kind: 'pointer', pointer },
      offset: 0,
    };
    return this.planning.value(place, { style: this.format.style }, this.depth + 1);
  }

  #content(
    displayStrings: readonly DisplayString[],
    stringViews: readonly StringView[],
    expand: Expand | undefined,
  ): Read<Content> {
    const text = this.#display(displayStrings, stringViews);
    const parts = (expand?.items ?? []).flatMap((entry) => this.#part(entry) ?? []);
    if (text === undefined && parts.length === 0) throw typeError('the formatter shows nothing of the type', NO_RANGE);
    return (input) => {
      const shown = text?.(input);
      return { text: shown, parts: parts.flatMap((read) => read(input) ?? []) };
    };
  }

  // ---- texts
  // ---------------------------------------------------------------------------------------------------------------

  #display(
    displayStrings: readonly DisplayString[],
    stringViews: readonly StringView[],
  ): Read<string | undefined> | undefined {
    const choices = this.#guarded(
      displayStrings,
      ({ text }) =>
        () =>
          this.text(text),
    );
    if (choices.length > 0) return choose(this.planning, choices);
    const views = this.#guarded(stringViews, (view) => () => {
      const read = this.shown(view);
      return (input: FrameReader) => nodeText(read(input));
    });
    return views.length > 0 ? choose(this.planning, views) : undefined;
  }

  text(text: DisplayText): Read<string> {
    const reads = text.map((part): Read<string> => {
      if (part.kind === 'text') return () => part.text;
      const read = this.shown(part);
      return (input) => nodeText(read(input));
    });
    return (input) => reads.map((read) => read(input)).join('');
  }

  shown(shown: ShownExpression, environment = this.environment): Read<ValueNode> {
    const node = environment.value(shown.expression);
    return this.planning.value(node, this.formatOf(shown, environment), this.depth + 1);
  }

  formatOf({ specifier }: ShownExpression, environment: Environment): ValueFormat {
    const own = formatOf(specifier, environment);
    const { style } = this.format;
    const isBare = own.style === 'string' && style === 'bare';
    return own.style === undefined || isBare ? { ...own, style } : own;
  }

  in(environment: Environment): ListPlanning {
    return new VisualizerPlan(this.planning, environment, this.format, this.depth);
  }

  // ---- children
  // -------------------------------------------------------------------------------------------------------------

  /** Undefined for an entry that has no meaning and may have none, or that the view does not show. */
  #part(entry: ExpandEntry): Read<Part | undefined> | undefined {
    const [choice] = this.#guarded([entry], () => () => this.#entry(entry));
    return choice && choose(this.planning, [choice]);
  }

  #entry(entry: ExpandEntry): Read<Part> {
    switch (entry.kind) {
      case 'item':
        return this.#item(entry.name, () => this.shown(entry));
      case 'synthetic':
        return this.#item(entry.name, () =>
          framedNode(this.planning, undefined, () => {
            const read = this.#content(entry.displayStrings, entry.stringViews, entry.expand);
            return (input) => nodeFrom(read(input), {});
          }),
        );
      case 'expandedItem': {
        const read = this.shown(entry);
        return (input) => partOf(read(input));
      }
      case 'arrayItems':
        return this.#list(() => arrayPlan(this, entry));
      case 'indexListItems':
        return this.#list(() => indexListPlan(this, entry));
      case 'linkedListItems':
        return this.#list(() => linkedListPlan(this, entry));
      case 'treeItems':
        return this.#list(() => treePlan(this, entry));
      case 'customListItems':
        return this.#list(() => customListPlan(this, entry));
    }
  }

  #item(name: DisplayText, plan: () => Read<ValueNode>): Read<Part> {
    const readName = this.text(name);
    const read = plan();
    return (input) => {
      const text = readName(input);
      const node: ValueNode = { ...read(input), name: text, role: 'member' };
      return { isList: false, children: childrenOf('named', [node], 1) };
    };
  }

  /** A list in a frame of its own, which is read when somebody looks into it. */
  #list(plan: () => Read<Children>): Read<Part> {
    const { out } = this.planning;
    const read = out.frame(plan);
    return (input) => {
      const frame = input.frame();
      return { isList: true, children: lazy(() => whatIsThere(read, frame)) };
    };
  }

  // ---- guards
  // --------------------------------------------------------------------------------------------------------------

  /** Choices for the elements that the view shows; optional ones only if they have a meaning. */
  #guarded<G extends Guard, T>(guards: readonly G[], plan: (guard: G) => () => Read<T>): Choice<T>[] {
    return guards.flatMap((guard) => {
      if (!this.#isInView(guard.views) || (guard.isOptional && !this.#isMeant(guard, plan(guard)))) return [];
      const { condition } = guard;
      const node = condition && this.environment.truth(condition);
      return [{ condition: node && (() => this.planning.compiler.value(node)), plan: plan(guard) }];
    });
  }

  #isMeant({ condition }: Guard, plan: () => unknown): boolean {
    try {
      if (condition !== undefined) this.environment.truth(condition);
      this.planning.out.rehearse(plan);
      return true;
    } catch (thrown) {
      if (thrown instanceof SidestepError) return false;
      throw thrown;
    }
  }

  #isInView({ included, excluded }: Views): boolean {
    const { view } = this.format;
    if (included.length > 0 && (view === undefined || !included.includes(view))) return false;
    return view === undefined || !excluded.includes(view);
  }
}

const NO_RANGE = { start: 0, end: 0 };
const NOWHERE = { file: '', line: 0, column: 0 };

function whatIsThere(read: Read<Children>, frame: FrameReader): Children {
  try {
    return read(frame);
  } catch (thrown) {
    if (thrown instanceof Ended) return childrenOf('indexed', [leaf(thrown.reason)], 1);
    throw thrown;
  }
}

/** The children of another value. */
function partOf(node: ValueNode): Part {
  const { children, text } = node;
  if (children.count === 0 && text !== undefined) {
    return { isList: false, children: childrenOf('named', [{ ...node, name: undefined }], 1) };
  }
  return { isList: children.kind === 'indexed' || node.summary !== undefined, children };
}

function nodeFrom({ text, parts }: Content, more: Partial<ValueNode>): ValueNode {
  const isList = parts.some((part) => part.isList);
  const children = parts.length === 0 ? NO_CHILDREN : lazy(() => joined(parts, isList));
  const node = { name: undefined, role: 'value', type: undefined, extent: undefined, ...more } as const;
  return isList ? { ...node, text: undefined, summary: text, children } : { ...node, text, children };
}

/** Beside elements, single items are details. */
function joined(parts: readonly Part[], isList: boolean): Children {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only.children;
  const nodes: ValueNode[] = [];
  let count = 0;
  for (const part of parts) {
    for (let index = 0; index < part.children.known; index++) {
      const node = part.children.at(index);
      nodes.push(isList && !part.isList ? { ...node, role: 'detail' } : node);
    }
    count += part.children.count;
  }
  return childrenOf('named', nodes, count);
}
