/**
 * What completes an entry: instances of an abstract function, definitions of a declared function or variable (DWARF 5
 * §2.13, §3.3.8).
 */
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { unitsReferringTo } from '../dwarf/nameSearch';
import { type Unit } from '../dwarf/unit';
import { type Program } from './program';

/** Entries that say of themselves that they are an instance of `entry`, or the definition that it declares. */
export function* instancesOf(program: Program, entry: Entry): IterableIterator<Entry> {
  for (const unit of unitsWithInstances(program, entry)) {
    yield* ifWellFormed(() => program.functionsOf(unit).instancesOf(entry.key)) ?? [];
  }
}

export function hasRanges(entry: Entry): boolean {
  return entry.has(AT.low_pc) || entry.has(AT.ranges);
}

function unitsWithInstances({ info, names }: Program, entry: Entry): Iterable<Unit> {
  const { unit } = entry;
  // What a .dwo file has, no other file completes.
  if (unit.isSplit) return [unit];
  // Most declarations are of functions that other units define.
  if (entry.has(AT.declaration) && unit.file === info.file && !unit.abbreviations.declares(AT.specification)) return [];
  // A plain declaration is completed in its own unit; one that several units share, from any of them, and so is what
  // link-time optimisation put elsewhere.
  const isShared = unit.file.isSupplementary || unit.root?.tag === TAG.partial_unit;
  const isWhole = entry.has(AT.declaration) || hasRanges(entry) || entry.has(AT.location);
  if (!isShared && isWhole) return [unit];
  return new Set([unit, ...(names.unitsCompleting(entry) ?? unitsReferringTo(info, entry))]);
}
