/**
 * Syntax tree + scope → {@link Typed} tree, by the rules of the function's language: {@link LanguageRules}. Liberties
 * that debuggers' users expect in all of them: `.` works through pointers and `->` on structures, pointers can be
 * computed with, an enumeration's names may stand beside its values without being visible, and `==` with a string
 * compares characters.
 */
import { type Scope, type Type } from '../../debuginfo/model/model';
import { type Expression } from '../expression/ast';
import { didYouMean, type Range, typeError, unknownName } from '../expression/diagnostics';
import { castReference } from '../rules/classCasts';
import { type LanguageRules } from '../rules/languageRules';
import { rulesOf } from '../rules/rulesOf';
import { LONG } from '../typed/builtinTypes';
import { constant, convert, decay, promote, referent } from '../typed/conversions';
import { definition, findMember, member } from '../typed/members';
import { isInteger, type Operand } from '../typed/operations';
import { dereference, offsetPointer, onPointers, pointee } from '../typed/pointers';
import { callDuration, returnValue } from '../typed/returnValue';
import { sizeNode } from '../typed/sizes';
import { type Typed } from '../typed/tree';
import { arrayOf, elementOf, isStructure, pointerTo, scalarOf, sizeOf, typeText, unqualified } from '../typed/types';
import { assertion } from './assertions';
import { extent, isMap } from './extents';
import { enumerator, noSuchName, overload, valueNamed } from './names';
import { registerNamed, registerNames } from './registers';
import { elementAt, sequenceOf, sliceOf } from './sequences';
import { countedTextEquals, textEquals } from './textComparison';
import { spelledValue, typeNamed } from './typeNames';

type Node<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** The typed tree of an expression that may be of any type. Throws `type` or `unknown-name`, with the range. */
export function check(expression: Expression, scope: Scope): Typed {
  const checker = new Checker(scope);
  return checker.settled(checker.check(expression), expression.range);
}

/** The typed tree of a condition: an integer, 0 or not. */
export function checkTruth(expression: Expression, scope: Scope): Typed {
  return new Checker(scope).truth(expression);
}

/** The typed tree of `[n]` after a value: an integer. Throws `type` when the value has no elements. */
export function checkCount(node: Typed, count: Expression, range: Range, scope: Scope): Typed {
  const { kind } = unqualified(node.type);
  if (kind !== 'pointer' && kind !== 'array') {
    throw typeError(`a value of type \`${typeText(node.type)}\` has no elements`, range);
  }
  return new Checker(scope).integer(count, 'the number of elements');
}

/** References and shared pointers inside each other. */
const MAX_POINTERS = 8;

class Checker {
  readonly #scope: Scope;
  readonly #rules: LanguageRules;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#rules = rulesOf(scope.language);
  }

  check(expression: Expression): Typed {
    switch (expression.kind) {
      case 'name':
        return this.#name(expression);
      case 'register':
        return this.#register(expression);
      case 'integer':
        return this.#rules.integer(expression);
      case 'float':
        return this.#rules.float(expression);
      case 'character':
        return this.#rules.character(expression);
      case 'string':
        throw typeError('a string can only be compared, with == or !=', expression.range);
      case 'backtrace':
        throw typeError('a backtrace is not available yet: nothing unwinds the stack at a hit', expression.range);
      case 'member':
        return this.#member(expression);
      case 'index':
        return this.#index(expression);
      case 'slice':
        return this.#slice(expression);
      case 'assertion':
        return assertion(this.check(expression.operand), expression, this.#scope);
      case 'extent':
        return extent(expression.what, this.check(expression.operand), expression.range, this.#scope);
      case 'overload':
        return overload(expression.name, expression.parameters, expression.range, this.#scope);
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

  settled(node: Typed, range: Range): Typed {
    return this.#rules.settled(node, range);
  }

  /** The operand of `!`, `&&`, `||`, `?:` or `if`. */
  truth(expression: Expression): Typed {
    return this.#rules.truth(this.#scalar(expression));
  }

  integer(expression: Expression, what: string): Typed {
    const { node, scalar } = this.#scalar(expression);
    if (!isInteger(scalar)) throw typeError(`${what} must be an integer`, expression.range);
    return this.settled(node, expression.range);
  }

  // ---- names and places
  // --------------------------------------------------------------------------------------------------

  #name({ name, range }: Node<'name'>): Typed {
    const spelled = name.includes('<') ? spelledValue(name, this.#scope) : name;
    const value = valueNamed(spelled, range, this.#scope);
    if (value === undefined) throw noSuchName(name, range, this.#scope);
    return value;
  }

  #register({ name, range }: Node<'register'>): Typed {
    if (name === '$return') return returnValue(this.#scope, range);
    if (name === '$duration') return callDuration(this.#scope, range);
    // GNU C's names may begin with a dollar sign; registers come first.
    const register = registerNamed(name) ?? valueNamed(name, range, this.#scope);
    if (register !== undefined) return register;
    const similar = registerNames().filter((known) => known.includes(name.slice(1)) || name.includes(known.slice(1)));
    throw unknownName(`there is no register \`${name}\``, range, didYouMean(similar));
  }

  #member(expression: Node<'member'>): Typed {
    const { object, name, nameRange } = expression;
    const qualified = this.#packageVariable(expression);
    if (qualified !== undefined) return qualified;
    const node = this.check(object);
    let value: Typed = node;
    let first: Typed | undefined;
    for (let depth = 0; depth < MAX_POINTERS; depth++) {
      const type = unqualified(value.type);
      const place = type.kind === 'pointer' ? dereference(value, type.target) : value;
      if (place.kind === 'place' && definition(place.type, this.#scope) !== undefined) {
        first ??= place;
        const found = findMember(place, name, nameRange, this.#scope);
        if (found !== undefined) return found;
      }
      const inner = this.#rules.through(place, this.#scope) ?? this.#throughReference(place);
      if (inner === undefined) break;
      value = inner;
    }
    if (first?.kind !== 'place') {
      throw typeError(`a value of type \`${typeText(node.type)}\` has no members, so no \`${name}\``, nameRange);
    }
    return member(first, name, nameRange, this.#scope);
  }

  /** Rust: a reference to a reference goes on to what that refers to. */
  #throughReference(place: Typed): Typed | undefined {
    return this.#scope.language === 'rust' && unqualified(place.type).kind === 'pointer' ? place : undefined;
  }

  /** Go: `main.counter` is a name and not a member. */
  #packageVariable({ object, name, range }: Node<'member'>): Typed | undefined {
    if (object.kind !== 'name' || this.#scope.lookupLocal(object.name) !== undefined) return undefined;
    // Packages are no values; a function may have the name of one, as main has.
    const value = this.#scope.lookup(object.name);
    if (value !== undefined && unqualified(value.type).kind !== 'function') return undefined;
    return valueNamed(`${object.name}.${name}`, range, this.#scope);
  }

  #index({ array, index, range }: Node<'index'>): Typed {
    const object = this.check(array);
    if (isMap(object, this.#scope)) {
      throw typeError("the elements of a map can't be looked up at a hit", range, 'Its `len` can be shown.');
    }
    const position = this.integer(index, 'an index');
    const type = unqualified(object.type);
    const sequence =
      this.#rules.checksBounds || object.kind === 'elements' ? sequenceOf(object, this.#scope) : undefined;
    if (object.kind === 'place' && type.kind === 'array' && position.kind === 'constant') {
      if (sequence !== undefined) elementAt(sequence, convertedPosition(position), index.range);
      const element = elementOf(type);
      const size = sizeOf(element);
      const offset = size === undefined ? undefined : Number(position.value) * size;
      // Any other element has to be found through the array's address, which an array in registers does not have.
      if (offset !== undefined && Number.isSafeInteger(offset)) {
        return referent({ kind: 'place', type: element, base: object.base, offset: object.offset + offset });
      }
    }
    if (sequence !== undefined) {
      if (sequence.text !== undefined && this.#scope.language === 'rust')
        throw typeError("a string can't be indexed by a number", range, 'Write a range of bytes: `s[0..1]`.');
      return elementAt(sequence, convertedPosition(position), index.range);
    }
    const pointer = decay(object);
    const target = unqualified(pointer.type);
    if (target.kind !== 'pointer') {
      throw typeError(`a value of type \`${typeText(object.type)}\` has no elements`, range);
    }
    const context = { range, scope: this.#scope };
    return pointee(offsetPointer(pointer, '+', position, target.target, context), range);
  }

  #slice({ array, start, end, isInclusive, range }: Node<'slice'>): Typed {
    const object = this.check(array);
    const sequence = sequenceOf(object, this.#scope);
    if (sequence === undefined) throw typeError(`a value of type \`${typeText(object.type)}\` can't be sliced`, range);
    const bound = (side: Expression | undefined) => side && convertedPosition(this.integer(side, 'a bound'));
    // Go: up to the capacity, in strings up to the length.
    const limit = (this.#scope.language === 'go' ? sequence.capacity : undefined) ?? sequence.length;
    return sliceOf(sequence, { start: bound(start), end: bound(end), isInclusive }, limit, range);
  }

  // ---- operators
  // ----------------------------------------------------------------------------------------------------------

  #unary({ operator, operand, range }: Node<'unary'>): Typed {
    if (operator === '*') return this.#dereference(operand, range);
    if (operator === '&') return this.#addressOf(operand, range);
    return this.#rules.unary(operator, this.#scalar(operand), range);
  }

  #dereference(operand: Expression, range: Range): Typed {
    const node = this.check(operand);
    return this.#rules.through(node, this.#scope) ?? pointee(decay(node), range);
  }

  #addressOf(operand: Expression, range: Range): Typed {
    const node = this.check(operand);
    // Rust: `&v[1..3]` is the slice.
    if (node.kind === 'elements') return node;
    if (node.kind !== 'place') throw typeError('`&` works on variables, members and elements', range);
    if (node.bits !== undefined) throw typeError('a bit-field has no address', range);
    const type = pointerTo(node.type);
    const isReference = this.#scope.language === 'rust';
    return { kind: 'addressOf', type: isReference ? { ...type, name: `&${typeText(node.type)}` } : type, place: node };
  }

  #binary(expression: Node<'binary'>): Typed {
    const { operator, range } = expression;
    if (operator === '&&' || operator === '||') return this.#logical(expression);
    if (operator === '@') return this.#repeated(expression);
    const text = this.#textComparison(expression);
    if (text !== undefined) return text;
    const [left, right] = this.#pair(expression);
    if (left.scalar.kind !== 'pointer' && right.scalar.kind !== 'pointer') {
      return this.#rules.binary(operator, left, right, range);
    }
    const [a, b] = [left, right].map((side) => ({ ...side, node: this.settled(side.node, side.range) })) as [
      Operand,
      Operand,
    ];
    return onPointers(operator, a, b, { range, scope: this.#scope, truthType: this.#rules.truthType });
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
    return node && { node, scalar: beside.scalar, range: expression.range };
  }

  #logical({ operator, left, right }: Node<'binary'>): Typed {
    const condition = this.truth(left);
    const second = this.truth(right);
    const type = this.#rules.truthType;
    return operator === '&&'
      ? { kind: 'conditional', type, condition, then: second, otherwise: constant(type, 0n) }
      : { kind: 'conditional', type, condition, then: constant(type, 1n), otherwise: second };
  }

  #textComparison({ operator, left, right }: Node<'binary'>): Typed | undefined {
    if (operator !== '==' && operator !== '!=') return undefined;
    const [text, other] = left.kind === 'string' ? [left, right] : [right, left];
    if (text.kind !== 'string') {
      if (!this.#isText(left) || !this.#isText(right)) return undefined;
      const range = { start: left.range.start, end: right.range.end };
      throw typeError('a string can only be compared with one in quotes', range);
    }
    const node = this.check(other);
    const sequence = sequenceOf(node, this.#scope);
    const counted = sequence?.text === undefined ? undefined : countedTextEquals(sequence, text.value);
    const equal = counted ?? textEquals(node, text.value);
    if (equal === undefined) {
      const what = this.#rules.checksBounds ? 'a string' : 'a `char *` or an array of `char`';
      throw typeError(`only ${what} can be compared with a string`, other.range);
    }
    const type = this.#rules.truthType;
    return operator === '==' ? { ...equal, type } : { kind: 'unary', type, operation: 'isZero', operand: equal };
  }

  /** Whether a part of the program is a string that has a length. How long two of them are, nobody knows beforehand. */
  #isText(side: Expression): boolean {
    if (!['name', 'member', 'index', 'unary', 'slice'].includes(side.kind) || this.#mayBeEnumerator(side)) return false;
    return sequenceOf(this.check(side), this.#scope)?.text !== undefined;
  }

  /** gdb's `first@count`. */
  #repeated({ left, right, range }: Node<'binary'>): Typed {
    const first = this.check(left);
    if (first.kind !== 'place' || first.bits !== undefined) {
      throw typeError('only a variable, a member or an element can be the first of `@`', left.range);
    }
    const count = this.integer(right, 'the number of elements');
    if (sizeOf(first.type) === undefined) {
      throw typeError(`the size of \`${typeText(first.type)}\` is not known here`, range);
    }
    if (count.kind === 'constant') {
      if (count.value <= 0n || count.value > MAX_REPEATED) {
        throw typeError(`the number of elements is from 1 to ${MAX_REPEATED}`, right.range);
      }
      return { ...first, type: arrayOf(first.type, Number(count.value)) };
    }
    const pointer: Typed = { kind: 'addressOf', type: pointerTo(first.type), place: first };
    const type = arrayOf(first.type, undefined);
    return { kind: 'elements', type, pointer, count: convert(count, LONG), element: first.type, isText: false };
  }

  #conditional({ condition, then, otherwise, range }: Node<'conditional'>): Typed {
    const test = this.truth(condition);
    const [left, right] = this.#rules.alternatives(this.#scalar(then), this.#scalar(otherwise), range);
    return { kind: 'conditional', type: left.type, condition: test, then: left, otherwise: right };
  }

  #cast({ type: typeName, style, operand, range }: Node<'cast'>): Typed {
    const type = typeNamed(typeName, this.#scope);
    if (typeName.isReference === true)
      return castReference(this.check(operand), type, style, { range, scope: this.#scope });
    if (scalarOf(type) === undefined) {
      const advice = isStructure(unqualified(type)) ? `Cast a pointer: \`*(${typeName.name} *)&x\`.` : undefined;
      throw typeError(`a value can't be cast to \`${typeText(type)}\``, range, advice);
    }
    return this.#rules.cast(this.#operand(decay(this.check(operand)), operand), type, style, range, this.#scope);
  }

  #sizeof(type: Type, { range }: Expression): Typed {
    const size = sizeNode(definition(type, this.#scope) ?? type);
    if (size === undefined) throw typeError(`the size of \`${typeText(type)}\` is not known here`, range);
    return size;
  }

  /** `sizeof(name)`, where the name may be a type's that the parser could not know for one. */
  #typeOfOperand(operand: Expression): Type {
    if (operand.kind === 'name' && valueNamed(operand.name, operand.range, this.#scope) === undefined) {
      return typeNamed({ name: operand.name, pointers: 0, counts: [], range: operand.range }, this.#scope);
    }
    return this.settled(this.check(operand), operand.range).type;
  }

  // ---- operands
  // -----------------------------------------------------------------------------------------------------------

  /** A value to compute with. */
  #scalar(expression: Expression): Operand {
    return this.#operand(this.#rules.operand(decay(this.check(expression)), expression.range), expression);
  }

  #operand(node: Typed, expression: Expression): Operand {
    if (node.kind === 'context') {
      throw typeError(
        'what `$pid`, `$tid`, `$thread`, `$time`, `$hits` and `$duration` say can only stand alone in a message',
        expression.range,
      );
    }
    const scalar = scalarOf(node.type);
    if (scalar === undefined) {
      throw typeError(
        `a value of type \`${typeText(node.type)}\` can be shown, but not computed with`,
        expression.range,
      );
    }
    return { node, scalar, range: expression.range };
  }
}

/** `first@count` is shown, and what is shown has an end. */
const MAX_REPEATED = 1n << 20n;

/** A position as 64 bits: below 0, it is beyond any end. */
function convertedPosition(position: Typed): Typed {
  return position.kind === 'constant' ? constant(LONG, position.value) : convert(promote(position), LONG);
}
