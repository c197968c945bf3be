/**
 * A value as a tree: what a message writes in one line, and what unfolds where there is room. Nodes are lazy: children
 * are made when they are asked for, so a tree costs what is looked at. Whoever makes nodes decides what a value's
 * children are: members and elements as the type has them ({@link nodeOf} in `typeNodes`), or what a formatter makes of
 * them.
 */
import { type Type } from '../../debuginfo/model/model';

export interface ValueNode {
  /** A member's or a base class's; undefined for whole values, elements and members without a name. */
  readonly name: string | undefined;
  /** What the node is to the one that it is a child of. A `detail` is for where there is room: no line has it. */
  readonly role: 'value' | 'member' | 'base' | 'element' | 'detail';
  /** Undefined for what the program has no type for. */
  readonly type: Type | undefined;
  /** Where its bytes are; undefined for what has no bytes of its own. */
  readonly extent: Extent | undefined;
  /**
   * The value in one piece: a number, a text in quotes, or why it is not there. A text may have children, too: its
   * characters. Undefined where the children are all there is.
   */
  readonly text: string | undefined;
  /** What a formatter says of a value whose children are all there is: for where these unfold. */
  readonly summary?: string | undefined;
  /** Of the variants that its type may have, the name of the one that it has. */
  readonly variant?: string;
  readonly children: Children;
}

/** Bytes of a value, counted from the start of the tree's root. In memory, the root's address added is theirs. */
export interface Extent {
  readonly offset: number;
  /** Undefined where the type has no size. */
  readonly byteSize: number | undefined;
  /** A bit-field's bits, counted from `offset`. */
  readonly bits?: { readonly offset: number; readonly size: number };
}

export interface Children {
  /** Named ones are members; indexed ones are elements, in order; positional ones are members that have no names. */
  readonly kind: 'named' | 'indexed' | 'positional';
  /** How many there are. */
  readonly count: number;
  /** How many of these, from the first on, are known: the bytes of the others were not captured. */
  readonly known: number;
  /** `index`: from 0, below `known`. */
  at(index: number): ValueNode;
}

export const NO_CHILDREN: Children = {
  kind: 'named',
  count: 0,
  known: 0,
  at: (index) => {
    throw new Error(`internal error: no child ${index}`);
  },
};

/** Children whose making waits until somebody asks: most structures of a large array are never looked into. */
export function lazy(make: () => Children): Children {
  let made: Children | undefined;
  const all = () => (made ??= make());
  return {
    get kind() {
      return all().kind;
    },
    get count() {
      return all().count;
    },
    get known() {
      return all().known;
    },
    at: (index) => all().at(index),
  };
}

/** A node that is its text alone. */
export function leaf(text: string, more: Partial<ValueNode> = {}): ValueNode {
  return { name: undefined, role: 'value', type: undefined, extent: undefined, children: NO_CHILDREN, ...more, text };
}
