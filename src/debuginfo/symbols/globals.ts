/** Variables, constants and types that a name means outside of functions, wherever in the program they are. */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { programUnitsMentioning } from '../dwarf/nameSearch';
import { type Unit } from '../dwarf/unit';
import { type NamedEntry, type NameIndex } from '../index/nameIndex';
import { instancesOf } from './instances';
import { lastComponent, matchesName } from '../names/query';
import { nameOf, qualifiedNameOf, shortNameOf } from './names';
import { type Program } from './program';

/** Entries inside these are local. */
const FUNCTIONS = new Set<number>([TAG.subprogram, TAG.inlined_subroutine, TAG.lexical_block]);

/** From where a name is looked up: its own unit comes first, and what is visible there. */
export interface LookupContext {
  readonly unit: Unit | undefined;
  /**
   * What may be left out before a name, with the sign after it (`shop::`, Go's `net/http.`): the scopes around, the
   * innermost first, each with those that are as near; the program's own, '', last.
   */
  readonly visible: readonly (readonly string[])[];
}

/** What a name means, and what else it may mean as well: names in full, all of them, or none. */
export interface Found {
  readonly entry: Entry;
  readonly alternatives: readonly string[];
}

const GLOBALS: ReadonlySet<number> = new Set([TAG.variable, TAG.constant, TAG.member]);
const ENUMERATORS: ReadonlySet<number> = new Set([TAG.enumerator]);

/** The global or file-level variable that `name` means: the entry that says where it is, else one that declares it. */
export function findGlobal(program: Program, name: string, from: LookupContext): Found | undefined {
  return best(named(program, name, GLOBALS, from), name, from, (entry) => definitionOf(program, entry));
}

/** The enumerator of this name. */
export function findEnumerator(program: Program, name: string, from: LookupContext): Found | undefined {
  return best(named(program, name, ENUMERATORS, from), name, from, (entry) => entry);
}

/**
 * The type of this name among those with the given tags; a definition rather than a declaration. Undefined where it may
 * be several.
 */
export function findType(
  program: Program,
  name: string,
  tags: ReadonlySet<number>,
  from: LookupContext,
): Entry | undefined {
  const found = best(named(program, name, tags, from), name, from, (entry) => entry);
  return found?.alternatives.length === 0 ? found.entry : undefined;
}

/** The definition, wherever in the program, of the structure or enumeration that `declaration` only names. */
export function findDefinition(program: Program, declaration: Entry): Entry | undefined {
  const name = qualifiedNameOf(declaration);
  if (name === undefined) return undefined;
  for (const entry of named(program, name, new Set([declaration.tag]), declaration)) {
    if (!entry.has(AT.declaration) && qualifiedNameOf(entry) === name) return entry;
  }
  return undefined;
}

/**
 * Entries with this name, outside of functions unless they are types. The own unit is looked at first and may be
 * enough.
 */
export function* named(
  program: Program,
  query: string,
  tags: ReadonlySet<number>,
  { unit: own }: Pick<LookupContext, 'unit'>,
): IterableIterator<Entry> {
  const name = query.replace(/^::/, '');
  const last = lastComponent(name);
  if (own) yield* namedIn(own, name, last, tags);
  const indexed = program.names.entries(name, tags, (index) => indexedNames(index, name, tags));
  if (indexed) {
    for (const entry of indexed) {
      // The index has no others; units without one are walked.
      if (entry.unit !== own && !isLocal(entry) && !isOfObject(entry) && isMeant(entry, name)) yield entry;
    }
    return;
  }
  for (const unit of programUnitsMentioning(program.info, program.split, last))
    if (unit !== own) yield* namedIn(unit, name, last, tags);
}

function indexedNames(index: NameIndex, name: string, tags: ReadonlySet<number>): readonly NamedEntry[] {
  if (tags.has(TAG.variable)) return index.globals(name);
  return tags.has(TAG.enumerator) ? index.enumerators(name) : index.types(name);
}

function* namedIn(unit: Unit, name: string, last: string, tags: ReadonlySet<number>): IterableIterator<Entry> {
  const { entries } = unit;
  for (let index = 1; index < entries.length; index++) {
    if (!tags.has(entries.tags[index]!) || !entries.has(index, AT.name)) continue;
    const entry = Entry.of(entries, index);
    if (isLocal(entry)) continue;
    const own = ifWellFormed(() => entry.string(AT.name));
    if (own === undefined || !(own.endsWith(last) || own.includes('<'))) continue;
    if (!isOfObject(entry) && isMeant(entry, name)) yield entry;
  }
}

function isLocal(entry: Entry): boolean {
  return entry.tag === TAG.variable && FUNCTIONS.has(entry.parent?.tag ?? 0);
}

/** Whether an entry is a member that each object has. Static ones are variables: members before DWARF 5. */
function isOfObject(entry: Entry): boolean {
  return entry.tag === TAG.member && !(entry.flag(AT.declaration) && entry.flag(AT.external));
}

function isMeant(entry: Entry, name: string): boolean {
  return ifWellFormed(() => namesOf(entry).some((each) => matchesName(each, name))) ?? false;
}

/** The names that an entry has in full: some of what is around it need not be written. */
function namesOf(entry: Entry): readonly string[] {
  const qualified = qualifiedNameOf(entry);
  if (qualified === undefined) return [];
  const short = shortNameOf(entry);
  const names = qualified === short ? [qualified] : [qualified, short];
  const enumeration = entry.tag === TAG.enumerator ? entry.parent : undefined;
  if (!enumeration || enumeration.flag(AT.enum_class)) return names;
  // An enumeration without `class` puts its names where it is itself (C++20 [dcl.enum]).
  const tag = nameOf(enumeration);
  const own = `${tag ?? ''}::${nameOf(entry) ?? ''}`;
  return tag === undefined
    ? names
    : [...names, ...names.map((each) => each.slice(0, -own.length) + (nameOf(entry) ?? ''))];
}

/**
 * What ranks entries of one name: nearer scopes, the own unit, and what is there rather than declared. Those that are
 * not visible come last, and only where they are all one.
 */
function best(
  entries: Iterable<Entry>,
  query: string,
  from: LookupContext,
  complete: (entry: Entry) => Entry,
): Found | undefined {
  const isFull = query.startsWith('::');
  const name = isFull ? query.slice(2) : query;
  const visible = (isFull ? [['']] : from.visible).map((prefixes) => prefixes.map((prefix) => prefix + name));
  let found: Entry | undefined;
  let others: Entry[] = [];
  let rank = Infinity;
  for (const entry of entries) {
    const names = namesOf(entry);
    const scope = visible.findIndex((group) => names.some((each) => group.includes(each)));
    if (scope < 0 && isFull) continue;
    const completed = complete(entry);
    const isDeclared = completed.has(AT.declaration) ? 1 : 0;
    const isForeign = entry.unit === from.unit ? 0 : entry.has(AT.external) ? 2 : 3;
    const own = (scope < 0 ? visible.length : scope) * 100 + isDeclared * 10 + isForeign;
    if (own > rank) continue;
    if (own < rank) others = [];
    else if (found && isOther(found, completed)) others.push(completed);
    if (own === rank) continue;
    found = completed;
    rank = own;
    if (rank === 0 && visible[0]?.length === 1) break;
  }
  if (!found) return undefined;
  const alternatives = [found, ...others].map(distinctName);
  return { entry: found, alternatives: others.length === 0 ? [] : [...new Set(alternatives)] };
}

/** Whether two entries of one name are two things: by their names in full, their values, or where they are. */
function isOther(one: Entry, other: Entry): boolean {
  if (qualifiedNameOf(one) !== qualifiedNameOf(other)) return true;
  const [value, otherValue] = [one, other].map((each) => each.attribute(AT.const_value)?.constant());
  if (value !== otherValue) return true;
  const [place, otherPlace] = [one, other].map((each) => each.attribute(AT.location)?.block());
  return place !== undefined && otherPlace !== undefined && Buffer.compare(place, otherPlace) !== 0;
}

/** A name that means this entry alone. */
function distinctName(entry: Entry): string {
  const qualified = qualifiedNameOf(entry) ?? '';
  const isOfFile = entry.tag === TAG.variable && !entry.has(AT.external) && !qualified.includes('::');
  const file = isOfFile ? Entry.rootOf(entry.unit)?.string(AT.name)?.split('/').at(-1) : undefined;
  return file === undefined ? qualified : `'${file}'::${qualified}`;
}

/** The entry that says where the variable is, if any does; else `entry`. */
function definitionOf(program: Program, entry: Entry): Entry {
  if (isDefinition(entry)) return entry;
  for (const instance of instancesOf(program, entry)) if (isDefinition(instance)) return instance;
  return entry;
}

function isDefinition(entry: Entry): boolean {
  return entry.has(AT.location) || entry.has(AT.const_value);
}
