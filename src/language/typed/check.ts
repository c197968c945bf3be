/**
 * Syntax tree + scope → {@link Typed} tree, by C's rules (C17 §6.5), whatever language the program is in. Three
 * liberties, all of which debuggers' users expect: `.` works through pointers and `->` on structures, an enumeration's
 * names may stand beside its values without being visible, and `==` with a text compares texts.
 */
import { assertExists } from '../../base/assert';
import { type BinaryOperation } from '../../contract/agent/operations';
import { type Scope, type Type } from '../../debuginfo/model/model';
import { type Range, typeError, unknownName } from '../expression/diagnostics';
import { type Expression } from '../expression/ast';
import { CHAR32, DOUBLE, FLOAT, INT, LONG, PREFIXED_CHARACTERS, UNSIGNED_INT, UNSIGNED_LONG } from './builtinTypes';
import { classPointer } from './classPointers';
import { commonType, constant, convert, decay, negation, promote, referent, truth } from './conversions';
import { definition, didYouMean, enumerator, member, noSuchName, typeNamed, valueNamed } from './names';
import { registerNamed, registerNames } from './registers';
import { callDuration, returnValue } from './returnValue';
import { sizeNode } from './sizes';
import { textEquals } from './textComparison';
import { type Place, type Typed } from './tree';
import {
  unqualified,
  elementOf,
  isStructure,
  knownScalar,
  pointerTo,
  type Scalar,
  scalarOf,
  sizeOf,
  typeText,
} from './types';

type Node<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** By operator: the operation on signed integers, on unsigned ones, on floating-point numbers (undefined: none). */
// prettier-ignore
const OPERATIONS: Readonly<Record<string, readonly [BinaryOperation, BinaryOperation, BinaryOperation?]>> = {
  '*': ['mul', 'mul', 'mulF'], '/': ['divS', 'divU', 'divF'], '%': ['remS', 'remU'], '+': ['add', 'add', 'addF'], '-': ['sub', 'sub', 'subF'],
  '<<': ['shl', 'shl'], '>>': ['shrS', 'shrU'], '&': ['and', 'and'], '^': ['xor', 'xor'], '|': ['or', 'or'],
  '==': ['eq', 'eq', 'eqF'], '!=': ['ne', 'ne', 'neF'], '<': ['ltS', 'ltU', 'ltF'], '>': ['gtS', 'gtU', 'gtF'],
  '<=': ['leS', 'leU', 'leF'], '>=': ['geS', 'geU', 'geF'],
};

function operationsOf(operator: string): readonly [BinaryOperation, BinaryOperation, BinaryOperation?] {
  return assertExists(OPERATIONS[operator], `operation ${operator}`);
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=']);

/** The typed tree of an expression that may be of any type. Throws `type` or `unknown-name`, with the range. */
export function check(expression: Expression, scope: Scope): Typed {
  return new Checker(scope).check(expression);
}

/** The typed tree of a condition: an `int`, 0 or 1. */
export function checkTruth(expression: Expression, scope: Scope): Typed {
  return new Checker(scope).truth(expression);
}

/** The typed tree of `[n]` after a value: an integer. Throws `type` when the value has no elements. */
export function checkCount(node: Typed, count: Expression, range: Range, scope: Scope): Typed {
  const { kind } = unqualified(node.type);
  if (kind !== 'pointer' && kind !== 'array') {
    throw typeError(`a value of type \`${typeText(node.type)}\` has no elements`, range);
  }
  return new Checker(scope).integer(count);
}

class Checker {
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  check(expression: Expression): Typed {
    switch (expression.kind) {
      case 'name':
        return this.#name(expression);
      case 'register':
        return this.#register(expression);
      case 'integer':
        return constant(literalType(expression), BigInt.asIntN(64, expression.value));
      case 'float':
        return constant(expression.single ? FLOAT : DOUBLE, doubleBits(expression.value));
      case 'character': {
        const { value, prefix } = expression;
        const prefixed = PREFIXED_CHARACTERS.get(prefix);
        if (prefixed !== undefined) return constant(prefixed, BigInt(value));
        // C's characters are `int`s with the value of a `char` (C17 §6.4.4.4).
        return value < 256 ? constant(INT, BigInt.asIntN(8, BigInt(value))) : constant(CHAR32, BigInt(value));
      }
      case 'string':
        throw typeError('a string can only be compared, with == or !=', expression.range);
      case 'member':
        return this.#member(expression);
      case 'index':
        return this.#index(expression);
      case 'unary':
        return this.#unary(expression);
      case 'binary':
        return this.#binary(expression);
      case 'conditional':
        return this.#conditional(expression);
      case 'cast':
        return this.#cast(expression);
      case 'sizeofType':
        return this.#sizeof(typeNamed(expression.type, this.#scope), expression);
      case 'sizeofValue':
        return this.#sizeof(this.#typeOfOperand(expression.operand), expression);
    }
  }

  /** The operand of `!`, `&&`, `||`, `?:` or `if`. */
  truth(expression: Expression): Typed {
    return truth(this.#scalar(expression).node);
  }

  integer(expression: Expression): Typed {
    const { node, scalar } = this.#scalar(expression);
    if (!isInteger(scalar)) throw typeError('the number of elements must be an integer', expression.range);
    return node;
  }

  // ---- names and places
  // --------------------------------------------------------------------------------------------------

  #name({ name, range }: Node<'name'>): Typed {
    const value = valueNamed(name, this.#scope);
    if (value === undefined) throw noSuchName(name, range, this.#scope);
    return value;
  }

  #register({ name, range }: Node<'register'>): Typed {
    if (name === '$return') return returnValue(this.#scope, range);
    if (name === '$duration') return callDuration(this.#scope, range);
    // GNU C's names may begin with a dollar sign; registers come first.
    const register = registerNamed(name) ?? valueNamed(name, this.#scope);
    if (register !== undefined) return register;
    const similar = registerNames().filter((known) => known.includes(name.slice(1)) || name.includes(known.slice(1)));
    throw unknownName(`there is no register \`${name}\``, range, didYouMean(similar));
  }

  #member(expression: Node<'member'>): Typed {
    const { object, name, nameRange } = expression;
    const qualified = this.#packageVariable(expression);
    if (qualified !== undefined) return qualified;
    const node = this.check(object);
    const type = unqualified(node.type);
    const place = type.kind === 'pointer' ? dereference(node, type.target) : node;
    if (place.kind !== 'place' || definition(place.type, this.#scope) === undefined) {
      throw typeError(`a value of type \`${typeText(node.type)}\` has no members, so no \`${name}\``, nameRange);
    }
    return member(place, name, nameRange, this.#scope);
  }

  /** Go: `main.counter` is a name and not a member. */
  #packageVariable({ object, name }: Node<'member'>): Typed | undefined {
    if (object.kind !== 'name') return undefined;
    // Packages are no values; a function may have the name of one, as main has.
    const value = valueNamed(object.name, this.#scope);
    if (value !== undefined && unqualified(value.type).kind !== 'function') return undefined;
    return valueNamed(`${object.name}.${name}`, this.#scope);
  }

  #index({ array, index, range }: Node<'index'>): Typed {
    const object = this.check(array);
    const { node: position, scalar } = this.#scalar(index);
    if (!isInteger(scalar)) throw typeError('an index must be an integer', index.range);
    const type = unqualified(object.type);
    if (object.kind === 'place' && type.kind === 'array' && position.kind === 'constant') {
      const element = elementOf(type);
      const size = sizeOf(element);
      const offset = size === undefined ? undefined : Number(position.value) * size;
      // Any other element has to be found through the array's address, which an array in registers does not have.
      if (offset !== undefined && Number.isSafeInteger(offset)) {
        return referent({ kind: 'place', type: element, base: object.base, offset: object.offset + offset });
      }
    }
    const pointer = decay(object);
    const target = unqualified(pointer.type);
    if (target.kind !== 'pointer') {
      throw typeError(`a value of type \`${typeText(object.type)}\` has no elements`, range);
    }
    return this.#pointee(this.#offsetPointer(pointer, '+', position, target.target, range), range);
  }

  #pointee(pointer: Typed, range: Range): Typed {
    const type = unqualified(pointer.type);
    if (type.kind !== 'pointer')
      throw typeError(`\`*\` does not work on a value of type \`${typeText(pointer.type)}\``, range);
    if (unqualified(type.target).kind === 'void') {
      throw typeError("a `void *` can't be dereferenced", range, 'Cast it first: `*(int *)p`.');
    }
    return dereference(pointer, type.target);
  }

  // ---- operators
  // ----------------------------------------------------------------------------------------------------------

  #unary({ operator, operand, range }: Node<'unary'>): Typed {
    switch (operator) {
      case '*':
        return this.#pointee(decay(this.check(operand)), range);
      case '&':
        return this.#addressOf(operand, range);
      case '!':
        return negation(this.#scalar(operand).node);
      case '+':
        return promote(this.#arithmetic(operand).node);
      case '-': {
        const node = promote(this.#arithmetic(operand).node);
        return { kind: 'unary', type: node.type, operation: isFloat(node) ? 'negF' : 'neg', operand: node };
      }
      case '~': {
        const node = promote(this.#arithmetic(operand).node);
        if (isFloat(node)) throw typeError('`~` works on integers', operand.range);
        return { kind: 'unary', type: node.type, operation: 'not', operand: node };
      }
    }
  }

  #addressOf(operand: Expression, range: Range): Typed {
    const node = this.check(operand);
    if (node.kind !== 'place') throw typeError('`&` works on variables, members and elements', range);
    if (node.bits !== undefined) throw typeError('a bit-field has no address', range);
    return { kind: 'addressOf', type: pointerTo(node.type), place: node };
  }

  #binary(expression: Node<'binary'>): Typed {
    const { operator, range } = expression;
    if (operator === '&&' || operator === '||') return this.#logical(expression);
    const text = this.#textComparison(expression);
    if (text !== undefined) return text;
    const [left, right] = this.#pair(expression);
    if (left.scalar.kind === 'pointer' || right.scalar.kind === 'pointer')
      return this.#pointers(expression, left, right);
    if (operator === '<<' || operator === '>>') return this.#shift(expression, left, right);
    const type = commonType(left.node, right.node);
    const { kind, signed } = knownScalar(type);
    const [onSigned, onUnsigned, onFloat] = operationsOf(operator);
    const operation = kind === 'float' ? onFloat : signed ? onSigned : onUnsigned;
    if (operation === undefined) throw typeError(`\`${operator}\` works on integers`, range);
    return {
      kind: 'binary',
      type: COMPARISONS.has(operator) ? INT : type,
      operation,
      left: convert(promote(left.node), type),
      right: convert(promote(right.node), type),
    };
  }

  /**
   * Both operands. Beside a value of an enumeration, its enumerators' names mean that enumeration's, whether they are
   * visible or not and whatever other enumeration has the same names.
   */
  #pair({ left, right }: Node<'binary'>): [Operand, Operand] {
    if (this.#mayBeEnumerator(left) && !this.#mayBeEnumerator(right)) {
      const operand = this.#scalar(right);
      return [this.#enumerator(left, operand) ?? this.#scalar(left), operand];
    }
    const operand = this.#scalar(left);
    return [operand, this.#enumerator(right, operand) ?? this.#scalar(right)];
  }

  /** A name that is no variable's. */
  #mayBeEnumerator(expression: Expression): expression is Node<'name'> {
    if (expression.kind !== 'name') return false;
    const variable = this.#scope.lookup(expression.name);
    return variable === undefined || (variable.role === 'global' && variable.location.kind === 'value');
  }

  #enumerator(expression: Expression, beside: Operand): Operand | undefined {
    if (!this.#mayBeEnumerator(expression)) return undefined;
    const node = enumerator(beside.node.type, expression.name);
    return node && { node, scalar: beside.scalar };
  }

  #logical({ operator, left, right }: Node<'binary'>): Typed {
    const condition = this.truth(left);
    const second = this.truth(right);
    return operator === '&&'
      ? { kind: 'conditional', type: INT, condition, then: second, otherwise: constant(INT, 0n) }
      : { kind: 'conditional', type: INT, condition, then: constant(INT, 1n), otherwise: second };
  }

  #textComparison({ operator, left, right }: Node<'binary'>): Typed | undefined {
    const [text, other] = left.kind === 'string' ? [left, right] : [right, left];
    if (text.kind !== 'string' || (operator !== '==' && operator !== '!=')) return undefined;
    const equal = textEquals(this.check(other), text.value);
    if (equal === undefined)
      throw typeError('only a `char *` or an array of `char` can be compared with a string', other.range);
    return operator === '==' ? equal : negation(equal);
  }

  #shift({ operator, range }: Node<'binary'>, left: Operand, right: Operand): Typed {
    if (left.scalar.kind === 'float' || right.scalar.kind === 'float') {
      throw typeError(`\`${operator}\` works on integers`, range);
    }
    const value = promote(left.node);
    const [onSigned, onUnsigned] = operationsOf(operator);
    const operation = knownScalar(value.type).signed ? onSigned : onUnsigned;
    return { kind: 'binary', type: value.type, operation, left: value, right: promote(right.node) };
  }

  /** Pointer arithmetic and comparison (C17 §6.5.6, §6.5.8); `void` counts as one byte, as in GNU C. */
  #pointers({ operator, range }: Node<'binary'>, left: Operand, right: Operand): Typed {
    if (left.scalar.kind === 'float' || right.scalar.kind === 'float')
      throw typeError(`\`${operator}\` does not work on a pointer and a float`, range);
    if (COMPARISONS.has(operator)) {
      const [, operation] = operationsOf(operator);
      const side = ({ node }: Operand) => convert(node, UNSIGNED_LONG);
      return { kind: 'binary', type: INT, operation, left: side(left), right: side(right) };
    }
    const [leftType, rightType] = [unqualified(left.node.type), unqualified(right.node.type)];
    if (leftType.kind === 'pointer' && rightType.kind === 'pointer' && operator === '-') {
      const bytes = convert(
        { kind: 'binary', type: UNSIGNED_LONG, operation: 'sub', left: left.node, right: right.node },
        LONG,
      );
      const size = convert(this.#stride(leftType.target, range), LONG);
      return { kind: 'binary', type: LONG, operation: 'divS', left: bytes, right: size };
    }
    if (leftType.kind === 'pointer' && isInteger(right.scalar) && (operator === '+' || operator === '-')) {
      return this.#offsetPointer(left.node, operator, right.node, leftType.target, range);
    }
    if (rightType.kind === 'pointer' && isInteger(left.scalar) && operator === '+') {
      return this.#offsetPointer(right.node, operator, left.node, rightType.target, range);
    }
    throw typeError(`\`${operator}\` does not work on pointers`, range, 'Cast them to integers first: `(long)p`.');
  }

  #offsetPointer(pointer: Typed, operator: '+' | '-', count: Typed, target: Type, range: Range): Typed {
    const stride = convert(this.#stride(target, range), LONG);
    const left = convert(promote(count), LONG);
    const bytes: Typed = { kind: 'binary', type: LONG, operation: 'mul', left, right: stride };
    const operation = operator === '+' ? 'add' : 'sub';
    return { kind: 'binary', type: pointer.type, operation, left: pointer, right: bytes };
  }

  /** What one step of a pointer to `target` is, in bytes. */
  #stride(target: Type, range: Range): Typed {
    const type = unqualified(target);
    if (type.kind === 'void' || type.kind === 'function') return constant(LONG, 1n);
    const size = sizeNode(definition(type, this.#scope) ?? type);
    if (size === undefined) throw typeError(`the size of \`${typeText(target)}\` is not known here`, range);
    return size;
  }

  #conditional({ condition, then, otherwise, range }: Node<'conditional'>): Typed {
    const test = this.truth(condition);
    const [left, right] = [this.#scalar(then), this.#scalar(otherwise)];
    const pointer = [left, right].find(({ scalar }) => scalar.kind === 'pointer');
    if (pointer !== undefined && (isFloat(left.node) || isFloat(right.node))) {
      throw typeError('the two sides of `:` have no common type', range);
    }
    const type = pointer?.node.type ?? commonType(left.node, right.node);
    const side = ({ node, scalar }: Operand) => convert(scalar.kind === 'pointer' ? node : promote(node), type);
    return { kind: 'conditional', type, condition: test, then: side(left), otherwise: side(right) };
  }

  #cast({ type: typeName, operand, range }: Node<'cast'>): Typed {
    const type = typeNamed(typeName, this.#scope);
    const target = scalarOf(type);
    if (target === undefined) {
      const advice = isStructure(unqualified(type)) ? `Cast a pointer: \`*(${typeName.name} *)&x\`.` : undefined;
      throw typeError(`a value can't be cast to \`${typeText(type)}\``, range, advice);
    }
    const { node, scalar } = this.#scalar(operand);
    if (scalar.kind === 'float' && target.kind === 'pointer') throw typeError('a float is no address', range);
    if (scalar.kind === 'pointer' && target.kind === 'float') throw typeError('an address is no number', range);
    return classPointer(node, type, this.#scope) ?? { kind: 'convert', type, operand: node };
  }

  #sizeof(type: Type, { range }: Expression): Typed {
    const size = sizeNode(definition(type, this.#scope) ?? type);
    if (size === undefined) throw typeError(`the size of \`${typeText(type)}\` is not known here`, range);
    return size;
  }

  /** `sizeof(name)`, where the name may be a type's that the parser could not know for one. */
  #typeOfOperand(operand: Expression): Type {
    if (operand.kind === 'name' && valueNamed(operand.name, this.#scope) === undefined) {
      return typeNamed({ name: operand.name, pointers: 0, counts: [], range: operand.range }, this.#scope);
    }
    return this.check(operand).type;
  }

  // ---- operands
  // -----------------------------------------------------------------------------------------------------------

  /** A value to compute with. */
  #scalar(expression: Expression): Operand {
    const node = decay(this.check(expression));
    if (node.kind === 'context') {
      throw typeError('`$pid`, `$tid`, `$thread` and `$duration` can only stand alone in a message', expression.range);
    }
    const scalar = scalarOf(node.type);
    if (scalar === undefined) {
      throw typeError(
        `a value of type \`${typeText(node.type)}\` can be shown, but not computed with`,
        expression.range,
      );
    }
    return { node, scalar };
  }

  /** A number, not a pointer. */
  #arithmetic(expression: Expression): Operand {
    const operand = this.#scalar(expression);
    if (operand.scalar.kind === 'pointer') throw typeError('this operator does not work on pointers', expression.range);
    return operand;
  }
}

interface Operand {
  readonly node: Typed;
  readonly scalar: Scalar;
}

function dereference(pointer: Typed, target: Type): Place {
  return referent({ kind: 'place', type: target, base: { kind: 'pointer', pointer }, offset: 0 });
}

function isInteger(scalar: Scalar): boolean {
  return scalar.kind === 'integer' || scalar.kind === 'boolean';
}

function isFloat(node: Typed): boolean {
  return scalarOf(node.type)?.kind === 'float';
}

/** The first of C's types that holds the value (C17 §6.4.4.1). */
function literalType({ value, decimal, unsigned, long }: Node<'integer'>): Type {
  if (!long) {
    if (!unsigned && value < 1n << 31n) return INT;
    if ((unsigned || !decimal) && value < 1n << 32n) return UNSIGNED_INT;
  }
  return unsigned || value >= 1n << 63n ? UNSIGNED_LONG : LONG;
}

function doubleBits(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
}
