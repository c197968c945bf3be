/**
 * Where probes stand: the places of a function's instances, and of a source line in each function instance that has it.
 */
import { assertExists } from '../../base/assert';
import { type LinkAddress, linkAddress } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { AT, TAG } from '../dwarf/constants';
import { ifWellFormed } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { LINE_FLAGS, type LineTable } from '../dwarf/lineTable';
import { entryRanges } from '../dwarf/ranges';
import { type ProbePlace, type SourceLine } from '../model/model';
import { entryAddress, innermostFunction } from './blocks';
import { functionInstances } from './functionInstances';
import { DOUBTS } from './doubts';
import { type FileInProgram, isStatementRow } from './lineIndex';
import { inherited, qualifiedNameOf } from './names';
import { type Program } from './program';
import { type CallAddress, callAddress, doubtOfCalls, inlinedCopies, isInlinedRecursion, isRowOf } from './calls';
import { type LineRow } from './lineCode';
import { markingOf } from './marking';
import { passesOf } from './passes';
import { wholeInstance, withoutRests } from './splitFunctions';
import { withoutHandingOver } from './structors';

/**
 * A request may move down to a function's first line from this many lines above its declaration, not from further away.
 */
const MAX_LINES_BEFORE_FUNCTION = 3;

/** One place for each instance of the functions that `name` means, in address order. */
export function functionPlaces(program: Program, name: string): ProbePlace[] {
  const places: ProbePlace[] = [];
  let failure: SidestepError | undefined;
  for (const instance of functionInstances(program, name)) {
    try {
      places.push(...instancePlaces(program, instance));
    } catch (error) {
      if (!(error instanceof SidestepError) || error.code !== 'malformed') throw error;
      failure ??= error;
    }
  }
  // One bad instance does not hide the others; when all are bad, that is why there is none.
  if (places.length === 0 && failure) throw failure;
  return sortedByAddress(places);
}

/** The places of one function instance: where its arguments read right, once for each call. */
export function instancePlaces(program: Program, instance: Entry): ProbePlace[] {
  const table = program.lines.tableOf(instance.unit);
  const call = instance.tag === TAG.subprogram ? callAddress(program, instance, table) : enteredAt(program, instance);
  if (call === undefined || !program.facts.isCode(call.address)) return [];
  const { address: first } = call;
  const row = table && rowOf(program, instance, first, table);
  const hasRow = table !== undefined && row !== undefined;
  const others = hasRow ? laterCandidates(program, instance, first, table, row) : [];
  const copies = hasRow && instance.tag !== TAG.subprogram ? inlinedCopies(program, instance, first, table, row) : [];
  const starts = [first, ...copies];
  const doubt = call.doubt ?? (hasRow ? doubtOfCalls(program, instance, table, starts, row) : undefined);
  const place = {
    function: qualifiedNameOf(instance),
    line: hasRow ? program.lines.lineOfRow(table, row) : undefined,
    ...(doubt && { doubt }),
  };
  return starts.map((start, index) => ({
    ...place,
    candidates: [start, ...others.filter((at) => at > start && at < (copies[index] ?? Infinity))].map(linkAddress),
  }));
}

/** LLVM counts the padding in front of a loop among an inlined function's code; control may come in behind it. */
function enteredAt(program: Program, instance: Entry): CallAddress | undefined {
  const address = entryAddress(instance);
  if (address === undefined) return undefined;
  const subprogram = program.functionAt(address);
  return { address: (subprogram && program.flowOf(subprogram)?.behindPadding(address)) ?? address };
}

/**
 * The row at `address` that is the instance's own: an inlined function may start at the same address. LLVM does not say
 * which function a row belongs to; the last one there is the innermost function's.
 */
function rowOf(program: Program, instance: Entry, address: number, table: LineTable): number | undefined {
  const sequence = table.sequenceAt(address);
  if (!sequence) return undefined;
  const own: number[] = [];
  for (let row = table.firstRowFrom(address, sequence); table.addresses[row] === address; row++) {
    if (isStatementRow(table, row) && isRowOf(program, instance, table, row)) own.push(row);
  }
  const isLast =
    instance.tag === TAG.inlined_subroutine &&
    markingOf(table, instance.unit) === 'lines' &&
    innermostFunction(program.blocksAt(address)).key === instance.key;
  return own.at(isLast ? -1 : 0) ?? table.rowAt(address);
}

/** Other statement rows of row `row`'s line after address `start` that belong to the same instance. */
function laterCandidates(program: Program, instance: Entry, start: number, table: LineTable, row: number): number[] {
  const line = table.lines[row]!;
  const file = table.files[row]!;
  const addresses = new Set<number>();
  for (const { low, high } of entryRanges(instance)) {
    const sequence = table.sequenceAt(low);
    if (!sequence) continue;
    for (let at = table.firstRowFrom(low, sequence); at < sequence.endRow && table.addresses[at]! < high; at++) {
      if (table.lines[at] !== line || table.files[at] !== file || !isStatementRow(table, at)) continue;
      const address = table.addresses[at]!;
      if (address > start && isRowOf(program, instance, table, at)) addresses.add(address);
    }
  }
  return [...addresses].sort((a, b) => a - b);
}

/** The line with code at or after `line` of the file, and its places; undefined when there is none. */
export function linePlaces(
  program: Program,
  file: string,
  line: number,
): { file: string; line: number; places: ProbePlace[] } | undefined {
  const programs = program.lines.programsOf(file);
  const found = lineWithCode(programs, line);
  if (found === undefined) return undefined;
  const places: ProbePlace[] = [];
  const groups = rowsByInstance(program, programs, found);
  const instances = groups.flatMap(([instance]) => instance ?? []);
  const entered = new Set(withoutHandingOver(program, withoutRests(program, instances)));
  for (const [function_, rows] of groups) {
    // The line goes on where the rest begins, or another variant.
    if (function_ && !entered.has(function_) && isEnteredAt(function_, rows)) continue;
    if (found !== line && function_ && isFarAbove(function_, line, rows)) continue;
    places.push(...placesInInstance(program, function_, rows, file, found));
  }
  return places.length > 0 ? { file, line: found, places: sortedByAddress(places) } : undefined;
}

/** Lines from `first` to `last` that have code, ascending. */
export function codeLines(program: Program, file: string, first: number, last: number): number[] {
  const lines = new Set<number>();
  for (const each of program.lines.programsOf(file)) {
    for (let line = each.lineFrom(first); line !== undefined && line <= last; line = each.lineFrom(line + 1)) {
      lines.add(line);
    }
  }
  return [...lines].sort((a, b) => a - b);
}

function lineWithCode(programs: readonly FileInProgram[], line: number): number | undefined {
  let best: number | undefined;
  for (const each of programs) {
    const found = each.lineFrom(line);
    if (found !== undefined && (best === undefined || found < best)) best = found;
  }
  return best;
}

/** The statement rows of `line`, by the function instance that each belongs to. */
function rowsByInstance(
  program: Program,
  programs: readonly FileInProgram[],
  line: number,
): [Entry | undefined, LineRow[]][] {
  const groups = new Map<number, [Entry | undefined, LineRow[]]>();
  const add = (table: LineTable, row: number): void => {
    const address = table.addresses[row]!;
    const blocks = ifWellFormed(() => program.blocksOfRow(table, row)) ?? [];
    const instance = blocks.length > 0 ? wholeInstance(innermostFunction(blocks)) : undefined;
    // Code without a described function goes by the symbol it belongs to; no entry has a negative key.
    const key = instance ? instance.key : -1 - (program.facts.functionSymbol(address)?.address ?? address);
    const group = groups.get(key);
    if (group) group[1].push({ table, row, address });
    else groups.set(key, [instance, [{ table, row, address }]]);
  };
  for (const each of programs) for (const row of each.rowsOf(line)) add(each.table, row);
  return [...groups.values()];
}

/** Whether moving from `line` to these rows would enter a function that is declared well below `line`. */
function isFarAbove(instance: Entry, line: number, rows: readonly LineRow[]): boolean {
  const declared = inherited(instance, (origin) => origin.unsigned(AT.decl_line));
  return declared !== undefined && declared > line + MAX_LINES_BEFORE_FUNCTION && isEnteredAt(instance, rows);
}

function isEnteredAt(instance: Entry, rows: readonly LineRow[]): boolean {
  const entry = entryAddress(instance);
  return rows.some(({ address }) => address === entry);
}

function placesInInstance(
  program: Program,
  instance: Entry | undefined,
  rows: readonly LineRow[],
  file: string,
  line: number,
): ProbePlace[] {
  const [{ table, row }] = rows as [LineRow];
  const source: SourceLine = { file, line, column: table.columns[row]! };
  const sorted = [...rows].sort((a, b) => a.address - b.address || a.row - b.row);
  const subprogram = program.functionAt(assertExists(sorted[0], 'row of the line').address);
  if (!instance || !subprogram) {
    const addresses = new Set(sorted.map(({ address }) => address));
    return [{ candidates: [...addresses].map(linkAddress), function: undefined, line: source }];
  }
  const ordered = hotFirst(subprogram, sorted);
  const name = qualifiedNameOf(instance);
  const opening = openingAddress(program, instance, ordered, table);
  if (opening !== undefined) {
    const later = ordered.map(({ address }) => address).filter((address) => address > opening.address);
    const candidates = [...new Set([opening.address, ...later])].map(linkAddress);
    return [{ candidates, function: name, line: source, ...(opening.doubt && { doubt: opening.doubt }) }];
  }
  const again = isInlinedRecursion(program, instance) ? DOUBTS.inlinedRecursion : undefined;
  return passesOf({ program, subprogram, instance, rows: ordered }).map(({ candidates, doubt = again }) => ({
    candidates: candidates.map(linkAddress),
    function: name,
    line: source,
    ...(doubt && { doubt }),
  }));
}

/** Where the line is an out-of-line function's opening one, the first that its entry has: the place of its calls. */
function openingAddress(
  program: Program,
  instance: Entry,
  rows: readonly LineRow[],
  table: LineTable,
): CallAddress | undefined {
  if (instance.tag !== TAG.subprogram) return undefined;
  const entry = entryAddress(instance);
  const isOpening = rows.some(
    ({ address, row }) =>
      address === entry && (row === 0 || table.addresses[row - 1] !== entry || isEnd(table, row - 1)),
  );
  return isOpening ? callAddress(program, instance, table) : undefined;
}

function isEnd(table: LineTable, row: number): boolean {
  return (table.flags[row]! & LINE_FLAGS.endSequence) !== 0;
}

/** Rows in the stretch of the function that is entered before those that the compiler split off as unlikely. */
function hotFirst(subprogram: Entry, rows: readonly LineRow[]): LineRow[] {
  const entry = entryAddress(subprogram);
  const hot =
    entry === undefined ? undefined : entryRanges(subprogram).find(({ low, high }) => entry >= low && entry < high);
  if (!hot) return [...rows];
  const isHot = ({ address }: LineRow): boolean => address >= hot.low && address < hot.high;
  return [...rows.filter(isHot), ...rows.filter((row) => !isHot(row))];
}

/** The address that serves best. */
export function bestOf({ candidates }: ProbePlace): LinkAddress {
  return assertExists(candidates[0], 'address of a place');
}

/** In address order; of several functions that are entered at one address, the first found. */
function sortedByAddress(places: ProbePlace[]): ProbePlace[] {
  const byAddress = new Map<LinkAddress, ProbePlace>();
  for (const place of places) if (!byAddress.has(bestOf(place))) byAddress.set(bestOf(place), place);
  return [...byAddress.values()].sort((a, b) => Number(bestOf(a) - bestOf(b)));
}
