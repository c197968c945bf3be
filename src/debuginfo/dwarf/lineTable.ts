/**
 * The rows of a line number program (DWARF 5 §6.2): the state machine, run once, into columns. Rows come in sequences,
 * each of ascending addresses; sequences are sorted here. Sequences that don't lie in the program's code (what a linker
 * discarded is left at address 0 or -1) are dropped.
 */
import { assertExists } from '../../base/assert';
import { type ByteReader } from '../../base/byteReader';
import { SidestepError } from '../../base/errors';
import { LNE, LNS } from './constants';
import { type DebugFile } from './debugFile';
import { addFile, type LineFile, type LineHeader, MAX_FILES, readOldFile } from './lineHeader';

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
    readonly files: Uint32Array,
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
   * How many rows of its sequence come before this one at the same address: gcc's view number (DW_AT_GNU_entry_view).
   * Infinity for the last of them, which describes the instruction.
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
      const sequence = assertExists(this.sequences[middle], 'sequence');
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

/** Rows of one program, 19 bytes each. A program of a million lines makes a tenth of them. */
const MAX_ROWS = 1 << 24;
/** Rows at one address: views of gcc's, of which there are dozens. Each of them is compared with the others. */
const MAX_VIEWS = 4096;
/** Stands for file numbers that are beyond what a program can have. */
const NO_FILE = MAX_FILES;

class Columns {
  count = 0;
  /** Whether some row's address was below the one before in this sequence. */
  descended = false;
  /** Rows before the last one at its address. */
  sameAddress = 0;
  #previous = 0;
  addresses: Float64Array;
  files: Uint32Array;
  lines: Uint32Array;
  columns: Uint16Array;
  flags: Uint8Array;

  constructor(capacity: number) {
    this.addresses = new Float64Array(capacity);
    this.files = new Uint32Array(capacity);
    this.lines = new Uint32Array(capacity);
    this.columns = new Uint16Array(capacity);
    this.flags = new Uint8Array(capacity);
  }

  push(address: number, file: number, line: number, column: number, flags: number): void {
    const row = this.count++;
    if (row === this.addresses.length) this.#grow(row * 2);
    if (address < this.#previous) this.descended = true;
    this.sameAddress = address === this.#previous ? this.sameAddress + 1 : 0;
    this.#previous = address;
    this.addresses[row] = address;
    this.files[row] = Math.min(file, NO_FILE);
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
export function readLineTable(file: DebugFile, header: LineHeader, isCode: (address: number) => boolean): LineTable {
  const program = file.sections.part('.debug_line', header.program, header.end);
  return new LineMachine(program, header, isCode).run();
}

/** The state machine (DWARF 5 §6.2.2). */
class LineMachine {
  #address = 0;
  #file = 1;
  #line = 1;
  #column = 0;
  #flags: number;
  readonly #header: LineHeader;
  readonly #reader: ByteReader;
  readonly #isCode: (address: number) => boolean;
  readonly #startFlags: number;
  readonly #constAddPc: number;
  readonly #files: LineFile[];
  readonly #rows: Columns;
  readonly #sequences: Sequence[] = [];
  #firstRow = 0;

  constructor(reader: ByteReader, header: LineHeader, isCode: (address: number) => boolean) {
    const { program, end, lineRange, opcodeBase, minimumInstructionLength } = header;
    this.#header = header;
    this.#reader = reader;
    this.#isCode = isCode;
    this.#startFlags = header.defaultIsStatement ? LINE_FLAGS.isStatement : 0;
    this.#flags = this.#startFlags;
    this.#constAddPc = lineRange === 0 ? 0 : Math.floor((255 - opcodeBase) / lineRange) * minimumInstructionLength;
    this.#files = [...header.files];
    this.#rows = new Columns(Math.min(MAX_ROWS, Math.max(16, (end - program) >> 1)));
  }

  run(): LineTable {
    const reader = this.#reader;
    const bytes = reader.data;
    const { end } = reader;
    const { opcodeBase } = this.#header;
    while (reader.offset < end) {
      const opcode = bytes[reader.offset++]!;
      if (opcode >= opcodeBase) this.#special(opcode - opcodeBase);
      else if (opcode === 0) this.#extended();
      else this.#standard(opcode);
      if (this.#rows.count > MAX_ROWS) throw this.#tooManyRows();
    }
    const rows = this.#rows;
    const { header, files } = { header: this.#header, files: this.#files };
    return new LineTable(
      files.length === header.files.length ? header : { ...header, files },
      rows.addresses.slice(0, rows.count),
      rows.files.slice(0, rows.count),
      rows.lines.slice(0, rows.count),
      rows.columns.slice(0, rows.count),
      rows.flags.slice(0, rows.count),
      this.#sequences.sort((a, b) => a.low - b.low),
    );
  }

  /** §6.2.5.1: advances address and line together, and makes a row. */
  #special(adjusted: number): void {
    const { lineBase, lineRange, minimumInstructionLength, offset } = this.#header;
    if (lineRange === 0) throw this.#reader.malformed('a line range of 0 divides by zero', offset);
    this.#address += Math.floor(adjusted / lineRange) * minimumInstructionLength;
    this.#line = (this.#line + lineBase + (adjusted % lineRange)) >>> 0;
    this.#addRow();
  }

  /** §6.2.5.2. */
  #standard(opcode: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case LNS.copy:
        this.#addRow();
        return;
      case LNS.advance_pc:
        this.#address += reader.uleb() * this.#header.minimumInstructionLength;
        return;
      case LNS.advance_line:
        this.#line = (this.#line + reader.sleb()) >>> 0;
        return;
      case LNS.set_file:
        this.#file = reader.uleb();
        return;
      case LNS.set_column:
        this.#column = Math.min(reader.uleb(), 0xffff);
        return;
      case LNS.negate_stmt:
        this.#flags ^= LINE_FLAGS.isStatement;
        return;
      case LNS.const_add_pc:
        this.#address += this.#constAddPc;
        return;
      case LNS.fixed_advance_pc:
        this.#address += reader.u16();
        return;
      case LNS.set_prologue_end:
        this.#flags |= LINE_FLAGS.prologueEnd;
        return;
      case LNS.set_basic_block:
      case LNS.set_epilogue_begin:
        return;
      case LNS.set_isa:
        reader.uleb();
        return;
      default:
        // Whoever defines a new opcode says how many operands it has.
        for (let left = this.#header.opcodeLengths[opcode - 1] ?? 0; left > 0; left--) reader.uleb64();
    }
  }

  /** §6.2.5.3: a length, an opcode, its operands. */
  #extended(): void {
    const reader = this.#reader;
    const length = reader.uleb();
    const at = reader.offset;
    if (length === 0) return;
    const opcode = reader.u8();
    if (opcode === LNE.end_sequence) this.#endSequence();
    else if (opcode === LNE.set_address) {
      if (length !== 9) throw reader.malformed(`an address of ${length - 1} bytes is not x86-64's`, at);
      this.#address = reader.number64();
    } else if (opcode === LNE.define_file) addFile(this.#files, readOldFile(reader, reader.cstring()), reader);
    reader.offset = at;
    reader.skip(length);
  }

  #addRow(): void {
    this.#rows.push(this.#address, this.#file, this.#line, this.#column, this.#flags);
    this.#flags &= LINE_FLAGS.isStatement;
    if (this.#rows.sameAddress > MAX_VIEWS) throw this.#reader.malformed('it has too many rows at one address');
  }

  #endSequence(): void {
    const rows = this.#rows;
    this.#flags = (this.#flags & LINE_FLAGS.isStatement) | LINE_FLAGS.endSequence;
    rows.push(this.#address, this.#file, this.#line, this.#column, this.#flags);
    const firstRow = this.#firstRow;
    const low = rows.addresses[firstRow]!;
    if (!rows.descended && low < this.#address && this.#isCode(low)) {
      this.#sequences.push({ low, high: this.#address, firstRow, endRow: rows.count - 1 });
    } else rows.count = firstRow;
    rows.startSequence();
    this.#firstRow = rows.count;
    this.#address = 0;
    this.#file = 1;
    this.#line = 1;
    this.#column = 0;
    this.#flags = this.#startFlags;
  }

  #tooManyRows(): SidestepError {
    const { file } = this.#reader.origin;
    return new SidestepError('unsupported', `a line number program of ${file ?? 'the file'} has too many rows`, {
      place: { ...this.#reader.origin, offset: this.#header.offset },
    });
  }
}
