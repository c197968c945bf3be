/**
 * The rows of a line number program (DWARF 5 §6.2): the state machine, run once, into columns. Rows come in sequences, each of
 * ascending addresses; sequences are sorted here. Sequences that don't lie in the program's code (what a linker discarded is
 * left at address 0 or -1) are dropped.
 */
import { LNE, LNS } from './constants';
import { type DebugInfo } from './debugInfo';
import { type LineHeader, readOldFile } from './lineHeader';

export const LINE_FLAGS = { isStatement: 1, prologueEnd: 2, endSequence: 4 } as const;

interface Sequence {
  readonly low: number;
  readonly high: number;
  readonly firstRow: number;
  /** Index of its end_sequence row. */
  readonly endRow: number;
}

/** Columns over all rows; a sequence's rows lie together, its last one is the end_sequence row. */
export class LineTable {
  #marksStatements: boolean | undefined;

  constructor(
    readonly header: LineHeader,
    readonly addresses: Float64Array,
    readonly files: Uint16Array,
    readonly lines: Uint32Array,
    readonly columns: Uint16Array,
    readonly flags: Uint8Array,
    /** By address; they don't overlap in sound files. */
    readonly sequences: readonly Sequence[],
  ) {}

  /** Whether some rows begin a statement and others don't. */
  get marksStatements(): boolean {
    this.#marksStatements ??= this.flags.some(
      (flags) => (flags & (LINE_FLAGS.isStatement | LINE_FLAGS.endSequence)) === 0,
    );
    return this.#marksStatements;
  }

  /** The row that `address` belongs to: the last one at or before it in its sequence. */
  rowAt(address: number): number | undefined {
    const sequence = this.sequenceAt(address);
    if (!sequence) return undefined;
    const row = this.firstRowFrom(address, sequence);
    // Of several rows at one address the last counts: the others describe no instruction.
    if (row < sequence.endRow && this.addresses[row] === address) {
      let last = row;
      while (last + 1 < sequence.endRow && this.addresses[last + 1] === address) last++;
      return last;
    }
    return row > sequence.firstRow ? row - 1 : undefined;
  }

  /**
   * How many rows of its sequence come before this one at the same address: gcc's view number (DW_AT_GNU_entry_view). Infinity
   * for the last of them, which describes the instruction.
   */
  viewOf(row: number): number {
    const address = this.addresses[row];
    if (this.addresses[row + 1] !== address || this.#endsSequence(row + 1)) return Infinity;
    let first = row;
    while (first > 0 && this.addresses[first - 1] === address && !this.#endsSequence(first - 1)) first--;
    return row - first;
  }

  sequenceAt(address: number): Sequence | undefined {
    let low = 0;
    let high = this.sequences.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const sequence = this.sequences[middle]!;
      if (address < sequence.low) high = middle - 1;
      else if (address >= sequence.high) low = middle + 1;
      else return sequence;
    }
    return undefined;
  }

  /** The first row of `sequence` at or behind `address`. */
  firstRowFrom(address: number, sequence: Sequence): number {
    let low = sequence.firstRow;
    let high = sequence.endRow;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addresses[middle]! < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #endsSequence(row: number): boolean {
    return (this.flags[row]! & LINE_FLAGS.endSequence) !== 0;
  }
}

class Columns {
  count = 0;
  /** Whether some row's address was below the one before in this sequence. */
  descended = false;
  #previous = 0;
  addresses: Float64Array;
  files: Uint16Array;
  lines: Uint32Array;
  columns: Uint16Array;
  flags: Uint8Array;

  constructor(capacity: number) {
    this.addresses = new Float64Array(capacity);
    this.files = new Uint16Array(capacity);
    this.lines = new Uint32Array(capacity);
    this.columns = new Uint16Array(capacity);
    this.flags = new Uint8Array(capacity);
  }

  push(address: number, file: number, line: number, column: number, flags: number): void {
    const row = this.count++;
    if (row === this.addresses.length) this.#grow(row * 2);
    if (address < this.#previous) this.descended = true;
    this.#previous = address;
    this.addresses[row] = address;
    this.files[row] = file;
    this.lines[row] = line;
    this.columns[row] = column;
    this.flags[row] = flags;
  }

  startSequence(): void {
    this.descended = false;
    this.#previous = 0;
  }

  #grow(capacity: number): void {
    const larger = new Columns(capacity);
    larger.addresses.set(this.addresses);
    larger.files.set(this.files);
    larger.lines.set(this.lines);
    larger.columns.set(this.columns);
    larger.flags.set(this.flags);
    this.addresses = larger.addresses;
    this.files = larger.files;
    this.lines = larger.lines;
    this.columns = larger.columns;
    this.flags = larger.flags;
  }
}

/** Runs the program. `isCode` tells whether an address is in the file's executable segments. */
export function readLineTable(info: DebugInfo, header: LineHeader, isCode: (address: number) => boolean): LineTable {
  const section = info.sections.reader('.debug_line');
  const bytes = section.data;
  const { end, opcodeBase, lineBase, lineRange, minimumInstructionLength, opcodeLengths } = header;
  const files = [...header.files];
  const rows = new Columns(Math.max(16, (end - header.program) >> 1));
  const sequences: Sequence[] = [];
  const startFlags = header.defaultIsStatement ? LINE_FLAGS.isStatement : 0;
  const constAddPc = lineRange === 0 ? 0 : Math.floor((255 - opcodeBase) / lineRange) * minimumInstructionLength;

  let address = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let flags: number = startFlags;
  let firstRow = 0;

  const endSequence = (): void => {
    rows.push(address, file, line, column, (flags & LINE_FLAGS.isStatement) | LINE_FLAGS.endSequence);
    const endRow = rows.count - 1;
    const low = rows.addresses[firstRow]!;
    if (!rows.descended && low < address && isCode(low)) sequences.push({ low, high: address, firstRow, endRow });
    else rows.count = firstRow;
    rows.startSequence();
    firstRow = rows.count;
    address = 0;
    file = 1;
    line = 1;
    column = 0;
    flags = startFlags;
  };

  const reader = section.at(header.program, end);
  while (!reader.atEnd) {
    const opcode = bytes[reader.offset++]!;
    if (opcode >= opcodeBase) {
      if (lineRange === 0) throw reader.malformed('a line range of 0 divides by zero', header.offset);
      const adjusted = opcode - opcodeBase;
      address += Math.floor(adjusted / lineRange) * minimumInstructionLength;
      line = (line + lineBase + (adjusted % lineRange)) >>> 0;
      rows.push(address, file, line, column, flags);
      flags &= LINE_FLAGS.isStatement;
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = reader.uleb();
        const at = reader.offset;
        if (length === 0) break;
        const extended = reader.u8();
        if (extended === LNE.end_sequence) endSequence();
        else if (extended === LNE.set_address) {
          if (length !== 9) throw reader.malformed(`an address of ${length - 1} bytes is not x86-64's`, at);
          address = reader.number64();
        } else if (extended === LNE.define_file) files.push(readOldFile(reader, reader.cstring()));
        reader.offset = at;
        reader.skip(length);
        break;
      }
      case LNS.copy:
        rows.push(address, file, line, column, flags);
        flags &= LINE_FLAGS.isStatement;
        break;
      case LNS.advance_pc:
        address += reader.uleb() * minimumInstructionLength;
        break;
      case LNS.advance_line:
        line = (line + reader.sleb()) >>> 0;
        break;
      case LNS.set_file:
        file = reader.uleb();
        break;
      case LNS.set_column:
        column = Math.min(reader.uleb(), 0xffff);
        break;
      case LNS.negate_stmt:
        flags ^= LINE_FLAGS.isStatement;
        break;
      case LNS.set_basic_block:
      case LNS.set_epilogue_begin:
        break;
      case LNS.const_add_pc:
        address += constAddPc;
        break;
      case LNS.fixed_advance_pc:
        address += reader.u16();
        break;
      case LNS.set_prologue_end:
        flags |= LINE_FLAGS.prologueEnd;
        break;
      case LNS.set_isa:
        reader.uleb();
        break;
      default:
        for (let operands = opcodeLengths[opcode - 1] ?? 0; operands > 0; operands--) reader.uleb64();
    }
  }
  sequences.sort((a, b) => a.low - b.low);
  return new LineTable(
    files.length === header.files.length ? header : { ...header, files },
    rows.addresses.slice(0, rows.count),
    rows.files.slice(0, rows.count),
    rows.lines.slice(0, rows.count),
    rows.columns.slice(0, rows.count),
    rows.flags.slice(0, rows.count),
    sequences,
  );
}
