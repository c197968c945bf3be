/**
 * Go's type assertions: an interface's word for its type is compared with the address of that type's description, which
 * is one for the whole program (Go's src/runtime/runtime2.go, iface and eface).
 */
import { type Scope, type Type } from '../../debuginfo/model/model';
import { didYouMean, type Range, typeError, unknownName } from '../expression/diagnostics';
import { INT, UNSIGNED_LONG, VOID_POINTER } from '../typed/builtinTypes';
import { constant, convert } from '../typed/conversions';
import { fieldAt } from '../typed/members';
import { both, dereference } from '../typed/pointers';
import { type Place, type Typed } from '../typed/tree';
import { elementOf, isStructure, knownCount, pointerTo, sizeOf, typeText, unqualified } from '../typed/types';

interface Asserted {
  /** As it is written, and its characters. */
  readonly type: string;
  readonly typeRange: Range;
  readonly range: Range;
}

/** `i.(T)`, of a type that is no interface. A value of another type says so. Throws `type` or `unknown-name`. */
export function assertion(node: Typed, { type: name, typeRange, range }: Asserted, scope: Scope): Typed {
  const word = node.kind === 'place' ? typeWord(node) : undefined;
  const data = node.kind === 'place' ? fieldAt(node, ['data']) : undefined;
  if (word === undefined || data === undefined) {
    throw typeError(`a value of type \`${typeText(node.type)}\` is no interface`, range);
  }
  const found = scope.runtimeType(name.replace(/\s+/g, ' '));
  if (found === undefined) {
    throw unknownName(`there is no type \`${name}\` here`, typeRange, didYouMean(scope.similarTypes(name)));
  }
  const { type, descriptor } = found;
  if (isInterface(type)) throw typeError('only a type that is no interface can be asserted', typeRange);
  const size = sizeOf(type);
  if (descriptor === undefined || size === undefined) {
    throw typeError(`the program does not say where it describes \`${name}\``, typeRange);
  }
  const location = { kind: 'memory', address: [{ op: 'address', address: descriptor }] } as const;
  const description: Place = {
    kind: 'place',
    type: UNSIGNED_LONG,
    base: { kind: 'variable', name, location },
    offset: 0,
  };
  const expected: Typed = {
    kind: 'checked',
    type: UNSIGNED_LONG,
    // The description begins with the type's size: where it does not, it is none.
    condition: equal(description, constant(UNSIGNED_LONG, BigInt(size))),
    value: convert({ kind: 'addressOf', type: VOID_POINTER, place: description }, UNSIGNED_LONG),
    reason: `<not available: ${name} is not described where the program says>`,
  };
  const condition = both(isSet(word.holder), equal(word.value, expected));
  return asserted(data, type, { condition, reason: `<not a ${name}>` });
}

/** The word that tells the type; `holder` is 0 in an interface that holds nothing. */
function typeWord(node: Place): { readonly holder: Typed; readonly value: Typed } | undefined {
  const empty = fieldAt(node, ['_type']);
  if (empty !== undefined) return { holder: empty, value: empty };
  const table = fieldAt(node, ['tab']);
  const type = table && unqualified(table.type);
  if (table === undefined || type?.kind !== 'pointer') return undefined;
  const object = dereference(table, type.target);
  const value = fieldAt(object, ['_type']) ?? fieldAt(object, ['Type']);
  return value && { holder: table, value };
}

interface Check {
  readonly condition: Typed;
  readonly reason: string;
}

function asserted(data: Place, type: Type, { condition, reason }: Check): Typed {
  if (unqualified(type).kind === 'pointer') {
    return { kind: 'checked', type, condition, value: convert(data, type), reason };
  }
  const address: Typed = isPointerShaped(type, 0)
    ? { kind: 'addressOf', type: pointerTo(type), place: data }
    : convert(data, pointerTo(type));
  const pointer: Typed = { kind: 'checked', type: pointerTo(type), condition, value: address, reason };
  return { kind: 'place', type, base: { kind: 'pointer', pointer }, offset: 0 };
}

/** Whether an interface holds the value itself and not its address. */
function isPointerShaped(type: Type, depth: number): boolean {
  const under = unqualified(type);
  if (depth > MAX_DEPTH) return false;
  if (under.kind === 'pointer' || under.kind === 'function') return true;
  if (under.kind === 'array') return knownCount(under) === 1 && isPointerShaped(elementOf(under), depth + 1);
  const [only, ...others] = isStructure(under) ? under.members : [];
  return only !== undefined && others.length === 0 && isPointerShaped(only.type, depth + 1);
}

/** Structures and arrays inside each other. */
const MAX_DEPTH = 16;

function isInterface(type: Type): boolean {
  const under = unqualified(type);
  return isStructure(under) && /^runtime\.[ie]face$/.test(under.name ?? '');
}

function equal(left: Typed, right: Typed): Typed {
  return { kind: 'binary', type: INT, operation: 'eq', left: convert(left, UNSIGNED_LONG), right };
}

function isSet(word: Typed): Typed {
  return {
    kind: 'binary',
    type: INT,
    operation: 'ne',
    left: convert(word, UNSIGNED_LONG),
    right: constant(UNSIGNED_LONG, 0n),
  };
}
