/**
 * What Rust and Go have in common, and C has not: both operands are of one type, nothing is promoted or narrowed
 * without a word, what is true is a `bool`, and integers wrap at their own width.
 */
import { type Scope, type Type } from '../../debuginfo/model/model';
import { type CastStyle } from '../expression/ast';
import { type Range, typeError } from '../expression/diagnostics';
import { BOOL } from '../typed/builtinTypes';
import { constant, convert, doubleBits } from '../typed/conversions';
import { type Typed } from '../typed/tree';
import { knownScalar, type Scalar, typeText } from '../typed/types';
import { type LanguageRules, type Literal } from './languageRules';
import { COMPARISONS, type NumericOperator, type Operand, operationFor, operationsOf } from '../typed/operations';
import { doubleOf, fitted, folded, isUntyped, UNTYPED_FLOAT, UNTYPED_INTEGER, untypedFloat } from './untyped';

export abstract class StrictRules implements LanguageRules {
  readonly truthType: Type = BOOL;
  readonly checksBounds = true;
  /** Go: a constant of an integer's value is a float where a float is needed, and the other way round. */
  protected abstract readonly convertsConstants: boolean;
  /** Of a constant that meets no value. */
  protected abstract defaultType(value: bigint): Type;
  protected abstract readonly defaultFloat: Type;
  /** Operators that take truths, beside `==` and `!=`. */
  protected abstract readonly truthOperators: ReadonlySet<string>;
  /** How a conversion is written, for advice. */
  protected abstract conversion(text: string, type: Type): string;

  abstract character(literal: Literal<'character'>): Typed;
  abstract wellKnownType(name: string): Type | undefined;
  abstract through(node: Typed, scope: Scope): Typed | undefined;
  abstract unary(operator: '-' | '+' | '!' | '~' | '^', operand: Operand, range: Range): Typed;
  abstract cast(operand: Operand, type: Type, style: CastStyle, range: Range, scope: Scope): Typed;
  protected abstract shift(operator: '<<' | '>>', value: Typed, count: Typed): Typed;

  integer({ value, suffix, range }: Literal<'integer'>): Typed {
    const literal = { kind: 'constant', type: UNTYPED_INTEGER, value } as const;
    const type = suffix === undefined ? undefined : this.wellKnownType(suffix);
    return type === undefined ? literal : fitted(literal, type, range, this.convertsConstants);
  }

  float({ value, suffix }: Literal<'float'>): Typed {
    const type = suffix === undefined ? undefined : this.wellKnownType(suffix);
    if (type === undefined) return untypedFloat(value);
    return constant(type, doubleBits(knownScalar(type).bits === 32 ? Math.fround(value) : value));
  }

  operand(...[node]: Parameters<LanguageRules['operand']>): Typed {
    return node;
  }

  truth({ node, scalar, range }: Operand): Typed {
    if (scalar.kind === 'boolean') return node;
    const advice = scalar.kind === 'pointer' ? undefined : 'Write `… != 0`.';
    throw typeError(`a condition is a \`bool\`, not a \`${this.#nameOf(node)}\``, range, advice);
  }

  binary(operator: NumericOperator, left: Operand, right: Operand, range: Range): Typed {
    if (operator === '<<' || operator === '>>') return this.#shift(operator, left, right, range);
    if (isUntyped(left.node) && isUntyped(right.node)) {
      const { truthType, convertsConstants: converts } = this;
      return folded(operator, left.node, right.node, { range, truthType, converts });
    }
    const [a, b] = this.#matched(left, right, operator, range);
    const scalar = knownScalar(a.type);
    const isComparison = COMPARISONS.has(operator);
    const allowsBool = operator === '==' || operator === '!=' || this.truthOperators.has(operator);
    if (scalar.kind === 'boolean' && !allowsBool) throw typeError(`\`${operator}\` does not work on \`bool\``, range);
    if (operator === '&^') {
      const complement: Typed = { kind: 'unary', type: a.type, operation: 'not', operand: b };
      return { kind: 'binary', type: a.type, operation: 'and', left: a, right: complement };
    }
    const operation = operationFor(operator, scalar);
    if (operation === undefined) throw typeError(`\`${operator}\` works on integers`, range);
    return { kind: 'binary', type: isComparison ? this.truthType : a.type, operation, left: a, right: b };
  }

  alternatives(then: Operand, otherwise: Operand, range: Range): readonly [Typed, Typed] {
    if (isUntyped(then.node) && isUntyped(otherwise.node)) {
      const isFloat = [then, otherwise].some(({ node }) => node.type === UNTYPED_FLOAT);
      const values = [then, otherwise].map(({ node }) => (node.kind === 'constant' ? node.value : 0n));
      const widest = values.reduce((a, b) => ((a < 0n ? -a : a) > (b < 0n ? -b : b) ? a : b));
      const type = isFloat ? this.defaultFloat : this.defaultType(widest);
      const side = ({ node, range: own }: Operand) =>
        isUntyped(node) ? fitted(node, type, own, this.convertsConstants) : node;
      return [side(then), side(otherwise)];
    }
    return this.#matched(then, otherwise, ':', range);
  }

  settled(node: Typed, range: Range): Typed {
    if (!isUntyped(node)) return node;
    const type = node.type === UNTYPED_FLOAT ? this.defaultFloat : this.defaultType(node.value);
    return fitted(node, type, range, false);
  }

  /** `-constant`, and other operators on a constant before it has a type. */
  protected negated(operand: Operand, range: Range): Typed {
    const { node } = operand;
    if (isUntyped(node)) {
      const isFloat = node.type === UNTYPED_FLOAT;
      return isFloat ? untypedFloat(-doubleOf(node.value)) : { ...node, value: -node.value };
    }
    if (operand.scalar.kind !== 'integer' && operand.scalar.kind !== 'float')
      throw typeError(`\`-\` does not work on a \`${this.#nameOf(node)}\``, range);
    const operation = operand.scalar.kind === 'float' ? 'negF' : 'neg';
    return { kind: 'unary', type: node.type, operation, operand: node };
  }

  protected complement({ node, scalar }: Operand, operator: string, range: Range): Typed {
    if (isUntyped(node) && node.type === UNTYPED_INTEGER) return { ...node, value: ~node.value };
    if (scalar.kind !== 'integer') throw typeError(`\`${operator}\` works on integers`, range);
    return { kind: 'unary', type: node.type, operation: 'not', operand: node };
  }

  /** The operands in one type. Throws `type` where they have two. */
  #matched(left: Operand, right: Operand, operator: string, range: Range): readonly [Typed, Typed] {
    const { convertsConstants } = this;
    if (isUntyped(left.node)) return [fitted(left.node, right.node.type, left.range, convertsConstants), right.node];
    if (isUntyped(right.node)) return [left.node, fitted(right.node, left.node.type, right.range, convertsConstants)];
    if (isAlike(left.scalar, right.scalar)) return [left.node, convert(right.node, left.node.type)];
    // A register has the bits, not the sign.
    if (isRegister(left.node) && right.scalar.bits === 64 && right.scalar.kind === 'integer')
      return [convert(left.node, right.node.type), right.node];
    if (isRegister(right.node) && left.scalar.bits === 64 && left.scalar.kind === 'integer')
      return [left.node, convert(right.node, left.node.type)];
    const [a, b] = [this.#nameOf(left.node), this.#nameOf(right.node)];
    const advice = `Convert one of them: \`${this.conversion('…', left.node.type)}\`.`;
    throw typeError(`\`${operator}\` can't mix \`${a}\` and \`${b}\``, range, advice);
  }

  #shift(operator: '<<' | '>>', left: Operand, right: Operand, range: Range): Typed {
    if (isUntyped(left.node) && isUntyped(right.node)) {
      const { truthType, convertsConstants: converts } = this;
      return folded(operator, left.node, right.node, { range, truthType, converts });
    }
    if (left.scalar.kind !== 'integer' || right.scalar.kind !== 'integer') {
      throw typeError(`\`${operator}\` works on integers`, range);
    }
    return this.shift(operator, this.settled(left.node, left.range), this.settled(right.node, right.range));
  }

  #nameOf(node: Typed): string {
    return typeText(node.type);
  }
}

/** Whether two numbers have the same values in the same bits: then they meet without a conversion. */
function isAlike(a: Scalar, b: Scalar): boolean {
  return a.kind === b.kind && a.bits === b.bits && a.signed === b.signed;
}

function isRegister(node: Typed): boolean {
  return node.kind === 'register' && knownScalar(node.type).bits === 64;
}

/** `value op count`, where the count may be of any integer type. */
export function shifted(operator: '<<' | '>>', value: Typed, count: Typed): Typed {
  const [onSigned, onUnsigned] = operationsOf(operator);
  const operation = knownScalar(value.type).signed ? onSigned : onUnsigned;
  return { kind: 'binary', type: value.type, operation, left: value, right: count };
}
