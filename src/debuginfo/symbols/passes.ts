/**
 * Where passes through a line begin: one address for each copy of its code. A compiler that unrolls or peels a loop
 * copies its lines; one that schedules instructions cuts them into pieces. Line tables tell them apart as far as
 * compilers say it:
 *
 * - GCC, optimising, marks where each statement of the source begins (is_stmt; -gstatement-frontiers), in every copy of
 *   it anew, and its pieces not at all. The first statement on the line, which its column names, is the line's.
 * - LLVM marks each instruction that comes from another line than the one in front of it: pieces, too. What begins with
 *   the same column is taken as a copy.
 * - GCC before version 8 marks every instruction alike: a line has one place.
 * - Where nothing is optimised, nothing is copied.
 *
 * What control reaches without passing one of these is a beginning of its own. Doubts that remain are said.
 */
import { assertExists } from '../../base/assert';
import { type LineTable } from '../dwarf/lineTable';
import { type Doubt, DOUBTS } from './doubts';
import { type FunctionFlow } from './functionFlow';
import { columnOf, isForeign, type LineCode, type LineRow } from './lineCode';
import { isStatementRow } from './lineIndex';
import { markingOf } from './marking';
import { type Program } from './program';
import { doubtOfChange } from './transformed';

/** One beginning: its address and later ones that serve when it can't be probed. */
export interface Pass {
  readonly candidates: readonly number[];
  readonly doubt?: string;
}

/** Where passes begin, in the order of `rows`. */
export function passesOf(code: LineCode): readonly Pass[] {
  const { program, subprogram, rows } = code;
  const flow = program.flowOf(subprogram);
  const doubts = new Set<Doubt>();
  const starts = flow ? startsByFlow(code, flow, doubts) : new Set(rows.slice(0, 1).map(({ address }) => address));
  const addresses = [...new Set(rows.map(({ address }) => address))];
  return addresses.flatMap((address, index) => {
    if (!starts.has(address)) return [];
    const next = addresses.findIndex((later, at) => at > index && starts.has(later));
    const others = addresses.slice(index + 1, next < 0 ? undefined : next);
    const moved = flow ? settle(code, flow, address, starts) : { address };
    if (moved.doubt) doubts.add(moved.doubt);
    const [doubt] = doubts;
    // What lies in front of the loop is no candidate for what lies in it, and the other way round.
    const serving = moved.address === address ? others : [];
    return [{ candidates: [moved.address, ...serving], ...(doubt && { doubt }) }];
  });
}

function startsByFlow(code: LineCode, flow: FunctionFlow, doubts: Set<Doubt>): ReadonlySet<number> {
  const { rows, subprogram } = code;
  const own = new Set(rows.map(({ address }) => address));
  const first = firstRow(rows, flow, own);
  const marking = markingOf(first.table, subprogram.unit);
  const copies = new Set(copiesOf(first, rows).map(({ address }) => address));
  const starts = marking === 'plain' || marking === 'mixed' ? new Set([first.address]) : copies;
  if (marking === 'mixed' && copies.size > 1) doubts.add(DOUBTS.pieces);
  if (marking === 'statements' && isMerged(first, rows)) doubts.add(DOUBTS.merged);
  if (marking === 'lines' && starts.size > 1 && isUneven(starts.size, rows)) doubts.add(DOUBTS.pieces);
  addUncovered(code, flow, starts, doubts);
  const change = marking === 'plain' ? undefined : doubtOfChange(code, flow, first, starts);
  if (change) doubts.add(change);
  return starts;
}

/** The row through which control first comes into the line; of several, the first. */
function firstRow(rows: readonly LineRow[], flow: FunctionFlow, own: ReadonlySet<number>): LineRow {
  const reached = flow.reachableAvoiding((address) => own.has(address));
  return rows.find(({ address }) => reached.has(address)) ?? assertExists(rows[0], 'row of the line');
}

function copiesOf(first: LineRow, rows: readonly LineRow[]): LineRow[] {
  return rows.filter((each) => columnOf(each) === columnOf(first));
}

/** Whether two copies of the statement begin at one address: nothing of the one is left. */
function isMerged(first: LineRow, rows: readonly LineRow[]): boolean {
  const copies = copiesOf(first, rows);
  return copies.some(({ address, row }, index) => {
    const before = index > 0 ? copies[index - 1] : undefined;
    return before?.address === address && hasOtherStatement(first, before.row, row);
  });
}

/** Whether a statement of another line begins between two rows. */
function hasOtherStatement({ table, row: known }: LineRow, from: number, to: number): boolean {
  for (let row = from + 1; row < to; row++) {
    if (isStatementRow(table, row) && table.lines[row] !== table.lines[known]) return true;
  }
  return false;
}

/** Whether some other column begins another number of times, but more than once. */
function isUneven(copies: number, rows: readonly LineRow[]): boolean {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(columnOf(row), (counts.get(columnOf(row)) ?? 0) + 1);
  return [...counts.values()].some((count) => count > 1 && count !== copies);
}

/** Adds rows that control reaches without any of `starts`: other branches that lead into the middle of the line. */
function addUncovered({ rows }: LineCode, flow: FunctionFlow, starts: Set<number>, doubts: Set<Doubt>): void {
  for (;;) {
    const reached = flow.reachableAvoiding((address) => starts.has(address));
    const missed = rows.find(({ address }) => !starts.has(address) && reached.has(address));
    if (!missed) return;
    const within = new Set(rows.map(({ address }) => address));
    const onward = flow.reachable(
      starts,
      (address) => isForeign(missed.table, missed.row, address) && !within.has(address),
    );
    if (onward.has(missed.address)) doubts.add(DOUBTS.branches);
    starts.add(missed.address);
  }
}

/**
 * A statement that left no instruction of its own stands at the next one. Where that begins a loop, or is where
 * branches meet, the statement may lie in front of it: then the last instruction before is the place.
 */
function settle(
  { program, subprogram, rows }: LineCode,
  flow: FunctionFlow,
  address: number,
  starts: ReadonlySet<number>,
): { readonly address: number; readonly doubt?: Doubt } {
  const { table, row } = assertExists(
    rows.find((each) => each.address === address),
    'row of a pass',
  );
  if (markingOf(table, subprogram.unit) !== 'statements' || address === flow.entry) return { address };
  const before = flow.before(address);
  const others = flow.predecessors(address).filter((from) => flow.at(from)?.kind !== 'pad' && from !== before?.address);
  if (others.length > 0 && hasCodeInFront(table, row, flow, address)) return { address, doubt: DOUBTS.joined };
  if (others.length === 0 || hasCodeFrom({ table, row, address }, flow, starts)) return { address };
  if (!before) return { address, doubt: DOUBTS.joined };
  const isLoop = flow.isInLoop(address) && !flow.isInLoop(before.address);
  if (!isLoop || !isSameInstance(program, table, row, before.address)) return { address, doubt: DOUBTS.joined };
  return { address: before.address, doubt: DOUBTS.joined };
}

/** Whether the instructions that lead straight to `address` have some of the row's line: the rest may be a piece. */
function hasCodeInFront(table: LineTable, row: number, flow: FunctionFlow, address: number): boolean {
  for (let before = flow.before(address); before; before = flow.before(before.address)) {
    if (before.kind !== 'pad' && !isForeign(table, row, before.address)) return true;
  }
  return false;
}

/**
 * Whether this row's line, or one whose row comes before it at this address, has an instruction that only runs after
 * this address, and before another start.
 */
function hasCodeFrom({ table, row, address }: LineRow, flow: FunctionFlow, starts: ReadonlySet<number>): boolean {
  const elsewhere = flow.reachableAvoiding((at) => at === address);
  const lines = new Set<number>();
  for (let at = row; at >= 0 && table.addresses[at] === address; at--) {
    if (isStatementRow(table, at)) lines.add(table.lines[at]!);
  }
  const isEnd = (at: number): boolean => starts.has(at);
  const isOwn = (at: number): boolean => {
    const its = table.rowAt(at);
    return its !== undefined && lines.has(table.lines[its]!);
  };
  if (isOwn(address)) return true;
  return flow.reachable([address], isEnd).some((at) => !elsewhere.has(at) && !isEnd(at) && isOwn(at));
}

function isSameInstance(program: Program, table: LineTable, row: number, before: number): boolean {
  const here = program.blocksOfRow(table, row).at(-1);
  return here !== undefined && program.blocksAt(before).some((block) => block.key === here.key);
}
