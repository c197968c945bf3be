/** C's rules (C17 §6.3, §6.4.4, §6.5), which stand in for languages that have none of their own here. */
import { type Type } from '../../debuginfo/model/model';
import { type Range, syntaxError, typeError } from '../expression/diagnostics';
import {
  CHAR32,
  DOUBLE,
  FLOAT,
  INT,
  LONG,
  PREFIXED_CHARACTERS,
  UNSIGNED_INT,
  UNSIGNED_LONG,
} from '../typed/builtinTypes';
import { commonType, constant, convert, doubleBits, negation, promote, truth } from '../typed/conversions';
import { type Typed } from '../typed/tree';
import { knownScalar, scalarOf } from '../typed/types';
import { type LanguageRules, type Literal } from './languageRules';
import {
  COMPARISONS,
  isInteger,
  type NumericOperator,
  type Operand,
  operationFor,
  operationsOf,
} from '../typed/operations';

export class CRules implements LanguageRules {
  readonly truthType: Type = INT;
  readonly checksBounds = false;

  /** The first of C's types that holds the value (§6.4.4.1). */
  integer({ text, value, decimal, unsigned, long, suffix, range }: Literal<'integer'>): Typed {
    if (suffix !== undefined) throw syntaxError(`\`${text}\` is not a number`, range);
    return constant(integerType(value, { decimal, unsigned, long }), BigInt.asIntN(64, value));
  }

  float({ single, suffix, value, range }: Literal<'float'>): Typed {
    if (suffix !== undefined) throw syntaxError(`a number has no suffix \`${suffix}\` here`, range);
    return constant(single ? FLOAT : DOUBLE, doubleBits(value));
  }

  character({ value, prefix }: Literal<'character'>): Typed {
    const prefixed = PREFIXED_CHARACTERS.get(prefix);
    if (prefixed !== undefined) return constant(prefixed, BigInt(value));
    // C's characters are `int`s with the value of a `char` (§6.4.4.4).
    return value < 256 ? constant(INT, BigInt.asIntN(8, BigInt(value))) : constant(CHAR32, BigInt(value));
  }

  wellKnownType(): Type | undefined {
    return undefined;
  }

  operand(node: Typed): Typed {
    return node;
  }

  through(): Typed | undefined {
    return undefined;
  }

  truth({ node }: Operand): Typed {
    return truth(node);
  }

  unary(operator: '-' | '+' | '!' | '~' | '^', operand: Operand, range: Range): Typed {
    if (operator === '!') return { ...negation(operand.node), type: this.truthType };
    if (operand.scalar.kind === 'pointer') throw typeError('this operator does not work on pointers', operand.range);
    const node = promote(operand.node);
    if (operator === '+') return node;
    if (operator === '-')
      return { kind: 'unary', type: node.type, operation: isFloat(node) ? 'negF' : 'neg', operand: node };
    if (operator === '^') throw typeError('`^` stands between two values; the complement is `~`', range);
    if (isFloat(node)) throw typeError('`~` works on integers', operand.range);
    return { kind: 'unary', type: node.type, operation: 'not', operand: node };
  }

  binary(operator: NumericOperator, left: Operand, right: Operand, range: Range): Typed {
    if (operator === '<<' || operator === '>>') return shift(operator, left, right, range);
    const type = commonType(left.node, right.node);
    const operation = operationFor(operator, knownScalar(type));
    if (operation === undefined) throw typeError(`\`${operator}\` works on integers`, range);
    return {
      kind: 'binary',
      type: COMPARISONS.has(operator) ? this.truthType : type,
      operation,
      left: convert(promote(left.node), type),
      right: convert(promote(right.node), type),
    };
  }

  alternatives(then: Operand, otherwise: Operand, range: Range): readonly [Typed, Typed] {
    const sides = [then, otherwise];
    const pointer = sides.find(({ scalar }) => scalar.kind === 'pointer');
    if (pointer !== undefined && (isFloat(then.node) || isFloat(otherwise.node))) {
      throw typeError('the two sides of `:` have no common type', range);
    }
    const type = pointer?.node.type ?? commonType(then.node, otherwise.node);
    const side = ({ node, scalar }: Operand) => convert(scalar.kind === 'pointer' ? node : promote(node), type);
    return [side(then), side(otherwise)];
  }

  cast(...[operand, type, , range]: Parameters<LanguageRules['cast']>): Typed {
    const target = knownScalar(type);
    if (operand.scalar.kind === 'float' && target.kind === 'pointer') throw typeError('a float is no address', range);
    if (operand.scalar.kind === 'pointer' && target.kind === 'float') throw typeError('an address is no number', range);
    return { kind: 'convert', type, operand: operand.node };
  }

  settled(node: Typed): Typed {
    return node;
  }
}

function shift(operator: '<<' | '>>', left: Operand, right: Operand, range: Range): Typed {
  if (!isInteger(left.scalar) || !isInteger(right.scalar)) throw typeError(`\`${operator}\` works on integers`, range);
  const value = promote(left.node);
  const [onSigned, onUnsigned] = operationsOf(operator);
  const operation = knownScalar(value.type).signed ? onSigned : onUnsigned;
  return { kind: 'binary', type: value.type, operation, left: value, right: promote(right.node) };
}

function integerType(
  value: bigint,
  { decimal, unsigned, long }: Pick<Literal<'integer'>, 'decimal' | 'unsigned' | 'long'>,
): Type {
  if (!long) {
    if (!unsigned && value < 1n << 31n) return INT;
    if ((unsigned || !decimal) && value < 1n << 32n) return UNSIGNED_INT;
  }
  return unsigned || value >= 1n << 63n ? UNSIGNED_LONG : LONG;
}

function isFloat(node: Typed): boolean {
  return scalarOf(node.type)?.kind === 'float';
}
