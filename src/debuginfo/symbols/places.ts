/** Where probes stand: the places of a function's instances, and of a source line in each function instance that has it. */
import { type LinkAddress, linkAddress } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { AT, TAG } from '../dwarf/constants';
import { tolerating } from '../dwarf/debugInfo';
import { type Entry } from '../dwarf/entry';
import { type LineTable } from '../dwarf/lineTable';
import { entryRanges } from '../dwarf/ranges';
import { type ProbePlace, type SourceLine } from '../model';
import { entryAddress, innermostFunction } from './blocks';
import { functionInstances } from './functionInstances';
import { type FileInProgram, isStatementRow } from './lineIndex';
import { inherited, qualifiedNameOf } from './names';
import { type Program } from './program';
import { addressAfterPrologue } from './prologue';
import { wholeInstance, withoutRests } from './splitFunctions';

/** A request may move down to a function's first line from this many lines above its declaration, not from further away. */
const MAX_LINES_BEFORE_FUNCTION = 3;

/** One place for each instance of the functions that `name` means, in address order. */
export function functionPlaces(program: Program, name: string): ProbePlace[] {
  const places: ProbePlace[] = [];
  let failure: SidestepError | undefined;
  for (const instance of functionInstances(program, name)) {
    try {
      const place = instancePlace(program, instance);
      if (place) places.push(place);
    } catch (error) {
      if (!(error instanceof SidestepError) || error.code !== 'malformed') throw error;
      failure ??= error;
    }
  }
  // One bad instance does not hide the others; when all are bad, that is why there is none.
  if (places.length === 0 && failure) throw failure;
  return sortedByAddress(places);
}

/** The place of one function instance: where its arguments read right. */
export function instancePlace(program: Program, instance: Entry): ProbePlace | undefined {
  const table = program.lines.tableOf(instance.unit);
  const first = instance.tag === TAG.subprogram ? addressAfterPrologue(instance, table) : entryAddress(instance);
  if (first === undefined || !program.facts.isCode(first)) return undefined;
  const row = table && rowOf(program, instance, first, table);
  const others = row === undefined ? [] : laterCandidates(program, instance, first, table!, row);
  return {
    candidates: [first, ...others].map(linkAddress),
    function: qualifiedNameOf(instance),
    line: row === undefined ? undefined : program.lines.lineOfRow(table!, row),
  };
}

/** The row at `address` that is the instance's own: an inlined function may start at the same address. */
function rowOf(program: Program, instance: Entry, address: number, table: LineTable): number | undefined {
  const sequence = table.sequenceAt(address);
  if (!sequence) return undefined;
  for (let row = table.firstRowFrom(address, sequence); table.addresses[row] === address; row++) {
    if (isStatementRow(table, row) && isRowOf(program, instance, table, row)) return row;
  }
  return table.rowAt(address);
}

function isRowOf(program: Program, instance: Entry, table: LineTable, row: number): boolean {
  const blocks = program.blocksAt(table.addresses[row]!, table.viewOf(row));
  return blocks.length > 0 && innermostFunction(blocks).key === instance.key;
}

/** Other statement rows of row `row`'s line behind address `start` that belong to the same instance. */
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

/** The line with code at or behind `line` of the file, and its places; undefined when there is none. */
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
  const entered = new Set(
    withoutRests(
      program,
      groups.flatMap(([instance]) => instance ?? []),
    ),
  );
  for (const [function_, rows] of groups) {
    // The line goes on where the rest begins.
    if (function_ && !entered.has(function_) && isEnteredAt(function_, rows)) continue;
    if (found !== line && function_ && isFarAbove(function_, line, rows)) continue;
    places.push(linePlace(program, function_, rows, file, found));
  }
  return places.length > 0 ? { file, line: found, places: sortedByAddress(places) } : undefined;
}

/** Lines from `first` to `last` that have code, ascending. */
export function codeLines(program: Program, file: string, first: number, last: number): number[] {
  const lines = new Set<number>();
  forEachStatement(program.lines.programsOf(file), (table, row) => {
    const line = table.lines[row]!;
    if (line >= first && line <= last && line > 0) lines.add(line);
  });
  return [...lines].sort((a, b) => a - b);
}

function lineWithCode(programs: readonly FileInProgram[], line: number): number | undefined {
  let best = Infinity;
  forEachStatement(programs, (table, row) => {
    const candidate = table.lines[row]!;
    if (candidate >= line && candidate < best && candidate > 0) best = candidate;
  });
  return best === Infinity ? undefined : best;
}

function forEachStatement(programs: readonly FileInProgram[], visit: (table: LineTable, row: number) => void): void {
  for (const { table, files } of programs) {
    for (const { firstRow, endRow } of table.sequences) {
      for (let row = firstRow; row < endRow; row++) {
        if (files.has(table.files[row]!) && isStatementRow(table, row)) visit(table, row);
      }
    }
  }
}

interface LineRow {
  readonly table: LineTable;
  readonly row: number;
  readonly address: number;
}

/** The statement rows of `line`, by the function instance that each belongs to. */
function rowsByInstance(
  program: Program,
  programs: readonly FileInProgram[],
  line: number,
): [Entry | undefined, LineRow[]][] {
  const groups = new Map<number, [Entry | undefined, LineRow[]]>();
  forEachStatement(programs, (table, row) => {
    if (table.lines[row] !== line) return;
    const address = table.addresses[row]!;
    const blocks = tolerating(() => program.blocksAt(address, table.viewOf(row))) ?? [];
    const instance = blocks.length > 0 ? wholeInstance(innermostFunction(blocks)) : undefined;
    // Code without a described function goes by the symbol it belongs to; no entry has a negative key.
    const key = instance ? instance.key : -1 - (program.facts.functionSymbol(address)?.address ?? address);
    const group = groups.get(key);
    if (group) group[1].push({ table, row, address });
    else groups.set(key, [instance, [{ table, row, address }]]);
  });
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

function linePlace(
  program: Program,
  instance: Entry | undefined,
  rows: readonly LineRow[],
  file: string,
  line: number,
): ProbePlace {
  const [{ table, row }] = rows as [LineRow];
  const addresses = [...new Set(rows.map(({ address }) => address))].sort((a, b) => a - b);
  const source: SourceLine = { file, line, column: table.columns[row]! };
  if (!instance) return { candidates: addresses.map(linkAddress), function: undefined, line: source };
  const ordered = hotFirst(program, addresses);
  const opening = openingAddress(instance, ordered, table);
  const candidates = opening === undefined ? ordered : [opening, ...ordered.filter((address) => address > opening)];
  return { candidates: candidates.map(linkAddress), function: qualifiedNameOf(instance), line: source };
}

/** Where the line is an out-of-line function's opening one: the address behind its prologue. */
function openingAddress(instance: Entry, addresses: readonly number[], table: LineTable): number | undefined {
  if (instance.tag !== TAG.subprogram) return undefined;
  const entry = entryAddress(instance);
  return entry !== undefined && addresses.includes(entry) ? addressAfterPrologue(instance, table) : undefined;
}

/** Addresses in the stretch of the function that is entered before those that the compiler split off as unlikely. */
function hotFirst(program: Program, addresses: readonly number[]): number[] {
  if (addresses.length < 2) return [...addresses];
  const subprogram = program.functionAt(addresses[0]!);
  const entry = subprogram && entryAddress(subprogram);
  const hot =
    subprogram && entry !== undefined
      ? entryRanges(subprogram).find(({ low, high }) => entry >= low && entry < high)
      : undefined;
  if (!hot) return [...addresses];
  const isHot = (address: number): boolean => address >= hot.low && address < hot.high;
  return [...addresses.filter(isHot), ...addresses.filter((address) => !isHot(address))];
}

/** In address order; of several functions that are entered at one address, the first found. */
function sortedByAddress(places: ProbePlace[]): ProbePlace[] {
  const byAddress = new Map<LinkAddress, ProbePlace>();
  for (const place of places) if (!byAddress.has(place.candidates[0]!)) byAddress.set(place.candidates[0]!, place);
  return [...byAddress.values()].sort((a, b) => Number(a.candidates[0]! - b.candidates[0]!));
}
