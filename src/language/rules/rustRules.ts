/** Rust's rules (the Rust Reference, "Operator expressions", "Literal expressions"). What would panic wraps. */
import { type Type } from '../../debuginfo/model/model';
import { type CastStyle } from '../expression/ast';
import { type Range, typeError } from '../expression/diagnostics';
import { base, BOOL, INT, LONG } from '../typed/builtinTypes';
import { constant, convert } from '../typed/conversions';
import { behindReferences, isSafePointer, sharedPointee } from './rustPointees';
import { type Typed } from '../typed/tree';
import { knownScalar, type Scalar, scalarOf, typeText, unqualified } from '../typed/types';
import { type Literal } from './languageRules';
import { type Operand } from '../typed/operations';
import { shifted, StrictRules } from './strictRules';

const CHAR = base('char', 4, 'unicode');
const U8 = base('u8', 1, 'unsigned');
const I32 = base('i32', 4, 'signed');
const I64 = base('i64', 8, 'signed');
const F64 = base('f64', 8, 'float');

const TYPES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ...[8, 16, 32, 64, 128].flatMap((bits): [string, Type][] => [
    [`i${bits}`, base(`i${bits}`, bits / 8, 'signed')],
    [`u${bits}`, base(`u${bits}`, bits / 8, 'unsigned')],
  ]),
  ['isize', base('isize', 8, 'signed')],
  ['usize', base('usize', 8, 'unsigned')],
  ['f32', base('f32', 4, 'float')],
  ['f64', F64],
  ['bool', BOOL],
  ['char', CHAR],
]);

export class RustRules extends StrictRules {
  protected readonly convertsConstants = false;
  protected readonly defaultFloat = F64;
  protected readonly truthOperators: ReadonlySet<string> = new Set(['&', '|', '^']);

  protected defaultType(value: bigint): Type {
    return BigInt.asIntN(32, value) === value ? I32 : I64;
  }

  protected conversion(text: string, type: Type): string {
    return `${text} as ${typeText(type)}`;
  }

  override integer(literal: Literal<'integer'>): Typed {
    // A zero before other digits says nothing here.
    const decimal = /^0[0-9_]*[1-9]/.exec(literal.text) === null ? undefined : /^[0-9_]+/.exec(literal.text)?.[0];
    return super.integer(decimal === undefined ? literal : { ...literal, value: BigInt(decimal.replaceAll('_', '')) });
  }

  character({ value, prefix }: Literal<'character'>): Typed {
    return constant(prefix === 'b' ? U8 : CHAR, BigInt(value));
  }

  wellKnownType(name: string): Type | undefined {
    return TYPES.get(name);
  }

  /** References and boxes of numbers are compared and computed with as the numbers. */
  override operand(node: Typed, range: Range): Typed {
    const type = unqualified(node.type);
    if (type.kind !== 'pointer' || !isSafePointer(type)) return node;
    const value = behindReferences(node);
    if (scalarOf(value.type) !== undefined) return value;
    const advice = 'Their addresses can be: `… as *const u8`.';
    throw typeError(`values of type \`${typeText(value.type)}\` are not compared or computed with`, range, advice);
  }

  through(node: Typed): Typed | undefined {
    return sharedPointee(node);
  }

  unary(operator: '-' | '+' | '!' | '~' | '^', operand: Operand, range: Range): Typed {
    if (operator === '!') {
      if (operand.scalar.kind !== 'boolean') return this.complement(operand, '!', range);
      return { kind: 'unary', type: this.truthType, operation: 'isZero', operand: operand.node };
    }
    if (operator !== '-') throw typeError(`there is no \`${operator}\` before an operand`, range);
    const { kind, signed } = operand.scalar;
    if (kind === 'integer' && !signed) {
      throw typeError(`\`-\` does not work on a \`${typeText(operand.node.type)}\``, range);
    }
    return this.negated(operand, range);
  }

  /** `as` (the Rust Reference, "Type cast expressions"); casts of C are the same. */
  cast(operand: Operand, type: Type, _style: CastStyle, range: Range): Typed {
    const target = knownScalar(type);
    if (target.kind === 'boolean' && operand.scalar.kind !== 'boolean') {
      throw typeError('a number is no `bool`', range, 'Write `… != 0`.');
    }
    if (operand.scalar.kind === 'float' && target.kind === 'pointer') throw typeError('a float is no address', range);
    if (operand.scalar.kind === 'pointer' && target.kind === 'float') throw typeError('an address is no number', range);
    const node = this.settled(operand.node, operand.range);
    return operand.scalar.kind === 'float' && target.kind === 'integer'
      ? saturated(node, type, target)
      : { kind: 'convert', type, operand: node };
  }

  /** A count that is too large panics, or is cut to the width of the value where checks are off. */
  protected shift(operator: '<<' | '>>', value: Typed, count: Typed): Typed {
    const mask = constant(count.type, BigInt(knownScalar(value.type).bits - 1));
    return shifted(operator, value, { kind: 'binary', type: count.type, operation: 'and', left: count, right: mask });
  }
}

/** A float as the nearest value of an integer type; NaN is 0. */
function saturated(node: Typed, type: Type, { bits, signed }: Scalar): Typed {
  if (bits === 64) return { kind: 'convert', type, operand: node };
  const whole = convert(node, LONG);
  const width = BigInt(bits);
  const lowest = constant(LONG, signed ? -(1n << (width - 1n)) : 0n);
  const highest = constant(LONG, (1n << (signed ? width - 1n : width)) - 1n);
  const isBelow: Typed = { kind: 'binary', type: INT, operation: 'ltS', left: whole, right: lowest };
  const isAbove: Typed = { kind: 'binary', type: INT, operation: 'gtS', left: whole, right: highest };
  const upper: Typed = { kind: 'conditional', type: LONG, condition: isAbove, then: highest, otherwise: whole };
  return convert({ kind: 'conditional', type: LONG, condition: isBelow, then: lowest, otherwise: upper }, type);
}
