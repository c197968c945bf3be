/**
 * What unfolds in the Debug Console: the values of the last messages, as DAP's variables. A message has a reference if
 * one of its values has parts; its parts get theirs when somebody looks at them. Editors never say that they are done
 * with a reference, so the oldest messages give way to new ones.
 */
import { type DebugProtocol } from '@vscode/debugprotocol';
import { SidestepError } from '../../base/errors';
import { type LabelledNode, type UnfoldedMessage } from '../../language/compileProbe';
import { type ValueNode } from '../../language/value/node';
import { childrenOf, isUnfoldable, messageVariable, partsOf, toVariable } from './variables';

/** As many lines as people scroll back through; and of what their values were captured, and looked at, at most this. */
const MAX_MESSAGES = 1000;
const MAX_REFERENCES = 100_000;

/** What a reference leads to. */
type Target =
  /** The message as the one thing that the console shows: editors drop the text of those that have several. */
  | { readonly kind: 'message'; readonly message: UnfoldedMessage }
  | { readonly kind: 'values'; readonly values: readonly LabelledNode[] }
  | { readonly kind: 'parts'; readonly node: ValueNode };

interface Kept {
  readonly target: Target;
  /** References to what it unfolds into, by index: the same for each look. */
  readonly inner: Map<number, number>;
}

export class MessageValues {
  readonly #showTypes: boolean;
  readonly #kept = new Map<number, Kept>();
  /** References by message, oldest first. */
  readonly #messages: number[][] = [];
  readonly #owners = new Map<number, number[]>();
  #last = 0;

  /** `showTypes`: whether variables say their types. */
  constructor(showTypes: boolean) {
    this.#showTypes = showTypes;
  }

  /** Keeps what a message unfolds into; undefined where nothing of it unfolds. */
  keep(message: UnfoldedMessage): number | undefined {
    if (!message.values.some(({ node }) => isUnfoldable(node))) return undefined;
    const references: number[] = [];
    this.#messages.push(references);
    while (this.#messages.length > MAX_MESSAGES) this.#dropOldest();
    return this.#add({ kind: 'message', message }, references);
  }

  /** Throws `bad-request` for a reference that leads to nothing, or no longer. */
  variables({ variablesReference, filter, start = 0, count = 0 }: DebugProtocol.VariablesArguments) {
    const kept = this.#kept.get(variablesReference);
    const owner = this.#owners.get(variablesReference);
    if (!kept || !owner) throw notKept(variablesReference);
    const { target, inner } = kept;
    const refer = (index: number, to: Target): number => {
      const known = inner.get(index);
      if (known !== undefined && this.#kept.has(known)) return known;
      const reference = this.#add(to, owner);
      inner.set(index, reference);
      return reference;
    };
    const toParts = (node: ValueNode, index: number): number =>
      isUnfoldable(node) ? refer(index, { kind: 'parts', node }) : 0;
    switch (target.kind) {
      case 'message': {
        const { message } = target;
        const [only, ...others] = message.values.filter(({ node }) => isUnfoldable(node));
        if (only && others.length === 0) return [this.#variable(only, toParts(only.node, 0))];
        return [messageVariable(message, refer(0, { kind: 'values', values: message.values }))];
      }
      case 'values':
        if (filter === 'indexed') return [];
        return partsOf(target.values, start, count).map(([index, value]) =>
          this.#variable(value, toParts(value.node, index)),
        );
      case 'parts':
        return childrenOf(target.node, { filter, start, count }).map(({ index, label, node }) =>
          this.#variable({ label, node }, toParts(node, index)),
        );
    }
  }

  #variable(value: LabelledNode, reference: number): DebugProtocol.Variable {
    return toVariable(value, reference, this.#showTypes);
  }

  #add(target: Target, owner: number[]): number {
    const reference = ++this.#last;
    this.#kept.set(reference, { target, inner: new Map() });
    this.#owners.set(reference, owner);
    owner.push(reference);
    while (this.#kept.size > MAX_REFERENCES && this.#messages.length > 1) this.#dropOldest();
    return reference;
  }

  #dropOldest(): void {
    for (const reference of this.#messages.shift() ?? []) {
      this.#kept.delete(reference);
      this.#owners.delete(reference);
    }
  }
}

function notKept(reference: number): SidestepError {
  return new SidestepError('bad-request', `nothing is kept under the reference ${reference}`, {
    advice: `Only the last ${MAX_MESSAGES} messages can be unfolded.`,
  });
}
