/** Functions by name: their out-of-line code and every inlined copy, wherever in the program those are. */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { programUnitsMentioning } from '../dwarf/nameSearch';
import { entryRanges } from '../dwarf/ranges';
import { type Unit } from '../dwarf/unit';
import { type NamedEntry, type NameIndex } from '../index/nameIndex';
import { type NamePattern } from '../names/namePattern';
import { lastComponent, matchesName, withoutParameters, withoutTemplateArguments } from '../names/query';
import { hasRanges, instancesOf } from './instances';
import { nameOf, qualifiedNameOf, shortNameOf } from './names';
import { type Program } from './program';
import { withoutRests } from './splitFunctions';
import { withoutHandingOver } from './structors';

const FUNCTIONS: ReadonlySet<number> = new Set([TAG.subprogram]);

/**
 * All entries with code (out-of-line functions and inlined instances) of the functions that `query` names; a call
 * enters one of them.
 */
export function functionInstances(program: Program, query: string): Entry[] {
  return enteredOf(program, codeOf(program, namedFunctions(program, withoutParameters(query))));
}

/** Entries with code of functions and of all that completes them. */
export function codeOf(program: Program, functions: Iterable<Entry>): Entry[] {
  const found = new Map<number, Entry>();
  const pending: Entry[] = [];
  const reach = (entry: Entry): void => {
    if (found.has(entry.key)) return;
    found.set(entry.key, entry);
    // Nobody is an instance of an inlined instance.
    if (entry.tag === TAG.subprogram) pending.push(entry);
  };
  for (const entry of functions) reach(entry);
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    for (const instance of instancesOf(program, entry)) reach(instance);
  }
  return [...found.values()].filter((entry) => hasCode(program, entry));
}

/** Of entries with code, those that a call enters. */
export function enteredOf(program: Program, entries: readonly Entry[]): Entry[] {
  return withoutHandingOver(program, withoutRests(program, entries));
}

/** Function entries whose names a pattern means, each of which may be a declaration or have code. */
export function* functionsMatching(program: Program, pattern: NamePattern): IterableIterator<Entry> {
  const find = (index: NameIndex): Iterable<NamedEntry> => index.functionsMatching(pattern.coarse);
  for (const entry of program.names.matching(FUNCTIONS, find) ?? allFunctions(program)) {
    const qualified = ifWellFormed(() => qualifiedNameOf(entry));
    if (qualified === undefined) continue;
    if (pattern.matches(qualified) || pattern.matches(shortNameOf(entry))) yield entry;
  }
}

/** In a file without an index. */
function* allFunctions({ info }: Program): IterableIterator<Entry> {
  for (const unit of [...info.units, ...(info.supplementary?.units ?? [])]) {
    yield* ifWellFormed(() => [...functionsIn(unit)]) ?? [];
  }
}

/** Function entries that carry the name themselves: declarations, abstract instances, plain functions. */
export function* namedFunctions(program: Program, query: string): IterableIterator<Entry> {
  for (const entry of program.names.entries(query, FUNCTIONS, functionsOf) ?? searched(program, query)) {
    const qualified = ifWellFormed(() => qualifiedNameOf(entry));
    if (qualified !== undefined && (matchesName(qualified, query) || matchesName(shortNameOf(entry), query)))
      yield entry;
  }
}

function functionsOf(index: NameIndex, query: string): readonly NamedEntry[] {
  return index.functions(query);
}

/** Functions whose own name may be the one that is meant, in a file without an index. */
function* searched(program: Program, query: string): IterableIterator<Entry> {
  const name = lastComponent(query);
  for (const unit of programUnitsMentioning(program.info, program.split, name)) {
    for (const entry of functionsIn(unit)) {
      const own = ifWellFormed(() => entry.string(AT.name));
      if (own !== undefined && mayMatch(own, name)) yield entry;
    }
  }
}

/** Function entries of a unit that carry a name themselves. */
function* functionsIn({ entries }: Unit): IterableIterator<Entry> {
  for (let index = 0; index < entries.length; index++) {
    if (entries.tags[index] === TAG.subprogram && entries.has(index, AT.name)) yield Entry.of(entries, index);
  }
}

/** A cheap test before the whole name is put together. */
function mayMatch(own: string, name: string): boolean {
  return own.endsWith(name) || (own.includes('<') && withoutTemplateArguments(own).endsWith(name));
}

function hasCode(program: Program, entry: Entry): boolean {
  const ranges = hasRanges(entry) ? (ifWellFormed(() => entryRanges(entry)) ?? []) : [];
  return ranges.some(({ low }) => program.facts.isCode(low)) && nameOf(entry) !== undefined;
}
