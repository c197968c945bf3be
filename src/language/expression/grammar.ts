/**
 * Where languages read the same characters as different trees: how tightly operators bind (C17 §6.5, the Rust Reference
 * on expression precedence, the Go specification on operators), and which there are before an operand.
 */
import { type SourceLanguage } from '../../debuginfo/model/model';
import { type BinaryOperator, type UnaryOperator } from './ast';

export interface Grammar {
  /** Higher binds tighter; all are left-associative. */
  readonly precedence: ReadonlyMap<string, number>;
  readonly unary: ReadonlySet<string>;
  /** Rust: `x as T`. */
  readonly hasAs: boolean;
  /** Go: `len(x)`, `cap(x)`, `i.(T)`. */
  readonly hasExtents: boolean;
  /** C++: `draw(int)` is one of several functions. */
  readonly hasOverloads: boolean;
}

/** Loosest first. `@` is where gdb has it. */
const C_LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['@'],
  ['+', '-'],
  ['*', '/', '%'],
];

const RUST_LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '>', '<=', '>='],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['@'],
  ['+', '-'],
  ['*', '/', '%'],
];

const GO_LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '>', '<=', '>='],
  ['@'],
  ['+', '-', '|', '^'],
  ['*', '/', '%', '<<', '>>', '&', '&^'],
];

const C: Grammar = {
  precedence: levels(C_LEVELS),
  unary: unary('*', '&', '-', '+', '!', '~'),
  hasAs: false,
  hasExtents: false,
  hasOverloads: true,
};
const RUST: Grammar = {
  precedence: levels(RUST_LEVELS),
  unary: unary('*', '&', '-', '!'),
  hasAs: true,
  hasExtents: false,
  hasOverloads: false,
};
const GO: Grammar = {
  precedence: levels(GO_LEVELS),
  unary: unary('*', '&', '-', '+', '!', '^'),
  hasAs: false,
  hasExtents: true,
  hasOverloads: false,
};

/** What any of the languages accepts: for texts whose program is not known yet. */
export const ANY_GRAMMAR: Grammar = {
  precedence: levels([['&^'], ...C_LEVELS]),
  unary: unary('*', '&', '-', '+', '!', '~', '^'),
  hasAs: true,
  hasExtents: true,
  hasOverloads: true,
};

export function grammarOf(language: SourceLanguage | undefined): Grammar {
  if (language === 'rust') return RUST;
  return language === 'go' ? GO : C;
}

function levels(operators: readonly (readonly BinaryOperator[])[]): ReadonlyMap<string, number> {
  return new Map(operators.flatMap((level, index) => level.map((operator) => [operator, index + 1] as const)));
}

function unary(...operators: readonly UnaryOperator[]): ReadonlySet<string> {
  return new Set(operators);
}
