/**
 * Signs that a compiler changed how often a line's code runs in a way that its marks do not show: vector instructions,
 * library calls and recursion in place of loops, copies without marks, statements of which nothing is left.
 */
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { type AddressRange, entryRanges, isIn } from '../dwarf/ranges';
import { type Doubt, DOUBTS } from './doubts';
import { type FunctionFlow } from './functionFlow';
import { columnOf, instructionsOf, isForeign, type LineCode, type LineInstruction, type LineRow } from './lineCode';
import { isStatementRow } from './lineIndex';
import { markingOf } from './marking';

/** `first`: the row with the column that counts; `starts`: where passes are taken to begin. */
export function doubtOfChange(
  code: LineCode,
  flow: FunctionFlow,
  first: LineRow,
  starts: ReadonlySet<number>,
): Doubt | undefined {
  const own = instructionsOf(code, flow);
  if (own.some(({ instruction }) => isPacked(instruction.packed, flow, instruction.address))) return DOUBTS.packed;
  if (isBesidePacked(flow, starts)) return DOUBTS.packed;
  if (own.length === 0) return [...starts].some((at) => flow.isPassedBy(at)) ? DOUBTS.empty : undefined;
  if (own.some(({ instruction }) => isMadeCall(code.subprogram, instruction))) return DOUBTS.made;
  const marking = markingOf(first.table, code.subprogram.unit);
  // LLVM moves the columns of what it merges.
  const counted = marking === 'lines' ? own : own.filter(({ column }) => column === columnOf(first));
  if (counted.some(({ instruction: { address } }) => returnsAvoiding(flow, address, starts))) return DOUBTS.turns;
  if (hasOwnAround(own, flow, starts)) return DOUBTS.turns;
  if (marking === 'statements' && isLeftOfLoop(first, flow, starts)) return DOUBTS.gone;
  if (passesAnother(code, flow, starts)) return DOUBTS.branches;
  if (marking === 'lines' && isDoneTwice(own, starts)) return DOUBTS.pieces;
  const isBesides = [...starts].some((at) => isRemainder(first, flow, at) || isTakenOut(code, flow, at));
  return isBesides ? DOUBTS.remainder : undefined;
}

/** A start outside a loop that goes around the function's instance, and has other code of it. */
function isTakenOut({ instance }: LineCode, flow: FunctionFlow, start: number): boolean {
  if (instance.tag !== TAG.inlined_subroutine) return false;
  const ranges = entryRanges(instance);
  const isOwn = (address: number): boolean => isIn(ranges, address);
  return [...flow.loops()].some((loop) => {
    if (loop.has(start)) return false;
    const all = [...loop];
    return all.some(isOwn) && !all.every(isOwn);
  });
}

/** What is loaded and stored whole outside loops may be a structure. */
function isPacked(packed: 'operation' | 'move' | undefined, flow: FunctionFlow, address: number): boolean {
  return packed === 'operation' || (packed === 'move' && flow.isInLoop(address));
}

/** Whether some code in `ranges` handles several values at once. */
export function isPackedIn(flow: FunctionFlow, ranges: readonly AddressRange[]): boolean {
  return flow.instructions.some(
    ({ packed, address }) => packed !== undefined && isIn(ranges, address) && isPacked(packed, flow, address),
  );
}

/** Whether some start is among instructions of a loop that handle several values at once, whosever they are. */
function isBesidePacked(flow: FunctionFlow, starts: ReadonlySet<number>): boolean {
  return [...starts].some(
    (start) => flow.isInLoop(start) && neighbours(flow, start).some((at) => flow.at(at)?.packed !== undefined),
  );
}

/** Whether control can come from `address` back to it without passing one of `starts`. */
export function returnsAvoiding(flow: FunctionFlow, address: number, starts: ReadonlySet<number>): boolean {
  return !starts.has(address) && flow.isInLoop(address, (at) => !starts.has(at));
}

/** Whether a whole way through the function runs the line's code, but comes to none of `starts`. */
function hasOwnAround(own: readonly LineInstruction[], flow: FunctionFlow, starts: ReadonlySet<number>): boolean {
  const isStart = (address: number): boolean => starts.has(address);
  const around = flow.reachableAvoiding(isStart);
  const ending = flow.endingAvoiding(isStart);
  return own.some(({ instruction: { address, changes, kind } }) => {
    return changes && kind !== 'branch' && !starts.has(address) && around.has(address) && ending.has(address);
  });
}

/**
 * Whether the only start lies between statements of a line in front of it, twice the same, as those of a loop's head,
 * and no loop is left there.
 */
function isLeftOfLoop({ table, row }: LineRow, flow: FunctionFlow, starts: ReadonlySet<number>): boolean {
  const [start] = starts;
  if (start === undefined || starts.size > 1 || flow.isInLoop(start)) return false;
  const end = Math.max(...neighbours(flow, start));
  const sequence = table.sequenceAt(start);
  if (!sequence) return false;
  const before = new Set<string>();
  for (let at = table.firstRowFrom(flow.entry, sequence); at < sequence.endRow && table.addresses[at]! <= end; at++) {
    const isInFront = table.files[at] === table.files[row] && table.lines[at]! < table.lines[row]!;
    if (!isStatementRow(table, at) || !isInFront) continue;
    const statement = `${table.lines[at]} ${table.columns[at]}`;
    if (at < row) before.add(statement);
    else if (before.has(statement)) return true;
  }
  return false;
}

/** Whether one pass, without leaving the line, goes from one of `starts` to another. */
function passesAnother({ rows }: LineCode, flow: FunctionFlow, starts: ReadonlySet<number>): boolean {
  const [{ table, row }] = rows as [LineRow];
  return [...starts].some((start) => {
    const onward = flow.reachable([start], (at) => isForeign(table, row, at) || starts.has(at));
    return [...starts].some((other) => other !== start && onward.has(other));
  });
}

/**
 * Whether between two starts, in memory, some part of the line does the same twice: with another part in between, or
 * writing memory both times.
 */
function isDoneTwice(own: readonly LineInstruction[], starts: ReadonlySet<number>): boolean {
  let done = new Set<string>();
  let current = new Set<string>();
  let column: number | undefined;
  for (const { instruction, column: its } of own) {
    if (starts.has(instruction.address)) {
      done = new Set();
      current = new Set();
    }
    if (its !== column) {
      for (const each of current) done.add(each);
      current = new Set();
      column = its;
    }
    if (!instruction.changes) continue;
    const what = `${its} ${instruction.operation}`;
    if (done.has(what) || (current.has(what) && instruction.store !== undefined)) return true;
    current.add(what);
  }
  return false;
}

/**
 * A start outside a loop whose lines are around it in the source, beside code of those lines: what is left to do when
 * the loop makes several turns in one.
 */
function isRemainder({ table, row }: LineRow, flow: FunctionFlow, start: number): boolean {
  const line = table.lines[row]!;
  const lineAt = (address: number): number => {
    const its = table.rowAt(address);
    return its === undefined || table.files[its] !== table.files[row] ? 0 : table.lines[its]!;
  };
  const beside = new Set(neighbours(flow, start).map(lineAt));
  for (const loop of flow.loops()) {
    if (loop.has(start)) continue;
    const lines = new Set([...loop].map(lineAt));
    lines.delete(0);
    const isAround = [...lines].some((each) => each < line) && [...lines].some((each) => each > line);
    if (isAround && !lines.has(line) && [...beside].some((each) => each !== line && lines.has(each))) return true;
  }
  return false;
}

/** The instructions of the basic block. */
function neighbours(flow: FunctionFlow, address: number): number[] {
  const block = [address];
  for (let at = flow.at(address); at && at.kind !== 'branch';) {
    at = flow.at(at.address + at.length);
    if (!at || flow.predecessors(at.address).length !== 1) break;
    block.push(at.address);
  }
  for (let before = flow.before(address); before && before.kind !== 'branch'; before = flow.before(before.address)) {
    block.push(before.address);
  }
  return block;
}

/**
 * Whether an instruction calls what no call of the source is (DWARF 5 §3.4.1): compilers that say of a function that
 * all its calls are described describe none that they made themselves.
 */
function isMadeCall(subprogram: Entry, { kind, address, length }: LineInstruction['instruction']): boolean {
  if (kind !== 'call' || !ALL_CALLS.some((attribute) => subprogram.flag(attribute))) return false;
  return !isDescribed(subprogram, address + length);
}

const ALL_CALLS = [AT.call_all_calls, AT.GNU_all_call_sites];

function isDescribed(entry: Entry, returnAddress: number): boolean {
  for (const child of entry.children()) {
    const at = child.tag === TAG.call_site ? child.address(AT.call_return_pc) : child.address(AT.low_pc);
    if ((child.tag === TAG.call_site || child.tag === TAG.GNU_call_site) && at === returnAddress) return true;
    if (SCOPES.has(child.tag) && isDescribed(child, returnAddress)) return true;
  }
  return false;
}

const SCOPES = new Set<number>([TAG.lexical_block, TAG.inlined_subroutine]);
