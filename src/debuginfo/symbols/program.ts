/**
 * What all questions about one program start from: its debug information with the indexes over it, made when first
 * needed. Also what the questions need of the ELF file itself, so that nothing else here knows of it.
 */
import { type LinkAddress } from '../../base/address';
import { type DebugInfo } from '../dwarf/debugInfo';
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { type FlowInstruction } from '../../base/controlFlow';
import { type UnwindRow } from '../dwarf/cfi/row';
import { type LineTable } from '../dwarf/lineTable';
import { entryRanges } from '../dwarf/ranges';
import { type SplitUnits } from '../dwarf/splitUnits';
import { type Unit } from '../dwarf/unit';
import { type ProgramNames } from '../index/programNames';
import { type ThreadBlock } from '../model/model';
import { blocksAt, entryAddress } from './blocks';
import { type CallSite, callSitesIn } from './callSites';
import { FunctionFlow } from './functionFlow';
import { LineIndex } from './lineIndex';
import { UnitFinder } from './unitFinder';
import { UnitFunctions } from './unitFunctions';

export interface LinkedSymbols {
  /** The word that has the address of the data that this module knows by the name and does not define. */
  importedData(name: string): LinkAddress | undefined;
  /** The word that has the address of data that this module defines at `address`: another's may take its place. */
  ownData(address: LinkAddress): LinkAddress | undefined;
  /** The same of thread-local variables; the block is the variable alone. */
  importedThreadLocal(name: string): ThreadBlock | undefined;
  ownThreadLocal(offset: bigint): ThreadBlock | undefined;
}

export interface ProgramFacts {
  /** Whether an address is in an executable segment. */
  isCode(address: number): boolean;
  /** How to unwind at an address, by any frame section. */
  unwindRowAt(pc: number): UnwindRow | undefined;
  /** Address of a data symbol of the ELF file: definitions that debug information only declares. */
  dataSymbol(name: string): number | undefined;
  /** The function symbol that holds an address. */
  functionSymbol(address: number): { readonly address: number; readonly name: string } | undefined;
  /** Where the dynamic linker says that symbols are which other modules define, or may define instead. */
  readonly linked: LinkedSymbols;
  /** Offset of a thread-local symbol of the ELF file in the module's block. */
  threadLocalSymbol(name: string): bigint | undefined;
  /** Where a thread has the module's thread-local variables; undefined where nothing tells. */
  readonly threadBlock: ThreadBlock | undefined;
  /** The offset in that which an expression's number means. */
  threadOffset(value: bigint): bigint;
  /** The instructions from `low` up to `high`; undefined if there is no decoder, or there are too many. */
  instructions(low: number, high: number): readonly FlowInstruction[] | undefined;
}

export class Program {
  readonly lines: LineIndex;
  readonly #finder: UnitFinder;
  readonly #functions = new Map<Unit, UnitFunctions>();
  readonly #lines = new Map<number, ReadonlySet<number>>();
  readonly #callSites = new Map<Unit, readonly CallSite[]>();
  readonly #calls = new Map<number, readonly CallSite[]>();
  readonly #flows = new Map<number, FunctionFlow | undefined>();

  constructor(
    readonly info: DebugInfo,
    readonly facts: ProgramFacts,
    readonly names: ProgramNames,
    readonly split: SplitUnits,
  ) {
    const isCode = facts.isCode.bind(facts);
    this.lines = new LineIndex(info, isCode, names);
    this.#finder = new UnitFinder(info, isCode);
  }

  /** The unit that describes the code at `address`. */
  unitAt(address: number): Unit | undefined {
    const unit = this.#finder.unitAt(address);
    return unit && this.split.described(unit);
  }

  functionsOf(unit: Unit): UnitFunctions {
    let functions = this.#functions.get(unit);
    if (!functions) {
      functions = new UnitFunctions(unit, this.facts.isCode.bind(this.facts));
      this.#functions.set(unit, functions);
    }
    return functions;
  }

  /** The out-of-line function at `address`. */
  functionAt(address: number): Entry | undefined {
    const unit = this.unitAt(address);
    return unit && this.functionsOf(unit).functionAt(address);
  }

  /**
   * The function at `address` and the blocks in it around the address, outermost first; empty where nothing is known.
   */
  blocksAt(address: number): Entry[] {
    const subprogram = this.functionAt(address);
    return subprogram ? this.blocksWithin(subprogram, address) : [];
  }

  /** The same where the out-of-line function is known. */
  blocksWithin(subprogram: Entry, address: number): Entry[] {
    return blocksAt(this.functionsOf(subprogram.unit), subprogram, address);
  }

  /** The same for one of the rows of the line table at an address. */
  blocksOfRow(table: LineTable, row: number): Entry[] {
    const address = table.addresses[row]!;
    const subprogram = this.functionAt(address);
    if (!subprogram) return [];
    return blocksAt(this.functionsOf(subprogram.unit), subprogram, address, table.viewOf(row), (instance) =>
      this.#linesOf(instance, table).has(lineKey(table, row)),
    );
  }

  /**
   * Files and lines of the instructions of an inlined function's instance that are its own, without what is inlined
   * into it.
   */
  #linesOf(instance: Entry, table: LineTable): ReadonlySet<number> {
    let lines = this.#lines.get(instance.key);
    if (!lines) {
      lines = readLines(instance, table);
      this.#lines.set(instance.key, lines);
    }
    return lines;
  }

  /** The calls that a unit describes. */
  callSitesOf(unit: Unit): readonly CallSite[] {
    let sites = this.#callSites.get(unit);
    if (!sites) {
      sites = callSitesIn(unit);
      this.#callSites.set(unit, sites);
    }
    return sites;
  }

  /** The calls of a function, which `find` looks for the first time. */
  callsOf({ key }: Entry, find: () => readonly CallSite[]): readonly CallSite[] {
    let calls = this.#calls.get(key);
    if (!calls) {
      calls = find();
      this.#calls.set(key, calls);
    }
    return calls;
  }

  /** The flow of control through an out-of-line function; undefined where it can't be read. */
  flowOf(subprogram: Entry): FunctionFlow | undefined {
    const { key } = subprogram;
    if (!this.#flows.has(key)) this.#flows.set(key, this.#readFlow(subprogram));
    return this.#flows.get(key);
  }

  #readFlow(subprogram: Entry): FunctionFlow | undefined {
    const entry = entryAddress(subprogram);
    const ranges = [...entryRanges(subprogram)].sort((a, b) => a.low - b.low);
    const parts = ranges.map(({ low, high }) => this.facts.instructions(low, high));
    if (entry === undefined || parts.some((part) => part === undefined)) return undefined;
    const flow = new FunctionFlow(
      parts.flatMap((part) => part ?? []),
      entry,
    );
    return flow.has(entry) ? flow : undefined;
  }
}

/** A row's file and line in one number: 21 and 32 bits. */
function lineKey(table: LineTable, row: number): number {
  return table.files[row]! * 0x1_0000_0000 + table.lines[row]!;
}

function readLines(instance: Entry, table: LineTable): ReadonlySet<number> {
  const lines = new Set<number>();
  const inner = [...instance.children()].filter(({ tag }) => tag === TAG.inlined_subroutine).flatMap(entryRanges);
  const entry = entryAddress(instance);
  const view = instance.unsigned(AT.GNU_entry_view) ?? 0;
  for (const { low, high } of entryRanges(instance)) {
    const sequence = table.sequenceAt(low);
    if (!sequence) continue;
    for (let row = table.firstRowFrom(low, sequence); row < sequence.endRow && table.addresses[row]! < high; row++) {
      const address = table.addresses[row]!;
      if (inner.some((range) => address >= range.low && address < range.high)) continue;
      // Where a stretch starts, rows may be those of what comes before it.
      const isOwn = address > low || (address === entry && table.viewOf(row) >= view) || table.viewOf(row) === Infinity;
      if (isOwn) lines.add(lineKey(table, row));
    }
  }
  return lines;
}
