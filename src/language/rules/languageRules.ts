/**
 * What differs from language to language once an expression's names are settled: the types of literals, in which type
 * two numbers meet, what is true, what a conversion does. One object for each language: {@link rulesOf}.
 */
import { type Scope, type Type } from '../../debuginfo/model/model';
import { type CastStyle, type Expression } from '../expression/ast';
import { type Range } from '../expression/diagnostics';
import { type NumericOperator, type Operand } from '../typed/operations';
import { type Typed } from '../typed/tree';

export type Literal<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** All that refuse throw `type`, with the range of what they refuse. */
export interface LanguageRules {
  integer(literal: Literal<'integer'>): Typed;
  float(literal: Literal<'float'>): Typed;
  character(literal: Literal<'character'>): Typed;
  /** What comparisons, `!`, `&&` and `||` are of. */
  readonly truthType: Type;
  /** A type that the language itself names, and whose size is not C's. */
  wellKnownType(name: string): Type | undefined;
  /** The value that an operator works on, where that is not the value itself: what a reference refers to. */
  operand(node: Typed, range: Range): Typed;
  /** What goes on with the members of a value that has none of a name: undefined ends the search. */
  through(node: Typed, scope: Scope): Typed | undefined;
  /** Whether an index is checked against the length, as the program itself would do it. */
  readonly checksBounds: boolean;
  /** The operand of a condition as an integer that is 0 or not. */
  truth(operand: Operand): Typed;
  /** `-x`, `+x`, `!x`, `~x`, `^x`. */
  unary(operator: '-' | '+' | '!' | '~' | '^', operand: Operand, range: Range): Typed;
  binary(operator: NumericOperator, left: Operand, right: Operand, range: Range): Typed;
  /** The two sides of `?:` in one type; at most one is a pointer. */
  alternatives(then: Operand, otherwise: Operand, range: Range): readonly [Typed, Typed];
  cast(operand: Operand, type: Type, style: CastStyle, range: Range, scope: Scope): Typed;
  /** A constant that has no type of its own yet gets one; others stay as they are. */
  settled(node: Typed, range: Range): Typed;
}
