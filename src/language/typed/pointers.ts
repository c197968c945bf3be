/** Pointers to places and back, and arithmetic on pointers (C17 §6.5.6, §6.5.8), which all languages here share. */
import { type Scope, type Type } from '../../debuginfo/model/model';
import { type Range, typeError } from '../expression/diagnostics';
import { INT, LONG, UNSIGNED_LONG } from './builtinTypes';
import { constant, convert, promote, referent } from './conversions';
import { definition } from './members';
import { COMPARISONS, isInteger, type NumericOperator, type Operand, operationsOf } from './operations';
import { sizeNode } from './sizes';
import { type Place, type Typed } from './tree';
import { typeText, unqualified } from './types';

/** What a pointer points to, as an object of `target`. */
export function dereference(pointer: Typed, target: Type): Place {
  return referent({ kind: 'place', type: target, base: { kind: 'pointer', pointer }, offset: 0 });
}

/** `*pointer`. Throws `type`. */
export function pointee(pointer: Typed, range: Range): Place {
  const type = unqualified(pointer.type);
  if (type.kind !== 'pointer')
    throw typeError(`\`*\` does not work on a value of type \`${typeText(pointer.type)}\``, range);
  if (unqualified(type.target).kind === 'void') {
    throw typeError("a `void *` can't be dereferenced", range, 'Cast it first: `*(int *)p`.');
  }
  return dereference(pointer, type.target);
}

/** Arithmetic and comparison where one of the operands is a pointer; `void` counts as one byte, as in GNU C. */
export function onPointers(
  operator: NumericOperator,
  left: Operand,
  right: Operand,
  { range, scope, truthType }: { readonly range: Range; readonly scope: Scope; readonly truthType: Type },
): Typed {
  if (left.scalar.kind === 'float' || right.scalar.kind === 'float')
    throw typeError(`\`${operator}\` does not work on a pointer and a float`, range);
  if (COMPARISONS.has(operator)) {
    const [, operation] = operationsOf(operator);
    const side = ({ node }: Operand) => convert(node, UNSIGNED_LONG);
    return { kind: 'binary', type: truthType, operation, left: side(left), right: side(right) };
  }
  const [leftType, rightType] = [unqualified(left.node.type), unqualified(right.node.type)];
  if (leftType.kind === 'pointer' && rightType.kind === 'pointer' && operator === '-') {
    const bytes = convert(
      { kind: 'binary', type: UNSIGNED_LONG, operation: 'sub', left: left.node, right: right.node },
      LONG,
    );
    const size = convert(stride(leftType.target, range, scope), LONG);
    return { kind: 'binary', type: LONG, operation: 'divS', left: bytes, right: size };
  }
  if (leftType.kind === 'pointer' && isInteger(right.scalar) && (operator === '+' || operator === '-')) {
    return offsetPointer(left.node, operator, right.node, leftType.target, { range, scope });
  }
  if (rightType.kind === 'pointer' && isInteger(left.scalar) && operator === '+') {
    return offsetPointer(right.node, operator, left.node, rightType.target, { range, scope });
  }
  throw typeError(`\`${operator}\` does not work on pointers`, range, 'Cast them to integers first: `(long)p`.');
}

export function offsetPointer(
  pointer: Typed,
  operator: '+' | '-',
  count: Typed,
  target: Type,
  { range, scope }: { readonly range: Range; readonly scope: Scope },
): Typed {
  const step = convert(stride(target, range, scope), LONG);
  const bytes: Typed = {
    kind: 'binary',
    type: LONG,
    operation: 'mul',
    left: convert(promote(count), LONG),
    right: step,
  };
  const operation = operator === '+' ? 'add' : 'sub';
  return { kind: 'binary', type: pointer.type, operation, left: pointer, right: bytes };
}

/** What one step of a pointer to `target` is, in bytes. */
function stride(target: Type, range: Range, scope: Scope): Typed {
  const type = unqualified(target);
  if (type.kind === 'void' || type.kind === 'function') return constant(LONG, 1n);
  const size = sizeNode(definition(type, scope) ?? type);
  if (size === undefined) throw typeError(`the size of \`${typeText(target)}\` is not known here`, range);
  return size;
}

/** `condition`, an integer, and `then`: what the second says where the first holds; else 0. */
export function both(condition: Typed, then: Typed): Typed {
  return { kind: 'conditional', type: INT, condition, then, otherwise: constant(INT, 0n) };
}
