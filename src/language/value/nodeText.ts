/**
 * A tree of nodes in one line, in gdb's notation: `{x = 1, name = 0x55… "text"}`, `{1, 2, 0 <repeats 30 times>}`. Never
 * more than is useful in a log line.
 */
import { type ValueNode } from './node';
import { MORE } from './snapshot';

/** Values inside each other. */
const MAX_DEPTH = 8;
/**
 * Values of all kinds in one value: a log line has room for fewer, and a structure that contains itself would have no
 * end of them.
 */
const MAX_VALUES = 10_000;
/** As many equal elements are repeated, more are counted: gdb's. */
const REPEATS = 10;

export function nodeText(node: ValueNode): string {
  return new Writer().text(node, 0);
}

class Writer {
  #valuesLeft = MAX_VALUES;

  text(node: ValueNode, depth: number): string {
    if (this.#valuesLeft-- <= 0) return MORE;
    if (node.text !== undefined) return node.text;
    const { children, variant } = node;
    const isPositional = children.kind === 'positional';
    if (variant !== undefined && children.count === 0) return variant;
    const parts = children.kind === 'indexed' ? this.#elements(node, depth) : this.#members(node, depth);
    return `${variant ?? ''}${isPositional ? `(${parts})` : `{${parts}}`}`;
  }

  #members({ children }: ValueNode, depth: number): string {
    const { count, known } = children;
    if (count > 0 && depth >= MAX_DEPTH) return MORE;
    const parts: string[] = [];
    let index = 0;
    for (; index < known && this.#valuesLeft > 0; index++) {
      const child = children.at(index);
      if (child.role !== 'detail') parts.push(this.#member(child, depth + 1));
    }
    if (index < count) parts.push(MORE);
    return parts.join(', ');
  }

  #member(node: ValueNode, depth: number): string {
    const value = this.text(node, depth);
    if (node.role === 'base') return `<${node.name ?? 'base'}> = ${value}`;
    return node.name === undefined ? value : `${node.name} = ${value}`;
  }

  #elements({ children }: ValueNode, depth: number): string {
    const { count, known } = children;
    if (count > 0 && depth >= MAX_DEPTH) return MORE;
    const runs: { text: string; count: number }[] = [];
    let index = 0;
    for (; index < known && this.#valuesLeft > 0; index++) {
      const text = this.text(children.at(index), depth + 1);
      const last = runs.at(-1);
      if (last?.text === text) last.count++;
      else runs.push({ text, count: 1 });
    }
    return `${runs.map(runText).join(', ')}${index < count ? MORE : ''}`;
  }
}

function runText({ text, count }: { text: string; count: number }): string {
  if (count > REPEATS) return `${text} <repeats ${count} times>`;
  return Array.from({ length: count }, () => text).join(', ');
}
