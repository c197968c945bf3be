/** What all parts of a plan are made with, and the steps that they share. */
import { type AgentOperation } from '../../contract/agent/operations';
import { type Scope, type Type, type Variable } from '../../debuginfo/model/model';
import { type ValueCompiler } from '../compile/value';
import { type Visualizers } from '../natvis/ast';
import { type Typed } from '../typed/tree';
import { scalarOf } from '../typed/types';
import { type Children, leaf, type ValueNode } from '../value/node';
import { MORE } from '../value/snapshot';
import { type Emitter } from './emitter';
import { type FormatterVariables, localStorage } from './environment';
import { Ended, type FrameReader, type Read } from './frames';
import { type ValueFormat } from './specifier';

export interface Planning {
  readonly out: Emitter;
  readonly compiler: ValueCompiler;
  readonly variables: FormatterVariables;
  readonly visualizers: Visualizers;
  /** Of the site. */
  readonly scope: Scope;
  /** A value in a frame of its own. `depth`: formatted values around it. */
  value(node: Typed, format: ValueFormat, depth: number): Read<ValueNode>;
  /** Elements side by side from a pointer on, as many as the integer says. */
  elements(pointer: Typed, count: Typed, format: ValueFormat, depth: number): Read<Children>;
}

/** Elements of one list: as many as gdb shows of one on its own, and fewer the deeper it lies. */
const MAX_ELEMENTS = [200, 50, 20, 10];

export function maxElements(depth: number): number {
  return MAX_ELEMENTS[Math.min(depth, MAX_ELEMENTS.length - 1)] ?? 0;
}

/** Keeps a scalar's value in a variable of the agent's. */
export function keep({ out, compiler, variables }: Planning, name: string, node: Typed): Variable & { local: number } {
  const operations = [...compiler.value(node)];
  const scalar = scalarOf(node.type);
  if (scalar?.kind === 'float' && scalar.bits === 32) operations.push({ op: 'doubleToSingle' });
  const local = out.local();
  out.emit(...operations, { op: 'set', local });
  return { ...variables.variable(name, node.type, localStorage(local)), local };
}

/** What `work` plans, in a frame; what ends there too soon is made a value by `ended`. */
export function framed<T>({ out }: Planning, work: () => Read<T>, ended: (reason: string) => T): Read<T> {
  const read = out.frame(work);
  return (input) => {
    const inner = input.frame();
    try {
      return read(inner);
    } catch (thrown) {
      if (thrown instanceof Ended) return ended(thrown.reason);
      throw thrown;
    }
  };
}

/** A value in a frame, or why it is not there. */
export function framedNode(planning: Planning, type: Type | undefined, work: () => Read<ValueNode>): Read<ValueNode> {
  return framed(planning, work, (reason) => leaf(reason, { type }));
}

export interface Choice<T> {
  /** Leaves the condition; undefined: it always holds. */
  readonly condition: (() => readonly AgentOperation[]) | undefined;
  readonly plan: () => Read<T>;
}

/** The first whose condition holds; the agent captures which it is. Undefined if it is none. */
export function choose<T>({ out }: Planning, choices: readonly Choice<T>[]): Read<T | undefined> {
  const [only] = choices;
  if (only !== undefined && only.condition === undefined) return only.plan();
  const reads: Read<T>[] = [];
  const from = (index: number): void => {
    const choice = choices[index];
    const chosen = () => {
      out.emit({ op: 'const', value: BigInt(index) }, { op: 'capture', size: 1 });
      if (choice !== undefined) reads[index] = out.scoped(choice.plan);
    };
    if (choice?.condition === undefined) {
      chosen();
      return;
    }
    out.when(choice.condition(), () => {
      chosen();
      out.emit({ op: 'else' });
      from(index + 1);
    });
  };
  from(0);
  return (input) => reads[Number(input.integer(1, false))]?.(input);
}

/** All that are left in a frame, one after the other, then why there are no more. `one` skips what is undefined. */
export function readAll(
  input: FrameReader,
  one: Read<ValueNode | undefined>,
): { nodes: ValueNode[]; skipped: number; isCut: boolean; isFailed: boolean } {
  const nodes: ValueNode[] = [];
  let skipped = 0;
  let { isCut } = input;
  let reason = input.isCut ? input.reason : MORE;
  try {
    while (!input.isAtEnd) {
      const node = one(input);
      if (node === undefined) skipped++;
      else nodes.push(node);
    }
  } catch (thrown) {
    if (!(thrown instanceof Ended)) throw thrown;
    isCut = true;
    ({ reason } = thrown);
  }
  const isFailed = reason !== MORE;
  if (isFailed) nodes.push(leaf(reason, { role: 'element' }));
  return { nodes, skipped, isCut: isCut && !isFailed, isFailed };
}

/** Children that are known, and whether there are more. */
export function childrenOf(kind: Children['kind'], nodes: readonly ValueNode[], count: number): Children {
  return {
    kind,
    count: Math.max(count, nodes.length),
    known: nodes.length,
    at: (index) => nodes[index] ?? leaf(MORE),
  };
}
