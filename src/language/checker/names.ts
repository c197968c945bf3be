/** What names mean at a site: variables, members of `this`, constants, enumerators, functions. */
import { type Scope, type Type, type Variable } from '../../debuginfo/model/model';
import { mostSimilar } from '../../debuginfo/names/similarity';
import { type TypeName } from '../expression/ast';
import { didYouMean, type Range, unknownName } from '../expression/diagnostics';
import { BOOL, VOID_POINTER } from '../typed/builtinTypes';
import { constant, referent } from '../typed/conversions';
import { findMember } from '../typed/members';
import { typeNamed } from './typeNames';
import { type Place, type Typed } from '../typed/tree';
import { typeText, unqualified } from '../typed/types';

/** Names that languages give to values; the program's own of the same name come first. */
const CONSTANTS: ReadonlyMap<string, Typed> = new Map([
  ['true', constant(BOOL, 1n)],
  ['false', constant(BOOL, 0n)],
  ['NULL', constant(VOID_POINTER, 0n)],
  ['nullptr', constant(VOID_POINTER, 0n)],
  ['nil', constant(VOID_POINTER, 0n)],
]);

/** The value that `name` means; undefined if there is none. Throws `unknown-name` where it means several. */
export function valueNamed(name: string, range: Range, scope: Scope): Typed | undefined {
  const local = scope.lookupLocal(name);
  if (local !== undefined) return placeOf(local, range);
  const ofThis = memberOfThis(name, range, scope);
  if (ofThis !== undefined) return ofThis;
  const variable = scope.lookup(name);
  if (variable !== undefined) return placeOf(variable, range);
  return (
    CONSTANTS.get(name) ??
    qualifiedEnumerator(name, scope) ??
    functionNamed(name, range, scope) ??
    declaredElsewhere(name, scope)
  );
}

function placeOf(variable: Variable, range: Range): Place {
  const { name, type, location, alternatives = [] } = variable;
  if (alternatives.length > 0) {
    const names = alternatives.map((each) => `\`${each}\``).join(', ');
    throw unknownName(`\`${name}\` is ambiguous: it may be ${names}`, range, 'Write one of these names.');
  }
  return referent({ kind: 'place', type, base: { kind: 'variable', name, location }, offset: 0 });
}

/** A function's name means its address, as in C. */
function functionNamed(name: string, range: Range, scope: Scope): Typed | undefined {
  const [only, ...others] = scope.functions(name);
  if (only === undefined) return undefined;
  if (others.length === 0) return placeOf(only, range);
  const all = [only, ...others].map((each) => `\`${signature(each)}\``);
  throw unknownName(`\`${name}\` is ambiguous: there are ${all.join(', ')}`, range, 'Write its parameters.');
}

/** `draw(int, char *)`. Throws `unknown-name`. */
export function overload(name: string, parameters: readonly TypeName[], range: Range, scope: Scope): Typed {
  const wanted = parameters.map((each) => typeText(typeNamed(each, scope))).filter((text) => text !== 'void');
  const all = scope.functions(name);
  if (all.length === 0) throw noSuchName(name, range, scope);
  const [only, ...others] = all.filter(({ type }) => {
    const own = parametersOf(type).map((each) => typeText(unqualified(each)));
    return own.length === wanted.length && own.every((text, index) => text === wanted[index]);
  });
  if (only !== undefined && others.length === 0) return placeOf(only, range);
  const known = all.map((each) => `\`${signature(each)}\``).join(', ');
  throw unknownName(`there is no \`${name}(${wanted.join(', ')})\``, range, `There are ${known}.`);
}

function signature({ name, type }: Variable): string {
  return `${name}(${parametersOf(type)
    .map((each) => typeText(each))
    .join(', ')})`;
}

function parametersOf(type: Type): readonly Type[] {
  return type.kind === 'function' ? type.parameters : [];
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
function memberOfThis(name: string, range: Range, scope: Scope): Typed | undefined {
  if (scope.language !== 'c++' || name.startsWith('::')) return undefined;
  const self = scope.lookupLocal('this');
  const type = self && unqualified(self.type);
  if (self === undefined || type?.kind !== 'pointer') return undefined;
  const base = { kind: 'variable', name: 'this', location: self.location } as const;
  const pointer: Place = { kind: 'place', type, base, offset: 0 };
  return findMember(
    { kind: 'place', type: type.target, base: { kind: 'pointer', pointer }, offset: 0 },
    name,
    range,
    scope,
  );
}

/** `Color::red`. */
function qualifiedEnumerator(name: string, scope: Scope): Typed | undefined {
  const cut = name.lastIndexOf('::');
  if (cut <= 0) return undefined;
  const type = scope.lookupType(name.slice(0, cut)) ?? scope.lookupType(`enum ${name.slice(0, cut)}`);
  return type && enumerator(type, name.slice(cut + 2));
}

/** Enumerators near to a name that is none of the enumeration before it: `Color::rde`. */
function similarEnumerators(name: string, scope: Scope): readonly string[] {
  const cut = name.lastIndexOf('::');
  const type = cut > 0 ? scope.lookupType(name.slice(0, cut)) : undefined;
  const enumeration = type && unqualified(type);
  if (enumeration?.kind !== 'enumeration') return [];
  const names = enumeration.enumerators.map((each) => each.name);
  return mostSimilar(name.slice(cut + 2), names).map((each) => `${name.slice(0, cut)}::${each}`);
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
  const similar = [...similarEnumerators(name, scope), ...scope.similarNames(name)];
  return unknownName(`there is no \`${name}\` here`, range, didYouMean(similar));
}
