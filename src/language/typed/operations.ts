/** The agent's operations by operator and kind of number, and what they work on. */
import { assertExists } from '../../base/assert';
import { type BinaryOperation } from '../../contract/agent/operations';
import { type BinaryOperator } from '../expression/ast';
import { type Range } from '../expression/diagnostics';
import { type Typed } from './tree';
import { type Scalar } from './types';

/** A value to compute with, and the characters that it is said with. */
export interface Operand {
  readonly node: Typed;
  readonly scalar: Scalar;
  readonly range: Range;
}

/** Operators that take numbers: the others decide what is evaluated, or take pointers. */
export type NumericOperator = Exclude<BinaryOperator, '&&' | '||' | '@'>;

/** By operator: the operation on signed integers, on unsigned ones, on floating-point numbers (undefined: none). */
// prettier-ignore
const OPERATIONS: Readonly<Record<string, readonly [BinaryOperation, BinaryOperation, BinaryOperation?]>> = {
  '*': ['mul', 'mul', 'mulF'], '/': ['divS', 'divU', 'divF'], '%': ['remS', 'remU'], '+': ['add', 'add', 'addF'], '-': ['sub', 'sub', 'subF'],
  '<<': ['shl', 'shl'], '>>': ['shrS', 'shrU'], '&': ['and', 'and'], '^': ['xor', 'xor'], '|': ['or', 'or'],
  '==': ['eq', 'eq', 'eqF'], '!=': ['ne', 'ne', 'neF'], '<': ['ltS', 'ltU', 'ltF'], '>': ['gtS', 'gtU', 'gtF'],
  '<=': ['leS', 'leU', 'leF'], '>=': ['geS', 'geU', 'geF'],
};

export function operationsOf(operator: string): readonly [BinaryOperation, BinaryOperation, BinaryOperation?] {
  return assertExists(OPERATIONS[operator], `operation ${operator}`);
}

export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=']);

/** The operation on numbers of one kind; undefined where there is none. */
export function operationFor(operator: NumericOperator, { kind, signed }: Scalar): BinaryOperation | undefined {
  const [onSigned, onUnsigned, onFloat] = operationsOf(operator);
  if (kind === 'float') return onFloat;
  return signed ? onSigned : onUnsigned;
}

export function isInteger(scalar: Scalar): boolean {
  return scalar.kind === 'integer' || scalar.kind === 'boolean';
}
