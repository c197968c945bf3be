/**
 * How a compiler marked the rows of its line tables: `statements`, each copy of a statement anew; `lines`, wherever the
 * line changes; `mixed`, every instruction alike; `plain`, nothing was copied.
 */
import { AT, FORM } from '../dwarf/constants';
import { Entry } from '../dwarf/entry';
import { type LineTable } from '../dwarf/lineTable';
import { type Unit } from '../dwarf/unit';
import { languageOf } from './names';

export type Marking = 'statements' | 'lines' | 'mixed' | 'plain';

export function markingOf(table: LineTable, unit: Unit): Marking {
  const producer = Entry.rootOf(unit)?.string(AT.producer) ?? '';
  if (languageOf(unit) === 'go' || !isOptimised(unit, producer)) return 'plain';
  const gcc = /^GNU \S+ (\d+)/.exec(producer);
  if (gcc) {
    const isMarked = Number(gcc[1]) >= 8 && !producer.includes(' -gno-statement-frontiers');
    return isMarked && table.marksStatements ? 'statements' : 'mixed';
  }
  return 'lines';
}

/** GCC writes its options into its name; others leave lists of the places that variables have in turn. */
function isOptimised(unit: Unit, producer: string): boolean {
  return /\s-O(?!0\b)/.test(producer) || unit.abbreviations.declares(AT.location, LISTS);
}

const LISTS: ReadonlySet<number> = new Set([FORM.sec_offset, FORM.loclistx, FORM.data4, FORM.data8]);
