/**
 * Where each call of a function passes exactly once. What follows the prologue may be the head of a loop: each turn
 * would count as a call. Then the place is the prologue's last instruction, which only the entry leads to; what that
 * one has yet to store is read from where it comes from (pendingStore.ts).
 */
import { type Entry } from '../dwarf/entry';
import { type LineTable } from '../dwarf/lineTable';
import { entryRanges } from '../dwarf/ranges';
import { innermostFunction } from './blocks';
import { type FunctionFlow } from './functionFlow';
import { isStatementRow } from './lineIndex';
import { languageOf } from './names';
import { markingOf } from './passes';
import { type Program } from './program';
import { addressAfterPrologue } from './prologue';

export interface CallAddress {
  readonly address: number;
  readonly doubt?: string;
}

const LOOP_AT_ENTRY = 'it begins with a loop that leads back to its first instruction: each iteration counts as a call';

/** The address of an out-of-line function's calls; undefined without code. */
export function callAddress(
  program: Program,
  subprogram: Entry,
  table: LineTable | undefined,
): CallAddress | undefined {
  const first = addressAfterPrologue(subprogram, table);
  if (first === undefined) return undefined;
  const flow = program.flowOf(subprogram);
  if (!flow || !isInLoop(subprogram, flow, first)) return { address: first };
  const before = flow.before(first);
  if (first === flow.entry || !before || before.store === 'unknown' || isInLoop(subprogram, flow, before.address)) {
    return { address: first, doubt: LOOP_AT_ENTRY };
  }
  return { address: before.address };
}

/** Go's functions start over once their stack has grown: that is no loop. */
function isInLoop(subprogram: Entry, flow: FunctionFlow, address: number): boolean {
  const startsOver = languageOf(subprogram.unit) === 'go' && address !== flow.entry;
  return flow.isInLoop(address, (at) => !startsOver || at !== flow.entry);
}

/**
 * Where further copies of an inlined function's instance are entered, as unrolling a loop around it makes them: at the
 * statement that the instance begins with, unless only turns of a loop within the instance lead there. `first`, `row`:
 * where the instance begins.
 */
export function inlinedCopies(
  program: Program,
  instance: Entry,
  first: number,
  table: LineTable,
  row: number,
): number[] {
  const subprogram = program.functionAt(first);
  const flow = subprogram && program.flowOf(subprogram);
  if (!flow || !MARKS_COPIES.has(markingOf(table, subprogram.unit))) return [];
  const ranges = entryRanges(instance);
  const isWithin = (address: number): boolean => ranges.some(({ low, high }) => address >= low && address < high);
  const copies = new Set<number>();
  for (const at of rowsLike(table, row, ranges)) {
    const address = table.addresses[at]!;
    if (address === first || !isRowOf(program, instance, table, at)) continue;
    const isTurn = flow.predecessors(address).every(isWithin) && flow.isInLoop(address, isWithin);
    if (!isTurn) copies.add(address);
  }
  return [...copies].sort((a, b) => a - b);
}

const MARKS_COPIES: ReadonlySet<string> = new Set(['statements', 'lines']);

/** Statement rows in `ranges` with the file, line and column of `row`. */
function* rowsLike(table: LineTable, row: number, ranges: ReturnType<typeof entryRanges>): IterableIterator<number> {
  const { files, lines, columns, addresses } = table;
  for (const { low, high } of ranges) {
    const sequence = table.sequenceAt(low);
    if (!sequence) continue;
    for (let at = table.firstRowFrom(low, sequence); at < sequence.endRow && addresses[at]! < high; at++) {
      const isLike = files[at] === files[row] && lines[at] === lines[row] && columns[at] === columns[row];
      if (isLike && isStatementRow(table, at)) yield at;
    }
  }
}

/** Whether a row belongs to the instance itself, not to what is inlined there or around it. */
export function isRowOf(program: Program, instance: Entry, table: LineTable, row: number): boolean {
  const blocks = program.blocksOfRow(table, row);
  return blocks.length > 0 && innermostFunction(blocks).key === instance.key;
}
