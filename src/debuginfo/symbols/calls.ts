/**
 * Where each call of a function passes exactly once. What follows the prologue may be the head of a loop: each turn
 * would count as a call. Then the place is the prologue's last instruction, which only the entry leads to; what that
 * one has yet to store is read from where it comes from (pendingStore.ts).
 */
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { type LineTable } from '../dwarf/lineTable';
import { entryRanges } from '../dwarf/ranges';
import { innermostFunction, isFunction } from './blocks';
import { type Doubt, DOUBTS } from './doubts';
import { type FunctionFlow } from './functionFlow';
import { isStatementRow } from './lineIndex';
import { inherited, languageOf } from './names';
import { markingOf } from './marking';
import { type Program } from './program';
import { addressAfterPrologue } from './prologue';
import { functionKey } from './splitFunctions';
import { returnsAvoiding } from './transformed';

export interface CallAddress {
  readonly address: number;
  readonly doubt?: string;
}

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
    return { address: first, doubt: DOUBTS.loopAtEntry };
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

/**
 * Whether the function's first statement can run again without a call passing one of `places`. Recursion at a function's
 * end becomes such a loop, and looks as one that was written.
 */
export function doubtOfCalls(
  program: Program,
  instance: Entry,
  table: LineTable,
  places: readonly number[],
  row: number,
): Doubt | undefined {
  const subprogram = program.functionAt(places[0]!);
  const flow = subprogram && program.flowOf(subprogram);
  if (!flow || markingOf(table, subprogram.unit) === 'plain') return undefined;
  if (isWithinItself(instance)) return DOUBTS.inlinedRecursion;
  const first = firstStatement(program, instance, table, row);
  if (first === undefined || declaresAt(instance, table.lines[first]!)) return undefined;
  const starts = new Set(places);
  for (const like of rowsLike(table, first, entryRanges(instance))) {
    const address = table.addresses[like]!;
    if (isRowOf(program, instance, table, like) && returnsAvoiding(flow, address, starts)) return DOUBTS.recursion;
  }
  return undefined;
}

/** The row of the statement behind a function's opening, or the one that an inlined instance begins with. */
function firstStatement(program: Program, instance: Entry, table: LineTable, opening: number): number | undefined {
  if (instance.tag !== TAG.subprogram) return opening;
  const { lines, columns, addresses } = table;
  const sequence = table.sequenceAt(addresses[opening]!);
  const range = entryRanges(instance).find(({ low, high }) => addresses[opening]! >= low && addresses[opening]! < high);
  if (!sequence || !range) return undefined;
  for (let row = opening + 1; row < sequence.endRow && addresses[row]! < range.high; row++) {
    const isOther = lines[row] !== lines[opening] || columns[row] !== columns[opening];
    if (isOther && lines[row] !== 0 && isStatementRow(table, row) && isRowOf(program, instance, table, row)) return row;
  }
  return undefined;
}

/** Whether a variable of the function, not of its parameters, is declared on the line, as in `for (int i = 0; …`. */
function declaresAt(instance: Entry, line: number): boolean {
  return [...instance.children()].some(
    (child) =>
      (child.tag === TAG.variable && inherited(child, (origin) => origin.unsigned(AT.decl_line)) === line) ||
      (child.tag === TAG.lexical_block && declaresAt(child, line)),
  );
}

function isWithinItself(instance: Entry): boolean {
  const origin = functionKey(instance);
  const isSelf = (entry: Entry): boolean => functionKey(entry) === origin;
  for (let around = instance.parent; around && isBlock(around); around = around.parent) {
    if (isFunction(around) && isSelf(around)) return true;
  }
  return hasWithin(instance, isSelf);
}

function hasWithin(entry: Entry, isSelf: (inner: Entry) => boolean): boolean {
  return [...entry.children()].some(
    (child) => isBlock(child) && ((child.tag === TAG.inlined_subroutine && isSelf(child)) || hasWithin(child, isSelf)),
  );
}

function isBlock({ tag }: Entry): boolean {
  return tag === TAG.lexical_block || tag === TAG.inlined_subroutine || tag === TAG.subprogram;
}

/** Whether a row belongs to the instance itself, not to what is inlined there or around it. */
export function isRowOf(program: Program, instance: Entry, table: LineTable, row: number): boolean {
  const blocks = program.blocksOfRow(table, row);
  return blocks.length > 0 && innermostFunction(blocks).key === instance.key;
}
