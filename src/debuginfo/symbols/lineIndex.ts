/**
 * Source files and their lines: which line number programs speak of a file, and their rows. Only headers are read to
 * find a file; a program is run when its rows are wanted.
 */
import { basename } from 'node:path/posix';
import { partitionPoint } from '../../base/binarySearch';
import { SidestepError } from '../../base/errors';
import { Once } from '../../base/once';
import { AT } from '../dwarf/constants';
import { type DebugInfo, ifWellFormed } from '../dwarf/debugInfo';
import { Entry } from '../dwarf/entry';
import { type LineFile, type LineHeader, lineFilePath, readLineHeader } from '../dwarf/lineHeader';
import { LINE_FLAGS, type LineTable, readLineTable } from '../dwarf/lineTable';
import { type Unit } from '../dwarf/unit';
import { type SourceLine } from '../model/model';
import { commonSuffixLength, isPathSuffix } from '../names/sourcePath';

/** Characters of all paths together. A browser has 100,000 files of 100 letters. */
const MAX_PATH_CHARACTERS = 1 << 26;

/** Where a debugger may stop in one source file: the statement rows that one program has of it, by line. */
export class FileInProgram {
  /** By line, those of one line as the sequences have them. */
  readonly #rows: Uint32Array;

  /** `files`: the file's numbers, more than one when the program's table lists it twice. */
  constructor(
    readonly table: LineTable,
    files: ReadonlySet<number>,
  ) {
    const rows: number[] = [];
    const isWanted = new Uint8Array(table.header.files.length);
    for (const file of files) isWanted[file] = 1;
    for (const { firstRow, endRow } of table.sequences) {
      for (let row = firstRow; row < endRow; row++) {
        if (isWanted[table.files[row]!] === 1 && isStatementRow(table, row) && table.lines[row]! > 0) rows.push(row);
      }
    }
    this.#rows = Uint32Array.from(rows.sort((a, b) => table.lines[a]! - table.lines[b]!));
  }

  /** The first line from `line` on that has a statement. */
  lineFrom(line: number): number | undefined {
    const row = this.#rows[this.#indexOf(line)];
    return row === undefined ? undefined : this.table.lines[row];
  }

  /** The statement rows of a line. */
  rowsOf(line: number): Uint32Array {
    return this.#rows.subarray(this.#indexOf(line), this.#indexOf(line + 1));
  }

  /** Where the rows of `line`, or of the next one, begin. */
  #indexOf(line: number): number {
    return partitionPoint(this.#rows.length, (index) => this.table.lines[this.#rows[index]!]! < line);
  }
}

/** Where the files that programs list are known without a look at the programs; undefined where they are not. */
export interface KnownFiles {
  /** By path, a unit for each program that lists the file. */
  filesNamed(baseName: string): ReadonlyMap<string, readonly Unit[]> | undefined;
  sourceFiles(): Iterable<string> | undefined;
}

interface LineProgram {
  readonly header: LineHeader;
}

export class LineIndex {
  readonly #info: DebugInfo;
  readonly #isCode: (address: number) => boolean;
  readonly #known: KnownFiles;
  readonly #tables = new Map<number, LineTable>();
  /** By offset; what is wrong with a header or a program is found once. */
  readonly #headers = new Map<number, Once<LineHeader>>();
  readonly #broken = new Map<number, unknown>();
  /** By path: those that lines were asked of. */
  readonly #files = new Map<string, readonly FileInProgram[]>();
  #programs: readonly LineProgram[] | undefined;
  /** Programs and file numbers by the file's base name. */
  #byBaseName: Map<string, { readonly program: LineProgram; readonly file: number }[]> | undefined;

  constructor(info: DebugInfo, isCode: (address: number) => boolean, known: KnownFiles) {
    this.#info = info;
    this.#known = known;
    this.#isCode = isCode;
  }

  /** The rows of the unit's program; undefined without line information. */
  tableOf(unit: Unit): LineTable | undefined {
    const program = linesOf(unit);
    return program && (this.#tables.get(program.offset) ?? this.#run(this.#readHeader(program.unit, program.offset)));
  }

  /** Addresses of all statement rows, program by program; the programs are not kept for it. */
  *statements(): IterableIterator<number> {
    for (const { header } of this.#allPrograms()) {
      const table = ifWellFormed(
        () => this.#tables.get(header.offset) ?? readLineTable(this.#info.file, header, this.#isCode),
      );
      if (!table) continue;
      for (const { firstRow, endRow } of table.sequences) {
        for (let row = firstRow; row < endRow; row++) if (isStatementRow(table, row)) yield table.addresses[row]!;
      }
    }
  }

  /** The path of row `row`'s file, with its line and column; undefined for compiler-made code (line 0). */
  lineOfRow(table: LineTable, row: number): SourceLine | undefined {
    const line = table.lines[row]!;
    const file = lineFilePath(table.header, table.files[row]!);
    return line === 0 || file === undefined ? undefined : { file, line, column: table.columns[row]! };
  }

  /** The path of a file number that entries of `unit` use (DW_AT_decl_file). */
  declaredFile(unit: Unit, file: number): string | undefined {
    const program = linesOf(unit);
    if (!program) return undefined;
    const { offset } = program;
    return lineFilePath(this.#tables.get(offset)?.header ?? this.#readHeader(program.unit, offset), file);
  }

  /** Paths of all files that programs list, without repetition. */
  sourceFiles(): string[] {
    const known = this.#programs ? undefined : this.#known.sourceFiles();
    if (known) return [...known].sort();
    const paths = new Set<string>();
    let left = MAX_PATH_CHARACTERS;
    for (const { header } of this.#allPrograms()) {
      for (let file = 0; file < header.files.length; file++) {
        const path = lineFilePath(header, file);
        if (path === undefined || paths.has(path)) continue;
        paths.add(path);
        left -= path.length;
        if (left < 0) {
          throw new SidestepError('unsupported', `${this.#info.file.path} lists more source files than can be shown`, {
            place: { file: this.#info.file.path, section: '.debug_line' },
          });
        }
      }
    }
    return [...paths].sort();
  }

  /**
   * Files that `query` may mean, best first class only: the one with this very path; else those that share the longest
   * end of it (a source tree that was built elsewhere); a relative query must be their end. More than one: ambiguous.
   */
  filesMatching(query: string): string[] {
    const candidates = this.#pathsNamed(basename(query));
    if (candidates.has(query)) return [query];
    if (!query.startsWith('/')) return [...candidates].filter((path) => isPathSuffix(path, query)).sort();
    const longest = Math.max(0, ...[...candidates].map((path) => commonSuffixLength(path, query)));
    return [...candidates].filter((path) => commonSuffixLength(path, query) === longest).sort();
  }

  /** The programs that have the file `path`, run. */
  programsOf(path: string): readonly FileInProgram[] {
    let found = this.#files.get(path);
    if (!found) {
      found = this.#readFile(path);
      this.#files.set(path, found);
    }
    return found;
  }

  /** Paths of files with this base name. */
  #pathsNamed(name: string): ReadonlySet<string> {
    const known = this.#byBaseName ? undefined : this.#known.filesNamed(name);
    if (known) return new Set(known.keys());
    const paths = new Set<string>();
    for (const { program, file } of this.#filesNamed(name)) {
      const path = lineFilePath(program.header, file);
      if (path !== undefined) paths.add(path);
    }
    return paths;
  }

  #readFile(path: string): FileInProgram[] {
    const name = basename(path);
    const known = this.#byBaseName ? undefined : this.#known.filesNamed(name);
    const programs = known
      ? this.#programsOf(known.get(path) ?? [])
      : new Set(this.#filesNamed(name).map(({ program }) => program));
    return [...programs].flatMap(({ header }) => {
      const numbers = new Set<number>();
      for (const [file, entry] of header.files.entries())
        if (baseNameOf(entry) === name && lineFilePath(header, file) === path) numbers.add(file);
      const table = numbers.size === 0 ? undefined : ifWellFormed(() => this.#run(header));
      return table ? [new FileInProgram(table, numbers)] : [];
    });
  }

  /** The programs of these units that can be read. */
  *#programsOf(units: readonly Unit[]): IterableIterator<LineProgram> {
    for (const unit of units) {
      const header = ifWellFormed(() => this.#headerOf(unit));
      if (header) yield { header };
    }
  }

  #headerOf(unit: Unit): LineHeader | undefined {
    const offset = unit.root?.unsigned(AT.stmt_list);
    return offset === undefined ? undefined : this.#readHeader(unit, offset);
  }

  #filesNamed(name: string): readonly { readonly program: LineProgram; readonly file: number }[] {
    if (!this.#byBaseName) {
      if (!mentionsString(this.#info, name)) return [];
      this.#byBaseName = new Map();
      for (const program of this.#allPrograms()) {
        for (const [file, entry] of program.header.files.entries()) {
          const key = baseNameOf(entry);
          const known = this.#byBaseName.get(key);
          if (known) known.push({ program, file });
          else this.#byBaseName.set(key, [{ program, file }]);
        }
      }
    }
    return this.#byBaseName.get(name) ?? [];
  }

  #allPrograms(): readonly LineProgram[] {
    if (!this.#programs) {
      const byOffset = new Map<number, LineProgram>();
      for (const unit of this.#info.units) {
        const offset = ifWellFormed(() => unit.root?.unsigned(AT.stmt_list));
        if (offset === undefined || byOffset.has(offset)) continue;
        const header = ifWellFormed(() => this.#readHeader(unit, offset));
        // Link-time optimisation leaves programs without code, which only number the files of declarations.
        if (header && header.program < header.end) byOffset.set(offset, { header });
      }
      this.#programs = [...byOffset.values()];
    }
    return this.#programs;
  }

  #readHeader(unit: Unit, offset: number): LineHeader {
    let header = this.#headers.get(offset);
    if (!header) {
      header = new Once(() => readLineHeader(this.#info.file, offset, Entry.rootOf(unit)?.string(AT.comp_dir) ?? ''));
      this.#headers.set(offset, header);
    }
    return header.value;
  }

  #run(header: LineHeader): LineTable {
    let table = this.#tables.get(header.offset);
    if (!table) {
      if (this.#broken.has(header.offset)) throw this.#broken.get(header.offset);
      try {
        table = readLineTable(this.#info.file, header, this.#isCode);
      } catch (error) {
        this.#broken.set(header.offset, error);
        throw error;
      }
      this.#tables.set(header.offset, table);
    }
    return table;
  }
}

/** The unit's program, and the unit of the linked file that names it. Type units of .dwo files have one elsewhere. */
function linesOf(unit: Unit): { readonly unit: Unit; readonly offset: number } | undefined {
  if (unit.isSplit && unit.header.signature !== undefined) return undefined;
  const { linked } = unit;
  const offset = linked?.root?.unsigned(AT.stmt_list);
  return linked && offset !== undefined ? { unit: linked, offset } : undefined;
}

function baseNameOf({ name }: LineFile): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Where line number programs have their file names (DWARF 5 §6.2.4.1, DW_LNCT_path). */
const NAME_SECTIONS = ['.debug_line', '.debug_line_str', '.debug_str'] as const;

/**
 * Whether a file's name can end in `name`. Most files that are asked for are another program's: finding nothing must be
 * cheap.
 */
function mentionsString(info: DebugInfo, name: string): boolean {
  const pattern = Buffer.from(`${name}\0`);
  return [info, info.supplementary].some((file) =>
    NAME_SECTIONS.some((section) => {
      const data = file?.sections.reader(section).data;
      return data !== undefined && Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes(pattern);
    }),
  );
}

/** Whether a row is where a debugger may stop for its line (DWARF 5 §6.2.2, is_stmt). */
export function isStatementRow(table: LineTable, row: number): boolean {
  return (table.flags[row]! & (LINE_FLAGS.isStatement | LINE_FLAGS.endSequence)) === LINE_FLAGS.isStatement;
}
