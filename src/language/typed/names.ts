/** What names mean at a site: variables, members of `this`, constants, enumerators, types. */
import { assertExists } from '../../base/assert';
import { type Member, type Scope, type StructureType, type Type } from '../../debuginfo/model/model';
import { type Range, typeError, unknownName } from '../expression/diagnostics';
import { type TypeName } from '../expression/ast';
import { isTypeWord } from '../expression/typeName';
import { arithmeticType, BOOL, VOID_POINTER, wellKnownType } from './builtinTypes';
import { constant, referent } from './conversions';
import { type Place, type Typed } from './tree';
import { arrayOf, unqualified, isStructure, pointerTo, sizeOf } from './types';

/** Names that languages give to values; the program's own of the same name come first. */
const CONSTANTS: ReadonlyMap<string, Typed> = new Map([
  ['true', constant(BOOL, 1n)],
  ['false', constant(BOOL, 0n)],
  ['NULL', constant(VOID_POINTER, 0n)],
  ['nullptr', constant(VOID_POINTER, 0n)],
  ['nil', constant(VOID_POINTER, 0n)],
]);

/** Anonymous members and base classes inside each other. */
const MAX_MEMBER_DEPTH = 16;
const LISTED_MEMBERS = 12;

/** The value that `name` means; undefined if there is none. */
export function valueNamed(name: string, scope: Scope): Typed | undefined {
  const variable = scope.lookup(name);
  if (variable !== undefined) {
    const base = { kind: 'variable', name, location: variable.location } as const;
    return referent({ kind: 'place', type: variable.type, base, offset: 0 });
  }
  return (
    memberOfThis(name, scope) ??
    CONSTANTS.get(name) ??
    qualifiedEnumerator(name, scope) ??
    declaredElsewhere(name, scope)
  );
}

/**
 * A name that the function has, but not at this address: it has no value, but the rest of the message is still shown.
 */
function declaredElsewhere(name: string, scope: Scope): Typed | undefined {
  const variable = scope.lookupElsewhere(name);
  if (variable === undefined) return undefined;
  const base = { kind: 'variable', name, location: variable.location } as const;
  return { kind: 'place', type: variable.type, base, offset: 0 };
}

/** C++: a member function's names are its object's members too ([class.mfct.non.static]). */
function memberOfThis(name: string, scope: Scope): Typed | undefined {
  const self = scope.lookup('this');
  if (self === undefined) return undefined;
  const type = unqualified(self.type);
  if (type.kind !== 'pointer') return undefined;
  const structure = definition(type.target, scope);
  const path = structure && memberPath(structure, name);
  if (path === undefined) return undefined;
  const pointer: Place = {
    kind: 'place',
    type,
    base: { kind: 'variable', name: 'this', location: self.location },
    offset: 0,
  };
  return memberPlace({ kind: 'place', type: type.target, base: { kind: 'pointer', pointer }, offset: 0 }, path);
}

/** `Color::red`. */
function qualifiedEnumerator(name: string, scope: Scope): Typed | undefined {
  const cut = name.lastIndexOf('::');
  if (cut <= 0) return undefined;
  const type = scope.lookupType(name.slice(0, cut)) ?? scope.lookupType(`enum ${name.slice(0, cut)}`);
  return type && enumerator(type, name.slice(cut + 2));
}

/** The enumerator of that name, if `type` is an enumeration and has it. */
export function enumerator(type: Type, name: string): Typed | undefined {
  const enumeration = unqualified(type);
  if (enumeration.kind !== 'enumeration') return undefined;
  const found = enumeration.enumerators.find(
    (candidate) => candidate.name === name || candidate.name.endsWith(`::${name}`),
  );
  return found && constant(type, found.value);
}

export function noSuchName(name: string, range: Range, scope: Scope): Error {
  return unknownName(`there is no \`${name}\` here`, range, didYouMean(scope.similarNames(name)));
}

export function didYouMean(names: readonly string[]): string | undefined {
  const quoted = names.slice(0, 3).map((name) => `\`${name}\``);
  return quoted.length > 0 ? `Did you mean ${quoted.join(', ').replace(/, ([^,]*)$/, ' or $1')}?` : undefined;
}

// ---- members
// ----------------------------------------------------------------------------------------------------------

/** Anonymous structures and base classes around a member, from the outermost on, then the member itself. */
type MemberPath = readonly Member[];

/** `object.name` of a place whose type is a structure. Throws `type` or `unknown-name`. */
export function member(object: Place, name: string, range: Range, scope: Scope): Place {
  const structure = assertExists(definition(object.type, scope), 'structure');
  if (structure.byteSize === undefined && !structure.hasRuntimeSize) {
    throw typeError(`\`${structure.name ?? 'this type'}\` is only declared here; its members are not known`, range);
  }
  const path = memberPath(structure, name);
  if (path !== undefined) return memberPlace(object, path);
  const names = structure.members.flatMap((candidate) => candidate.name ?? []).slice(0, LISTED_MEMBERS);
  const advice = names.length > 0 ? `Its members: ${names.join(', ')}.` : undefined;
  throw unknownName(`\`${structure.name ?? 'this structure'}\` has no member \`${name}\``, range, advice);
}

/**
 * The structure that a type is, defined elsewhere in the program if it is only declared there; undefined for other
 * types.
 */
export function definition(type: Type, scope: Scope): StructureType | undefined {
  const structure = unqualified(type);
  if (!isStructure(structure)) return undefined;
  if (structure.byteSize !== undefined || structure.hasRuntimeSize || structure.name === undefined) return structure;
  const tag = structure.kind === 'union' ? 'union' : 'struct';
  for (const name of [structure.name, `${tag} ${structure.name}`]) {
    const found = scope.lookupType(name);
    const defined = found && unqualified(found);
    if (defined !== undefined && isStructure(defined) && defined.byteSize !== undefined) return defined;
  }
  return structure;
}

/** The node with its type's definition, where the type is only declared at the site. */
export function completed(node: Typed, scope: Scope): Typed {
  const structure = definition(node.type, scope);
  return node.kind === 'place' && structure !== undefined && sizeOf(node.type) === undefined
    ? { ...node, type: structure }
    : node;
}

/** Where a structure has a member of that name; undefined if it has none. */
export function memberPath(structure: StructureType, name: string, depth = 0): MemberPath | undefined {
  for (const candidate of structure.members) {
    if (candidate.name === name && !candidate.inherited) return [candidate];
  }
  if (depth === MAX_MEMBER_DEPTH) return undefined;
  for (const candidate of structure.members) {
    const inner = unqualified(candidate.type);
    if (!isStructure(inner) || !(candidate.inherited || candidate.name === undefined)) continue;
    const path = memberPath(inner, name, depth + 1);
    if (path !== undefined) return [candidate, ...path];
  }
  return undefined;
}

function memberPlace(object: Place, path: MemberPath): Place {
  return referent(path.reduce(partPlace, object));
}

/** The member or base class itself, where the object has it; of a reference the pointer that it is. */
export function partPlace(object: Place, { type, byteOffset, bits }: Member): Place {
  const { base, offset } = object;
  if (bits !== undefined) return { kind: 'place', type, base, offset, bits };
  if (typeof byteOffset === 'number') return { kind: 'place', type, base, offset: offset + byteOffset };
  const pointer: Typed = { kind: 'runtime', type: pointerTo(type), number: byteOffset, object };
  return { kind: 'place', type, base: { kind: 'pointer', pointer }, offset: 0 };
}

// ---- types
// ------------------------------------------------------------------------------------------------------------

/** The type that `(type)` names. Throws `unknown-name`. */
export function typeNamed(typeName: TypeName, scope: Scope): Type {
  let type = baseType(typeName.name, scope);
  if (type === undefined) {
    throw unknownName(`there is no type \`${typeName.name}\` here`, typeName.range);
  }
  for (let pointers = 0; pointers < typeName.pointers; pointers++) type = pointerTo(type);
  for (const count of [...typeName.counts].reverse()) {
    if (sizeOf(type) === undefined) throw typeError('array elements need a size', typeName.range);
    type = arrayOf(type, count);
  }
  return type;
}

function baseType(name: string, scope: Scope): Type | undefined {
  const words = name.split(' ');
  // `int` is C's, unless the program says otherwise: Go's has 64 bits.
  return scope.lookupType(name) ?? (words.every(isTypeWord) ? arithmeticType(words) : wellKnownType(name));
}

/** Whether a name that stands in parentheses is a type's. */
export function isTypeName(name: string, scope: Scope): boolean {
  return scope.lookup(name) === undefined && baseType(name, scope) !== undefined;
}
