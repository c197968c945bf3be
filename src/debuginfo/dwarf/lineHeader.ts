/**
 * The header of a line number program (DWARF 5 §6.2.4; versions 2 to 5): its parameters and its tables of directories
 * and files. Headers are read alone to find out which programs speak of a file, so names are put together only when
 * asked for.
 */
import { type ByteReader } from '../../base/byteReader';
import { FORM, LNCT } from './constants';
import { type DebugInfo } from './debugInfo';
import { type Encoding, formSize, skipForm } from './forms';
import { readInitialLength, readOffset } from './initialLength';
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

/** Bytes of the longest path (PATH_MAX, limits.h): what is longer was never opened by a compiler. */
const MAX_NAME = 4096;

/** The header at `offset` of .debug_line. `compilationDirectory`: what its directories are relative to. */
export function readLineHeader(info: DebugInfo, offset: number, compilationDirectory: string): LineHeader {
  const all = info.sections.reader('.debug_line');
  if (offset > all.end) throw all.malformed('a line number program lies past its end', offset);
  const start = all.at(offset);
  const { length, offsetSize } = readInitialLength(start);
  const end = start.offset + length;
  if (end > all.end) throw all.malformed('a line number program reaches past the end of the section', offset);
  info.limitOf('.debug_line').read(offset, end - offset);
  const reader = all.at(start.offset, end);
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
      ? readTables(info, reader, { version, offsetSize, addressSize: 8 }, compilationDirectory)
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
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) files.push(readOldFile(reader, name));
  return { directories, files };
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
  readonly form: number;
}

/** Version 5: both tables describe their own entries. */
function readTables(
  info: DebugInfo,
  reader: ByteReader,
  encoding: Encoding,
  compilationDirectory: string,
): Pick<LineHeader, 'directories' | 'files'> {
  const directories = readTable(info, reader, encoding).map(({ name }) => name);
  // Directory 0 is the compilation directory, but may have been shortened by prefix maps that spared the unit's own.
  const [first] = directories;
  if (first !== undefined && first !== compilationDirectory) directories[0] = joinPath(compilationDirectory, '', first);
  return { directories, files: readTable(info, reader, encoding) };
}

function readTable(info: DebugInfo, reader: ByteReader, encoding: Encoding): LineFile[] {
  const formats: EntryFormat[] = [];
  for (let left = reader.u8(); left > 0; left--) {
    const content = reader.uleb();
    const at = reader.offset;
    const form = reader.uleb();
    if (formSize(form, encoding) === undefined || form === FORM.indirect) {
      throw reader.malformed(`form 0x${form.toString(16)} can't describe a file`, at);
    }
    formats.push({ content, form });
  }
  const at = reader.offset;
  const count = reader.uleb();
  // Each takes a byte at the least: a name by itself does.
  if (count > reader.end - reader.offset || (count > 0 && !formats.some(({ content }) => content === LNCT.path))) {
    throw reader.malformed(`a table of ${count} files is not possible`, at);
  }
  const files: LineFile[] = [];
  for (let i = 0; i < count; i++) {
    let name = '';
    let directory = 0;
    for (const { content, form } of formats) {
      if (content === LNCT.path) name = readName(info, reader, form, encoding);
      else if (content === LNCT.directory_index) directory = readIndex(reader, form);
      else skipValue(reader, form, encoding);
    }
    files.push({ name: checked(name, reader), directory });
  }
  return files;
}

function readName(info: DebugInfo, reader: ByteReader, form: number, { offsetSize }: Encoding): string {
  switch (form) {
    case FORM.string:
      return reader.cstring();
    case FORM.line_strp:
      return info.stringAt('.debug_line_str', readOffset(reader, offsetSize));
    case FORM.strp:
      return info.stringAt('.debug_str', readOffset(reader, offsetSize));
    case FORM.strp_sup:
    case FORM.GNU_strp_alt:
      return info.supplementary?.stringAt('.debug_str', readOffset(reader, offsetSize)) ?? '';
    default:
      throw reader.malformed(`form 0x${form.toString(16)} can't name a file`);
  }
}

function readIndex(reader: ByteReader, form: number): number {
  switch (form) {
    case FORM.data1:
      return reader.u8();
    case FORM.data2:
      return reader.u16();
    case FORM.udata:
      return reader.uleb();
    default:
      throw reader.malformed(`form 0x${form.toString(16)} can't number a directory`);
  }
}

function skipValue(reader: ByteReader, form: number, encoding: Encoding): void {
  const size = formSize(form, encoding)!;
  const next = size >= 0 ? reader.offset + size : skipForm(reader.data, reader.offset, form, encoding);
  reader.skip(next - reader.offset);
}
