/**
 * What an expression says, before anything is known about its names: one node per construct, each with its characters'
 * range.
 */
import { type Range } from './diagnostics';

export type UnaryOperator = '*' | '&' | '-' | '+' | '!' | '~';

// prettier-ignore
export type BinaryOperator =
  | '*' | '/' | '%' | '+' | '-' | '<<' | '>>' | '<' | '>' | '<=' | '>=' | '==' | '!=' | '&' | '^' | '|' | '&&' | '||';

/** A type as a cast or sizeof names it: `struct item *`, `unsigned long`, `ns::Vec<int> **`, `int [4]`. */
export interface TypeName {
  /** Without qualifiers, single spaces between words. */
  readonly name: string;
  /** How many `*` follow. */
  readonly pointers: number;
  /** `[n]` after that, outermost first. */
  readonly counts: readonly number[];
  readonly range: Range;
}

export type Expression =
  | { readonly kind: 'name'; readonly name: string; readonly range: Range }
  /** With its `$`. */
  | { readonly kind: 'register'; readonly name: string; readonly range: Range }
  | {
      readonly kind: 'integer';
      readonly value: bigint;
      readonly decimal: boolean;
      readonly unsigned: boolean;
      readonly long: boolean;
      readonly range: Range;
    }
  | { readonly kind: 'float'; readonly value: number; readonly single: boolean; readonly range: Range }
  | { readonly kind: 'character'; readonly value: number; readonly prefix: string; readonly range: Range }
  | { readonly kind: 'string'; readonly value: string; readonly range: Range }
  | {
      readonly kind: 'member';
      readonly object: Expression;
      readonly name: string;
      readonly nameRange: Range;
      readonly range: Range;
    }
  | { readonly kind: 'index'; readonly array: Expression; readonly index: Expression; readonly range: Range }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression; readonly range: Range }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly range: Range;
    }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly then: Expression;
      readonly otherwise: Expression;
      readonly range: Range;
    }
  | { readonly kind: 'cast'; readonly type: TypeName; readonly operand: Expression; readonly range: Range }
  | { readonly kind: 'sizeofType'; readonly type: TypeName; readonly range: Range }
  | { readonly kind: 'sizeofValue'; readonly operand: Expression; readonly range: Range };
