/**
 * `object.name`: where in a structure the member of a name is. Anonymous structures' members read as the outer one's
 * (C17 §6.7.2.1); so do those of base classes, unless that is ambiguous (C++20 [class.member.lookup]), and those of
 * Go's embedded fields, of which the shallowest counts (the Go specification, "Selectors").
 */
import { assertExists } from '../../base/assert';
import { type Member, type Scope, type StructureType, type Type } from '../../debuginfo/model/model';
import { mostSimilar } from '../../debuginfo/names/similarity';
import { didYouMean, type Range, typeError, unknownName } from '../expression/diagnostics';
import { referent } from './conversions';
import { type Place, type Typed } from './tree';
import { isStructure, pointerTo, sizeOf, unqualified } from './types';

/** Anonymous members, base classes and embedded fields inside each other. */
const MAX_MEMBER_DEPTH = 16;
/** More ways to members of one name are not worth telling apart. */
const MAX_CANDIDATES = 64;
/** Base classes that one search meets. */
const MAX_BASES = 1000;
const LISTED_MEMBERS = 12;

/** Anonymous structures, base classes and embedded fields around a member, from the outermost on, then the member. */
type MemberPath = readonly Member[];

interface Candidate {
  /** Of a static member, to the class that has it. */
  readonly path: MemberPath;
  /** The classes on the way, from the object's own to the one that declares the name. */
  readonly classes: readonly StructureType[];
  readonly staticMember: Place | undefined;
}

/** The member's place, or undefined where the structure has none of that name. Throws `type` where it has several. */
export function findMember(object: Place, name: string, range: Range, scope: Scope): Place | undefined {
  const structure = definition(object.type, scope);
  if (structure === undefined) return undefined;
  const cut = name.lastIndexOf('::');
  if (cut > 0) return qualifiedMember(object, structure, [name.slice(0, cut), name.slice(cut + 2)], range, scope);
  const found = distinct(candidates(structure, fieldName(structure, name), scope));
  const [only, other] = found;
  if (only === undefined) return undefined;
  if (other !== undefined) {
    const owners = [...new Set(found.map(({ classes }) => classes.at(-1)?.name ?? '?'))];
    const inFull = (owner: string) =>
      structure.language === 'go' ? `${owner.replace(/^.*\./, '')}.${name}` : `${owner}::${name}`;
    const ways = owners.map((owner) => `\`${inFull(owner)}\``).join(' or ');
    const [what, advice] =
      owners.length > 1 ? [ways, `Write ${ways}.`] : [`there are several \`${owners[0]}\` in it`, undefined];
    throw typeError(`\`${name}\` is ambiguous: ${what}`, range, advice);
  }
  return only.staticMember ?? memberPlace(object, only.path);
}

/** `object.name`. Throws `type` or `unknown-name`. */
export function member(object: Place, name: string, range: Range, scope: Scope): Place {
  const structure = assertExists(definition(object.type, scope), 'structure');
  if (structure.byteSize === undefined && !structure.hasRuntimeSize) {
    throw typeError(`\`${structure.name ?? 'this type'}\` is only declared here; its members are not known`, range);
  }
  const found = findMember(object, name, range, scope);
  if (found !== undefined) return found;
  const all = memberNames(structure, 0);
  const listed = all.slice(0, LISTED_MEMBERS);
  const advice =
    didYouMean(mostSimilar(name, all)) ?? (listed.length > 0 ? `Its members: ${listed.join(', ')}.` : undefined);
  throw unknownName(`\`${structure.name ?? 'this structure'}\` has no member \`${name}\``, range, advice);
}

/** rustc's names of fields that have a number only. */
function fieldName({ language }: StructureType, name: string): string {
  return language === 'rust' && /^\d+$/.test(name) ? `__${name}` : name;
}

function memberNames({ members }: StructureType, depth: number): string[] {
  if (depth > MAX_MEMBER_DEPTH) return [];
  return members.flatMap((each) => {
    const inner = throughPart(each);
    const own = each.inherited || each.name === undefined ? [] : [each.name.replace(/^__(?=\d+$)/, '')];
    return inner === undefined ? own : [...own, ...memberNames(inner, depth + 1)];
  });
}

/** The structure whose members read as those of the one that `part` is a member of; undefined for other members. */
function throughPart({ name, inherited, isEmbedded, type }: Member): StructureType | undefined {
  if (!inherited && name !== undefined && isEmbedded !== true) return undefined;
  const inner = unqualified(type);
  const target = isEmbedded === true && inner.kind === 'pointer' ? unqualified(inner.target) : inner;
  return isStructure(target) ? target : undefined;
}

function candidates(structure: StructureType, name: string, scope: Scope): Candidate[] {
  const found: Candidate[] = [];
  search(structure, [], []);
  return found;

  function search(type: StructureType, path: MemberPath, outer: readonly StructureType[]): void {
    if (found.length >= MAX_CANDIDATES || outer.length > MAX_MEMBER_DEPTH) return;
    const classes = [...outer, type];
    const own = type.members.find((each) => each.name === name && !each.inherited);
    if (own !== undefined) {
      found.push({ path: [...path, own], classes, staticMember: undefined });
      return;
    }
    const staticMember = type.language === 'c++' ? staticMemberOf(type, name, scope) : undefined;
    if (staticMember !== undefined) {
      found.push({ path, classes, staticMember });
      return;
    }
    for (const part of type.members) {
      const inner = throughPart(part);
      if (inner !== undefined && !outer.includes(inner)) search(inner, [...path, part], classes);
    }
  }
}

function staticMemberOf(type: StructureType, name: string, scope: Scope): Place | undefined {
  if (type.name === undefined) return undefined;
  const variable = scope.lookup(`::${type.name}::${name}`);
  if (variable === undefined || unqualified(variable.type).kind === 'function') return undefined;
  const base = { kind: 'variable', name, location: variable.location } as const;
  return referent({ kind: 'place', type: variable.type, base, offset: 0 });
}

/** One candidate for each member that the name may mean. */
function distinct(found: readonly Candidate[]): readonly Candidate[] {
  const isGo = found.some(({ classes }) => classes[0]?.language === 'go');
  if (isGo) {
    const depth = Math.min(...found.map(({ path }) => path.length));
    return found.filter(({ path }) => path.length === depth);
  }
  const bySubobject = new Map(found.map((each) => [subobjectOf(each), each]));
  const all = [...bySubobject.values()];
  return all.filter((each) => !all.some((other) => other !== each && hides(other, each)));
}

/** Which part of the object declares the name: a virtual base is one part, however many ways lead to it. */
function subobjectOf({ path, classes, staticMember }: Candidate): string {
  const own = classes.at(-1)?.name ?? '';
  if (staticMember !== undefined) return `static ${own}`;
  const virtual = path.findLastIndex(isVirtualBase);
  const from = virtual < 0 ? '' : (classes[virtual + 1]?.name ?? '');
  const rest = path
    .slice(virtual + 1)
    .map(({ byteOffset, name }) => `${name ?? ''}@${typeof byteOffset === 'number' ? byteOffset : ''}`);
  return [from, ...rest].join(' ');
}

/** A name in a class hides those of its virtual bases, on whatever way these are reached. */
function hides(one: Candidate, other: Candidate): boolean {
  const declaring = one.classes.at(-1);
  const virtual = other.path.flatMap((part, index) => (isVirtualBase(part) ? [other.classes[index + 1]?.name] : []));
  return declaring !== undefined && virtual.some((name) => name !== undefined && hasVirtualBase(declaring, name, 0));
}

function hasVirtualBase({ members }: StructureType, name: string, depth: number): boolean {
  if (depth > MAX_MEMBER_DEPTH) return false;
  return members.some((part) => {
    const base = part.inherited ? unqualified(part.type) : undefined;
    if (base === undefined || !isStructure(base)) return false;
    return (isVirtualBase(part) && base.name === name) || hasVirtualBase(base, name, depth + 1);
  });
}

function isVirtualBase({ inherited, byteOffset }: Member): boolean {
  return inherited && typeof byteOffset !== 'number';
}

/** `object.Base::name`. */
function qualifiedMember(
  object: Place,
  structure: StructureType,
  [qualifier, name]: readonly [string, string],
  range: Range,
  scope: Scope,
): Place | undefined {
  if (isNamed(structure, qualifier)) return findMember(object, name, range, scope);
  const base = basePath(structure, (type) => isNamed(type, qualifier));
  if (base === 'ambiguous') throw typeError(`\`${qualifier}\` is ambiguous: there are several in it`, range);
  return base && findMember(base.reduce(partPlace, object), name, range, scope);
}

function isNamed({ name }: StructureType, query: string): boolean {
  return name !== undefined && (name === query || name.endsWith(`::${query}`));
}

/**
 * The way from a class to the one base that `isWanted`; undefined where it has none such. Tuples nest as deep as they
 * are long, so what bounds the search is how many classes it meets; one that has more of them is as an ambiguous one.
 */
export function basePath(
  structure: StructureType,
  isWanted: (type: StructureType) => boolean,
): MemberPath | 'ambiguous' | undefined {
  const found = new Map<string, MemberPath>();
  let met = 0;
  search(structure, [], [structure]);
  if (found.size > 1 || met > MAX_BASES) return 'ambiguous';
  return [...found.values()][0];

  function search(type: StructureType, path: MemberPath, classes: readonly StructureType[]): void {
    for (const part of type.members) {
      const base = part.inherited ? unqualified(part.type) : undefined;
      if (base === undefined || !isStructure(base) || classes.includes(base)) continue;
      if (found.size > MAX_CANDIDATES || ++met > MAX_BASES) return;
      const [way, on] = [
        [...path, part],
        [...classes, base],
      ];
      if (isWanted(base)) found.set(subobjectOf({ path: way, classes: on, staticMember: undefined }), way);
      else search(base, way, on);
    }
  }
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

function memberPlace(object: Place, path: MemberPath): Place {
  return referent(path.reduce(throughPointer, object));
}

/** Go's embedded fields may be pointers. */
function throughPointer(object: Place, part: Member): Place {
  const type = unqualified(object.type);
  if (type.kind !== 'pointer') return partPlace(object, part);
  return partPlace({ kind: 'place', type: type.target, base: { kind: 'pointer', pointer: object }, offset: 0 }, part);
}

/** The member or base class itself, where the object has it; of a reference the pointer that it is. */
export function partPlace(object: Place, { type, byteOffset, bits }: Member): Place {
  const { base, offset } = object;
  if (bits !== undefined) return { kind: 'place', type, base, offset, bits };
  if (typeof byteOffset === 'number') return { kind: 'place', type, base, offset: offset + byteOffset };
  const pointer: Typed = { kind: 'runtime', type: pointerTo(type), number: byteOffset, object };
  return { kind: 'place', type, base: { kind: 'pointer', pointer }, offset: 0 };
}

/** The part at the end of a chain of members, whose names are all known; undefined where one is missing. */
export function fieldAt(object: Place, names: readonly string[]): Place | undefined {
  let place = object;
  for (const name of names) {
    const structure = unqualified(place.type);
    const found = isStructure(structure) ? structure.members.find((each) => each.name === name) : undefined;
    if (found === undefined) return undefined;
    place = partPlace(place, found);
  }
  return place;
}
