/**
 * Where each call of a function passes exactly once. What follows the prologue may be the head of a loop: each turn
 * would count as a call. Then the place is the prologue's last instruction, which only the entry leads to; what that
 * one has yet to store is read from where it comes from (pendingStore.ts).
 */
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { type LineTable } from '../dwarf/lineTable';
import { type AddressRange, entryRanges, isIn } from '../dwarf/ranges';
import { innermostFunction, isFunction } from './blocks';
import { type Doubt, DOUBTS } from './doubts';
import { type FunctionFlow } from './functionFlow';
import { isStatementRow } from './lineIndex';
import { inherited, languageOf } from './names';
import { markingOf } from './marking';
import { type Program } from './program';
import { addressAfterPrologue } from './prologue';
import { functionKey, wholeInstance } from './splitFunctions';
import { isPackedIn, returnsAvoiding } from './transformed';

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
  const isWithin = (address: number): boolean => isIn(ranges, address);
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

/** Rows in `ranges` with the file, line and column of `row`, of statements alone or all. */
function* rowsLike(
  table: LineTable,
  row: number,
  ranges: readonly AddressRange[],
  all = false,
): IterableIterator<number> {
  const { files, lines, columns } = table;
  for (const at of rowsIn(table, ranges)) {
    const isLike = files[at] === files[row] && lines[at] === lines[row] && columns[at] === columns[row];
    if (isLike && (all || isStatementRow(table, at))) yield at;
  }
}

function* rowsIn(table: LineTable, ranges: readonly AddressRange[]): IterableIterator<number> {
  for (const { low, high } of ranges) {
    const sequence = table.sequenceAt(low);
    if (!sequence) continue;
    for (let at = table.firstRowFrom(low, sequence); at < sequence.endRow && table.addresses[at]! < high; at++) {
      yield at;
    }
  }
}

/**
 * Why calls may be missed: the function's first statement can run again without a call passing one of `places`
 * (recursion at a function's end becomes such a loop, and looks as one that was written), or several calls were made
 * one. `row`: of the first place.
 */
export function doubtOfCalls(
  program: Program,
  instance: Entry,
  table: LineTable,
  places: readonly number[],
  row: number,
): Doubt | undefined {
  const [place] = places;
  const subprogram = place === undefined ? undefined : program.functionAt(place);
  const flow = subprogram && program.flowOf(subprogram);
  const marking = subprogram && markingOf(table, subprogram.unit);
  if (!flow || marking === 'plain') return undefined;
  if (isInlinedRecursion(program, instance)) return DOUBTS.inlinedRecursion;
  const ranges = entryRanges(instance);
  if (instance.tag !== TAG.subprogram && isPackedIn(flow, ranges)) return DOUBTS.packed;
  if (instance.tag !== TAG.subprogram) {
    if (hasCopyOutside(program, flow, instance, table, row, entryRanges(subprogram))) return DOUBTS.unmarked;
    if (marking === 'lines' && ranges.some(({ low }) => isReenteredAt(flow, ranges, low, places))) return DOUBTS.pieces;
  }
  const first = firstStatement(program, instance, table, row);
  if (first === undefined || declaresAt(instance, table.lines[first]!)) return undefined;
  const starts = new Set(places);
  for (const like of rowsLike(table, first, ranges, marking === 'lines')) {
    const address = table.addresses[like]!;
    if (isRowOf(program, instance, table, like) && returnsAvoiding(flow, address, starts)) return DOUBTS.recursion;
  }
  return undefined;
}

/**
 * Whether the statement that the instance begins with is marked where no instance of the function has code, and control
 * gets there from elsewhere: what an instance's own code leads to is a piece of it.
 */
function hasCopyOutside(
  program: Program,
  flow: FunctionFlow,
  instance: Entry,
  table: LineTable,
  row: number,
  around: readonly AddressRange[],
): boolean {
  const key = functionKey(instance);
  // Where nothing is left of its beginning, nothing tells of copies.
  if (!isRowOf(program, instance, table, row)) return !isIn(entryRanges(instance), table.addresses[row]!);
  const isInInstance = (address: number, blocks: readonly Entry[]): boolean =>
    blocks.some((block) => functionKey(block) === key && isIn(entryRanges(block), address));
  return [...rowsLike(table, row, around)].some((like) => {
    const address = table.addresses[like]!;
    if (isInInstance(address, program.blocksOfRow(table, like))) return false;
    const before = flow.predecessors(address);
    return before.length === 0 || !before.every((from) => isInInstance(from, program.blocksAt(from)));
  });
}

/** Whether control comes back to `address` from outside the instance without passing one of `places`. */
function isReenteredAt(
  flow: FunctionFlow,
  ranges: readonly AddressRange[],
  address: number,
  places: readonly number[],
): boolean {
  return returnsAvoiding(flow, address, new Set(places)) && !flow.isInLoop(address, (at) => isIn(ranges, at));
}

/** The row of the statement behind a function's opening, or the one that an inlined instance begins with. */
function firstStatement(program: Program, instance: Entry, table: LineTable, opening: number): number | undefined {
  const { lines, columns, addresses } = table;
  if (instance.tag !== TAG.subprogram) {
    for (const row of rowsIn(table, entryRanges(instance))) {
      if (addresses[row]! >= addresses[opening]! && isRowOf(program, instance, table, row)) return row;
    }
    return opening;
  }
  const sequence = table.sequenceAt(addresses[opening]!);
  const range = entryRanges(instance).find((each) => isIn([each], addresses[opening]!));
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

/** Whether an instance lies in a call of itself: in an instance of its own function, or in a function that it calls. */
export function isInlinedRecursion(program: Program, instance: Entry): boolean {
  return isWithinItself(instance) || callsWhatItIsIn(program, instance);
}

function callsWhatItIsIn(program: Program, instance: Entry): boolean {
  if (instance.tag === TAG.subprogram) return false;
  const ranges = entryRanges(instance);
  const subprogram = ranges[0] && program.functionAt(ranges[0].low);
  const flow = subprogram && program.flowOf(subprogram);
  if (!flow) return false;
  return flow.instructions.some(
    ({ kind, target, address }) => kind === 'call' && target === flow.entry && isIn(ranges, address),
  );
}

/** A function that was split, and its rest inlined again, is not meant. */
function isWithinItself(instance: Entry): boolean {
  const key = declarationKey(instance);
  const isSelf = (entry: Entry): boolean => isFunction(entry) && declarationKey(entry) === key;
  const whole = wholeInstance(instance);
  for (let around = whole.parent; around && isBlock(around); around = around.parent) {
    if (isSelf(around)) return true;
  }
  return hasWithin(whole, (inner) => isSelf(inner) && wholeInstance(inner) === inner);
}

/** The same for all instances of a template. */
function declarationKey(entry: Entry): string {
  const [file, line, column] = [AT.decl_file, AT.decl_line, AT.decl_column].map((attribute) =>
    inherited(entry, (origin) => origin.unsigned(attribute)),
  );
  return line === undefined ? `${functionKey(entry)}` : `${file}:${line}:${column}`;
}

function hasWithin(entry: Entry, isSelf: (inner: Entry) => boolean): boolean {
  return [...entry.children()].some((child) => isBlock(child) && (isSelf(child) || hasWithin(child, isSelf)));
}

function isBlock({ tag }: Entry): boolean {
  return tag === TAG.lexical_block || tag === TAG.inlined_subroutine || tag === TAG.subprogram;
}

/** Whether a row belongs to the instance itself, not to what is inlined there or around it. */
export function isRowOf(program: Program, instance: Entry, table: LineTable, row: number): boolean {
  const blocks = program.blocksOfRow(table, row);
  return blocks.length > 0 && innermostFunction(blocks).key === instance.key;
}
