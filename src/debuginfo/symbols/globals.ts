/** Variables, constants and types that a name means outside of functions, wherever in the program they are. */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { programUnitsMentioning } from '../dwarf/nameSearch';
import { type Unit } from '../dwarf/unit';
import { type NamedEntry, type NameIndex } from '../index/nameIndex';
import { instancesOf } from './instances';
import { lastComponent, matchesName } from '../names/query';
import { qualifiedNameOf } from './names';
import { type Program } from './program';

/** Entries inside these are local. */
const FUNCTIONS = new Set<number>([TAG.subprogram, TAG.inlined_subroutine, TAG.lexical_block]);

export const TYPE_TAGS: ReadonlySet<number> = new Set<number>([
  TAG.base_type,
  TAG.typedef,
  TAG.template_alias,
  TAG.structure_type,
  TAG.class_type,
  TAG.interface_type,
  TAG.union_type,
  TAG.enumeration_type,
  TAG.unspecified_type,
  // Go gives names to its pointer, array and function types.
  TAG.pointer_type,
  TAG.array_type,
  TAG.subroutine_type,
]);

/** From where a name is looked up: its own unit comes first, and the namespaces around it. */
export interface LookupContext {
  readonly unit: Unit | undefined;
  /** Qualified names of the namespaces and classes around, innermost first; without the empty one. */
  readonly enclosing: readonly string[];
}

/** The global or file-level variable that `name` means: the entry that says where it is, else one that declares it. */
export function findGlobal(program: Program, name: string, from: LookupContext): Entry | undefined {
  return best(named(program, name, new Set([TAG.variable]), from), name, from, (entry) => definitionOf(program, entry));
}

/** The enumerator of this name. */
export function findEnumerator(program: Program, name: string, from: LookupContext): Entry | undefined {
  return best(named(program, name, new Set([TAG.enumerator]), from), name, from, (entry) => entry);
}

/** The type of this name among those with the given tags; a definition rather than a declaration. */
export function findType(
  program: Program,
  name: string,
  tags: ReadonlySet<number>,
  from: LookupContext,
): Entry | undefined {
  return best(named(program, name, tags, from), name, from, (entry) => entry);
}

/** The definition, wherever in the program, of the structure or enumeration that `declaration` only names. */
export function findDefinition(program: Program, declaration: Entry): Entry | undefined {
  const name = qualifiedNameOf(declaration);
  if (name === undefined) return undefined;
  for (const entry of named(program, name, new Set([declaration.tag]), { unit: declaration.unit, enclosing: [] })) {
    if (!entry.has(AT.declaration) && qualifiedNameOf(entry) === name) return entry;
  }
  return undefined;
}

/**
 * Entries with this name, outside of functions unless they are types. The own unit is looked at first and may be
 * enough.
 */
function* named(
  program: Program,
  name: string,
  tags: ReadonlySet<number>,
  { unit: own }: LookupContext,
): IterableIterator<Entry> {
  const last = lastComponent(name);
  if (own) yield* namedIn(own, name, last, tags);
  const indexed = program.names.entries(name, tags, (index) => indexedNames(index, name, tags));
  if (indexed) {
    for (const entry of indexed) {
      const qualified = entry.unit === own ? undefined : ifWellFormed(() => qualifiedNameOf(entry));
      if (qualified !== undefined && matchesName(qualified, name)) yield entry;
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
    if (entries.tags[index] === TAG.variable && FUNCTIONS.has(entries.tags[entries.parents[index]!]!)) continue;
    const entry = Entry.of(entries, index);
    const own = ifWellFormed(() => entry.string(AT.name));
    if (own === undefined || !(own.endsWith(last) || own.includes('<'))) continue;
    const qualified = ifWellFormed(() => qualifiedNameOf(entry));
    if (qualified !== undefined && matchesName(qualified, name)) yield entry;
  }
}

/** What ranks entries of one name: nearer scopes, the own unit, and what is there rather than declared. */
function best(
  entries: Iterable<Entry>,
  name: string,
  from: LookupContext,
  complete: (entry: Entry) => Entry,
): Entry | undefined {
  const names = [...from.enclosing.map((scope) => `${scope}::${name}`), name];
  let found: Entry | undefined;
  let rank = Infinity;
  for (const entry of entries) {
    const qualified = qualifiedNameOf(entry) ?? '';
    const scope = names.indexOf(qualified);
    const completed = complete(entry);
    const isDeclared = completed.has(AT.declaration) ? 1 : 0;
    const isForeign = entry.unit === from.unit ? 0 : entry.has(AT.external) ? 2 : 3;
    const own = (scope < 0 ? names.length : scope) * 100 + isDeclared * 10 + isForeign;
    if (own >= rank) continue;
    found = completed;
    rank = own;
    if (rank === 0) break;
  }
  return found;
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
