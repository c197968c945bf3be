/**
 * The header of a line number program (DWARF 5 §6.2.4; versions 2 to 5): its parameters and its tables of directories
 * and files. Headers are read alone to find out which programs speak of a file, so names are put together only when
 * asked for.
 */
import { type ByteReader } from '../../base/byteReader';
import { LNCT } from './constants';
import { unsignedOf, type ValueClass } from './attributeValue';
import { type DebugFile } from './debugFile';
import { type Encoding, type Form, formOf, readValue, sizeOf } from './forms';
import { MAX_INITIAL_LENGTH, readInitialLength, readOffset } from './initialLength';
import { joinPath } from './path';

export interface LineFile {
  readonly name: string;
  readonly directory: number;
}

export interface LineHeader {
  readonly version: number;
  /** Of the program in .debug_line, of its first opcode, and behind its last. */
  readonly offset: number;
  readonly program: number;
  readonly end: number;
  readonly minimumInstructionLength: number;
  readonly maximumOperations: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operands (all ULEB128) of standard opcode i + 1. */
  readonly opcodeLengths: readonly number[];
  readonly directories: readonly string[];
  readonly files: readonly LineFile[];
}

/** Files of one program. The largest that are known, of link-time optimised browsers, have some hundred thousand. */
export const MAX_FILES = 2 ** 21 - 1;

/** Bytes of the longest path (PATH_MAX, limits.h): what is longer was never opened by a compiler. */
const MAX_NAME = 4096;

/** The header at `offset` of .debug_line. `compilationDirectory`: what its directories are relative to. */
export function readLineHeader(debug: DebugFile, offset: number, compilationDirectory: string): LineHeader {
  const { sections } = debug;
  const size = sections.sizeOf('.debug_line');
  if (offset > size)
    throw sections.part('.debug_line', 0, 0).malformed('a line number program lies past its end', offset);
  const start = sections.part('.debug_line', offset, Math.min(size, offset + MAX_INITIAL_LENGTH));
  const { length, offsetSize } = readInitialLength(start);
  const end = start.offset + length;
  if (end > size) throw start.malformed('a line number program reaches past the end of the section', offset);
  debug.limitOf('.debug_line').read(offset, end - offset);
  const reader = sections.part('.debug_line', start.offset, end);
  checked(compilationDirectory, reader);
  const version = reader.u16();
  if (version < 2 || version > 5)
    throw reader.malformed(`line number programs of version ${version} are unknown`, offset);
  if (version >= 5) reader.skip(2); // sizes of addresses and segment selectors: the unit's and none
  const headerLength = readOffset(reader, offsetSize);
  const program = reader.offset + headerLength;
  if (program > end) throw reader.malformed('a line number header is longer than its program', offset);
  const minimumInstructionLength = reader.u8();
  const maximumOperations = version >= 4 ? reader.u8() : 1;
  const defaultIsStatement = reader.u8() !== 0;
  const lineBase = reader.i8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  const opcodeLengths: number[] = [];
  for (let opcode = 1; opcode < opcodeBase; opcode++) opcodeLengths.push(reader.u8());
  const tables =
    version >= 5
      ? readTables(debug, reader, { version, offsetSize, addressSize: 8 }, compilationDirectory)
      : readOldTables(reader, compilationDirectory);
  return {
    version,
    offset,
    program,
    end,
    minimumInstructionLength,
    maximumOperations,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    opcodeLengths,
    ...tables,
  };
}

/**
 * The path of file register value `file`; undefined if the program has no such file. Files count from 1 before version
 * 5.
 */
export function lineFilePath(header: LineHeader, file: number): string | undefined {
  const entry = header.files[file];
  return entry && entry.name !== '' ? pathOf(header, entry) : undefined;
}

function pathOf(header: LineHeader, { name, directory }: LineFile): string {
  return joinPath(header.directories[0] ?? '', header.directories[directory] ?? '', name);
}

/** Versions 2 to 4: directory 0 is the compilation directory, file 0 is nothing. */
function readOldTables(reader: ByteReader, compilationDirectory: string): Pick<LineHeader, 'directories' | 'files'> {
  const directories = [compilationDirectory];
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) directories.push(checked(name, reader));
  const files: LineFile[] = [{ name: '', directory: 0 }];
  for (let name = reader.cstring(); name !== ''; name = reader.cstring())
    addFile(files, readOldFile(reader, name), reader);
  return { directories, files };
}

/** Adds a file to a table of version 2 to 4, which no count comes before. */
export function addFile(files: LineFile[], file: LineFile, reader: ByteReader): void {
  if (files.length === MAX_FILES) throw reader.malformed(`a table of more than ${MAX_FILES} files is not possible`);
  files.push(file);
}

/** What follows a file's name, in the header and in DW_LNE_define_file: directory, modification time, length. */
export function readOldFile(reader: ByteReader, name: string): LineFile {
  const directory = reader.uleb();
  reader.uleb64();
  reader.uleb64();
  return { name: checked(name, reader), directory };
}

function checked(name: string, reader: ByteReader): string {
  if (name.length > MAX_NAME) throw reader.malformed(`a file name of ${name.length} characters is not possible`);
  return name;
}

interface EntryFormat {
  readonly content: number;
  readonly form: Form;
}

/** Version 5: both tables describe their own entries. */
function readTables(
  debug: DebugFile,
  reader: ByteReader,
  encoding: Encoding,
  compilationDirectory: string,
): Pick<LineHeader, 'directories' | 'files'> {
  const directories = readTable(debug, reader, encoding).map(({ name }) => name);
  // Directory 0 is the compilation directory, but may have been shortened by prefix maps that spared the unit's own.
  const [first] = directories;
  if (first !== undefined && first !== compilationDirectory) directories[0] = joinPath(compilationDirectory, '', first);
  return { directories, files: readTable(debug, reader, encoding) };
}

function readTable(debug: DebugFile, reader: ByteReader, encoding: Encoding): LineFile[] {
  const formats = readFormats(reader);
  const at = reader.offset;
  const count = reader.uleb();
  // Each takes a byte at the least: a name by itself does.
  const isPossible = count <= reader.end - reader.offset && count <= MAX_FILES;
  if (!isPossible || (count > 0 && !formats.some(({ content }) => content === LNCT.path))) {
    throw reader.malformed(`a table of ${count} files is not possible`, at);
  }
  const files: LineFile[] = [];
  for (let i = 0; i < count; i++) files.push(readFile(debug, reader, formats, encoding));
  return files;
}

function readFormats(reader: ByteReader): EntryFormat[] {
  const formats: EntryFormat[] = [];
  for (let left = reader.u8(); left > 0; left--) {
    const content = reader.uleb();
    const at = reader.offset;
    const number = reader.uleb();
    const form = formOf(number);
    // What leaves it to each value is not for tables.
    if (form?.class === undefined) throw reader.malformed(`form 0x${number.toString(16)} can't describe a file`, at);
    formats.push({ content, form });
  }
  return formats;
}

function readFile(debug: DebugFile, reader: ByteReader, formats: readonly EntryFormat[], encoding: Encoding): LineFile {
  let name = '';
  let directory = 0;
  for (const { content, form } of formats) {
    if (content === LNCT.path) name = readName(debug, reader, form, encoding);
    else if (content === LNCT.directory_index) directory = readIndex(reader, form, encoding);
    else skipValue(reader, form, encoding);
  }
  return { name: checked(name, reader), directory };
}

/** Forms of names (DWARF 5 §6.2.4.1); their classes. */
const NAMES: ReadonlySet<string> = new Set<ValueClass>([
  'string',
  'stringOffset',
  'lineStringOffset',
  'sharedStringOffset',
]);

function readName(debug: DebugFile, reader: ByteReader, form: Form, encoding: Encoding): string {
  const value = readValue(form, reader, encoding);
  if (!NAMES.has(value.class)) throw reader.malformed(`form 0x${value.form.toString(16)} can't name a file`);
  // A name of the supplementary file may be out of reach.
  return debug.string(value) ?? '';
}

function readIndex(reader: ByteReader, form: Form, encoding: Encoding): number {
  const value = readValue(form, reader, encoding);
  const index = value.class === 'constant' ? unsignedOf(value) : undefined;
  if (index === undefined) throw reader.malformed(`form 0x${value.form.toString(16)} can't number a directory`);
  return index;
}

function skipValue(reader: ByteReader, form: Form, encoding: Encoding): void {
  const size = sizeOf(form, encoding);
  reader.skip(typeof size === 'number' ? size : size(reader.data, reader.offset, encoding) - reader.offset);
}
