/**
 * Where a function's arguments have their values. Optimised code describes them from its very first instruction
 * (location lists, registers), and that is the best place: every call passes it once. Unoptimised code first moves them
 * into its frame and describes them only there: after that prologue, which ends where the compiler marked it
 * (prologue_end), otherwise at the second row of the function's lines, the rule that gdb's skip_prologue_using_sal
 * follows.
 */
import { AT, OP, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { readOperations } from '../dwarf/expression';
import { LINE_FLAGS, type LineTable } from '../dwarf/lineTable';
import { isLocationList } from '../dwarf/locationLists';
import { entryRanges } from '../dwarf/ranges';
import { entryAddress } from './blocks';
import { isStatementRow } from './lineIndex';
import { languageOf } from './names';

const RBP = 6n;
const RSP = 7n;

/**
 * The first address of an out-of-line function where its arguments are where its debug information says; undefined
 * without code.
 */
export function addressAfterPrologue(subprogram: Entry, table: LineTable | undefined): number | undefined {
  const entry = entryAddress(subprogram);
  if (entry === undefined || !table) return entry;
  const marked = markedPrologueEnd(subprogram, entry, table);
  // Go's functions start by growing their stack, and start over once they did: only after that is a call counted once.
  if (marked !== undefined && languageOf(subprogram.unit) === 'go') return marked;
  if (!readsArgumentsFromFrame(subprogram)) return entry;
  return marked ?? secondRow(subprogram, entry, table) ?? entry;
}

function markedPrologueEnd(subprogram: Entry, entry: number, table: LineTable): number | undefined {
  return findRow(subprogram, entry, table, (row) => (table.flags[row]! & LINE_FLAGS.prologueEnd) !== 0);
}

function secondRow(subprogram: Entry, entry: number, table: LineTable): number | undefined {
  return findRow(
    subprogram,
    entry,
    table,
    (row) => table.addresses[row]! > entry && table.lines[row] !== 0 && isStatementRow(table, row),
  );
}

/** The address of the first row that fits, in the stretch of the function that is entered. */
function findRow(
  subprogram: Entry,
  entry: number,
  table: LineTable,
  fits: (row: number) => boolean,
): number | undefined {
  const range = entryRanges(subprogram).find(({ low, high }) => entry >= low && entry < high);
  const sequence = table.sequenceAt(entry);
  if (!range || !sequence) return undefined;
  for (let row = table.firstRowFrom(entry, sequence); row < sequence.endRow; row++) {
    const address = table.addresses[row]!;
    if (address >= range.high) return undefined;
    if (fits(row)) return address;
  }
  return undefined;
}

/** Whether some parameter's one and only place is in the function's own frame, which its prologue has yet to make. */
function readsArgumentsFromFrame(subprogram: Entry): boolean {
  for (const child of subprogram.children()) {
    if (child.tag !== TAG.formal_parameter) continue;
    const location = child.attribute(AT.location);
    if (!location || isLocationList(location)) continue;
    if (ifWellFormed(() => isInOwnFrame(location.block(), child, subprogram)) ?? false) return true;
  }
  return false;
}

function isInOwnFrame(expression: Uint8Array | undefined, parameter: Entry, subprogram: Entry): boolean {
  const first = expression && readOperations(expression, parameter.unit)[0];
  switch (first?.opcode) {
    case OP.fbreg:
      // Above the CFA lies the caller's frame: arguments on the stack, there from the start.
      return (first.operands[0] ?? 0n) < 0n || !isCallFrameCfa(subprogram);
    case OP.breg0:
      return first.operands[0] === RBP || first.operands[0] === RSP;
    default:
      return false;
  }
}

function isCallFrameCfa(subprogram: Entry): boolean {
  const base = subprogram.attribute(AT.frame_base);
  const expression = base && !isLocationList(base) ? base.block() : undefined;
  return expression?.length === 1 && expression[0] === OP.call_frame_cfa;
}
