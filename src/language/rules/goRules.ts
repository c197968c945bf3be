/** Go's rules (the Go specification, "Constants", "Operators", "Conversions"). What would panic is not shown. */
import { type Type } from '../../debuginfo/model/model';
import { type CastStyle } from '../expression/ast';
import { type Range, typeError } from '../expression/diagnostics';
import { base, BOOL, INT, LONG } from '../typed/builtinTypes';
import { constant, convert } from '../typed/conversions';
import { type Typed } from '../typed/tree';
import { knownScalar, typeText } from '../typed/types';
import { type Literal } from './languageRules';
import { type Operand } from '../typed/operations';
import { shifted, StrictRules } from './strictRules';
import { fitted, isUntyped, UNTYPED_INTEGER } from './untyped';

const GO_INT = base('int', 8, 'signed');
const FLOAT64 = base('float64', 8, 'float');

const TYPES: ReadonlyMap<string, Type> = new Map<string, Type>([
  ...[8, 16, 32, 64].flatMap((bits): [string, Type][] => [
    [`int${bits}`, base(`int${bits}`, bits / 8, 'signed')],
    [`uint${bits}`, base(`uint${bits}`, bits / 8, 'unsigned')],
  ]),
  ['int', GO_INT],
  ['uint', base('uint', 8, 'unsigned')],
  ['uintptr', base('uintptr', 8, 'unsigned')],
  ['byte', base('uint8', 1, 'unsigned')],
  ['rune', base('int32', 4, 'signed')],
  ['float32', base('float32', 4, 'float')],
  ['float64', FLOAT64],
  ['bool', BOOL],
]);

export class GoRules extends StrictRules {
  protected readonly convertsConstants = true;
  protected readonly defaultFloat = FLOAT64;
  protected readonly truthOperators: ReadonlySet<string> = new Set();

  protected defaultType(): Type {
    return GO_INT;
  }

  protected conversion(text: string, type: Type): string {
    return `${typeText(type)}(${text})`;
  }

  /** Runes are constants without a type, too. */
  character({ value }: Literal<'character'>): Typed {
    return constant(UNTYPED_INTEGER, BigInt(value));
  }

  wellKnownType(name: string): Type | undefined {
    return TYPES.get(name);
  }

  through(): Typed | undefined {
    return undefined;
  }

  unary(operator: '-' | '+' | '!' | '~' | '^', operand: Operand, range: Range): Typed {
    if (operator === '!') {
      if (operand.scalar.kind !== 'boolean') throw typeError('`!` works on a `bool`; the complement is `^`', range);
      return { kind: 'unary', type: this.truthType, operation: 'isZero', operand: operand.node };
    }
    if (operator === '^') return this.complement(operand, '^', range);
    if (operator === '-') return this.negated(operand, range);
    if (operator === '+') return operand.node;
    throw typeError('the complement is `^`', range);
  }

  cast(operand: Operand, type: Type, _style: CastStyle, range: Range): Typed {
    const target = knownScalar(type);
    const [from, to] = [operand.scalar.kind, target.kind];
    if ((from === 'boolean') !== (to === 'boolean')) {
      throw typeError(`a \`${typeText(operand.node.type)}\` is no \`${typeText(type)}\``, range);
    }
    if (from === 'float' && to === 'pointer') throw typeError('a float is no address', range);
    if (from === 'pointer' && to === 'float') throw typeError('an address is no number', range);
    if (isUntyped(operand.node)) return fitted(operand.node, type, operand.range, true);
    return { kind: 'convert', type, operand: operand.node };
  }

  /** All bits are shifted out by a count that is the width or more; one below 0 panics. */
  protected shift(operator: '<<' | '>>', value: Typed, count: Typed): Typed {
    const { bits, signed } = knownScalar(value.type);
    const whole = convert(count, LONG);
    const isNegative = knownScalar(count.type).signed;
    const isSmall: Typed = {
      kind: 'binary',
      type: INT,
      operation: 'ltU',
      left: whole,
      right: constant(LONG, BigInt(bits)),
    };
    const last = constant(LONG, BigInt(bits - 1));
    const result: Typed =
      operator === '>>' && signed
        ? shifted(operator, value, {
            kind: 'conditional',
            type: LONG,
            condition: isSmall,
            then: whole,
            otherwise: last,
          })
        : {
            kind: 'conditional',
            type: value.type,
            condition: isSmall,
            then: shifted(operator, value, whole),
            otherwise: constant(value.type, 0n),
          };
    if (!isNegative) return result;
    const condition: Typed = { kind: 'binary', type: INT, operation: 'geS', left: whole, right: constant(LONG, 0n) };
    return {
      kind: 'checked',
      type: value.type,
      condition,
      value: result,
      reason: '<not available: shifted by less than 0>',
    };
  }
}
