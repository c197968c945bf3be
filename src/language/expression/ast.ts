/**
 * What an expression says, before anything is known about its names: one node per construct, each with its characters'
 * range.
 */
import { type Range } from './diagnostics';

/** `^` before an operand is Go's complement. */
export type UnaryOperator = '*' | '&' | '-' | '+' | '!' | '~' | '^';

/** `&^` is Go's "and not", `@` gdb's `first@count`. */
// prettier-ignore
export type BinaryOperator =
  | '*' | '/' | '%' | '+' | '-' | '<<' | '>>' | '<' | '>' | '<=' | '>=' | '==' | '!=' | '&' | '&^' | '^' | '|' | '&&' | '||' | '@';

/** How a conversion is written: `(T)x`, C++'s `static_cast<T>(x)` and the like, `T(x)`, Rust's `x as T`. */
export type CastStyle =
  'parentheses' | 'static_cast' | 'reinterpret_cast' | 'const_cast' | 'dynamic_cast' | 'function' | 'as';

/** A type as a cast or sizeof names it: `struct item *`, `unsigned long`, `ns::Vec<int> **`, `int [4]`. */
export interface TypeName {
  /** Without qualifiers, single spaces between words. */
  readonly name: string;
  /** How many `*` follow. */
  readonly pointers: number;
  /** `[n]` after that, outermost first. */
  readonly counts: readonly number[];
  /** C++: `&` or `&&` at its end. */
  readonly isReference?: boolean;
  readonly range: Range;
}

export type Expression =
  | { readonly kind: 'name'; readonly name: string; readonly range: Range }
  /** With its `$`. */
  | { readonly kind: 'register'; readonly name: string; readonly range: Range }
  | {
      readonly kind: 'integer';
      /** As it is written: languages read `017` differently. */
      readonly text: string;
      readonly value: bigint;
      readonly decimal: boolean;
      readonly unsigned: boolean;
      readonly long: boolean;
      /** Rust's type after the digits: `u8`. */
      readonly suffix: string | undefined;
      readonly range: Range;
    }
  | {
      readonly kind: 'float';
      readonly value: number;
      readonly single: boolean;
      readonly suffix: string | undefined;
      readonly range: Range;
    }
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
  /** Go's `s[1:3]`, Rust's `v[1..3]`; `end` is not included. */
  | {
      readonly kind: 'slice';
      readonly array: Expression;
      readonly start: Expression | undefined;
      readonly end: Expression | undefined;
      /** Rust's `..=`: `end` is included. */
      readonly isInclusive: boolean;
      readonly range: Range;
    }
  /** Go's `i.(T)`: the type as it is written. */
  | {
      readonly kind: 'assertion';
      readonly operand: Expression;
      readonly type: string;
      readonly typeRange: Range;
      readonly range: Range;
    }
  /** Go's `len(x)` and `cap(x)`, Rust's `x.len()`. */
  | {
      readonly kind: 'extent';
      readonly what: 'len' | 'cap';
      readonly operand: Expression;
      readonly range: Range;
    }
  /** One of several functions of a name, told apart by its parameters: `draw(int, char *)`. */
  | {
      readonly kind: 'overload';
      readonly name: string;
      readonly parameters: readonly TypeName[];
      readonly range: Range;
    }
  /** `$bt`, `$bt(8)`: the innermost frames. */
  | { readonly kind: 'backtrace'; readonly frames: number | undefined; readonly range: Range }
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
  | {
      readonly kind: 'cast';
      readonly style: CastStyle;
      readonly type: TypeName;
      readonly operand: Expression;
      readonly range: Range;
    }
  | { readonly kind: 'sizeofType'; readonly type: TypeName; readonly range: Range }
  | { readonly kind: 'sizeofValue'; readonly operand: Expression; readonly range: Range };
