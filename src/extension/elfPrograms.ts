/**
 * Which files of a workspace are programs that Sidestep could start: ELF executables for x86-64. Only headers are read
 * (System V gABI, chapters 4 and 5): an editor must not wait for symbols just to list names.
 */
import { type Dirent, closeSync, constants, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ByteReader } from '../base/byteReader';

export interface ElfProgram {
  readonly path: string;
  /** Last change, in ms since the epoch. */
  readonly modified: number;
  /** It was compiled with -g and not stripped. */
  readonly debugInfo: boolean;
}

const ELF_HEADER_BYTES = 64;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const EM_X86_64 = 62;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_INTERP = 3;
const PT_DYNAMIC = 2;
const DT_FLAGS_1 = 0x6ffffffbn;
const DF_1_PIE = 0x08000000n;

/** Folders that hold no program of the user's own, or far too many files. */
const SKIPPED_FOLDERS = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '.cache',
  '.venv',
  'CMakeFiles',
  'incremental',
  'deps',
]);
const EXECUTE_BITS = 0o111;

/** Headers, section names and dynamic sections of real programs are shorter; a malicious file may claim any size. */
const MAX_READ_BYTES = 4 << 20;

/**
 * The programs below `folder`, newest first. `depth`: levels of folders to enter; `files`: the search ends after this
 * many. Folders and files that can't be read are left out.
 */
export function findPrograms(folder: string, { depth = 5, files = 20_000 } = {}): ElfProgram[] {
  const programs: ElfProgram[] = [];
  let level = [folder];
  let left = files;
  for (let entered = 0; entered <= depth && level.length > 0; entered++) {
    const below: string[] = [];
    for (const directory of level) {
      for (const entry of entriesOf(directory)) {
        if (left-- === 0) return newestFirst(programs);
        const path = join(directory, entry.name);
        if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) below.push(path);
        const program = entry.isFile() ? readProgram(path) : undefined;
        if (program) programs.push(program);
      }
    }
    level = below;
  }
  return newestFirst(programs);
}

function newestFirst(programs: ElfProgram[]): ElfProgram[] {
  return programs.sort((a, b) => b.modified - a.modified);
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // not ours to read, or gone since its parent was listed
  }
}

/**
 * The file as a program; undefined if it can't be started here: another format or machine, a library, not executable.
 */
export function readProgram(path: string): ElfProgram | undefined {
  let descriptor: number;
  try {
    // Opening does not block, whatever the file is.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(descriptor);
    const { mode, mtimeMs, size } = status;
    if (!status.isFile() || (mode & EXECUTE_BITS) === 0 || size < ELF_HEADER_BYTES) return undefined;
    const read = (offset: number, length: number): ByteReader => {
      const bytes = Buffer.alloc(Math.min(length, size, MAX_READ_BYTES));
      const got = readSync(descriptor, bytes, 0, bytes.length, offset);
      return new ByteReader(bytes.subarray(0, got), { file: path });
    };
    const header = readHeader(read(0, ELF_HEADER_BYTES));
    if (!header || !isProgram(header, read)) return undefined;
    return { path, modified: mtimeMs, debugInfo: sectionNames(header, read).some(isDebugSection) };
  } catch {
    return undefined; // cut short, hostile or on a broken disk: one odd file must not hide the others
  } finally {
    closeSync(descriptor);
  }
}

type ReadAt = (offset: number, length: number) => ByteReader;

interface ElfHeader {
  readonly type: number;
  readonly segments: Table;
  readonly sections: Table;
  /** Index of the section that holds the names of sections. */
  readonly names: number;
}

interface Table {
  readonly offset: number;
  readonly entrySize: number;
  readonly count: number;
}

function readHeader(reader: ByteReader): ElfHeader | undefined {
  const magic = reader.u32();
  const [fileClass, encoding] = [reader.u8(), reader.u8()];
  reader.offset = 16;
  const [type, machine] = [reader.u16(), reader.u16()];
  if (magic !== 0x464c457f || fileClass !== ELFCLASS64 || encoding !== ELFDATA2LSB || machine !== EM_X86_64) return;
  reader.offset = 32;
  const [segmentOffset, sectionOffset] = [reader.size64(), reader.size64()];
  reader.offset = 54;
  const segments = { offset: segmentOffset, entrySize: reader.u16(), count: reader.u16() };
  const sections = { offset: sectionOffset, entrySize: reader.u16(), count: reader.u16() };
  return { type, segments, sections, names: reader.u16() };
}

/**
 * Position-independent executables are of the same type as shared libraries; they have an interpreter, or, linked
 * statically, DF_1_PIE among their dynamic flags.
 */
function isProgram({ type, segments }: ElfHeader, read: ReadAt): boolean {
  if (type === ET_EXEC) return true;
  if (type !== ET_DYN) return false;
  for (const segment of entries(segments, read)) {
    const kind = segment.u32();
    if (kind === PT_INTERP) return true;
    if (kind !== PT_DYNAMIC) continue;
    segment.skip(4);
    const offset = segment.size64();
    segment.skip(16);
    const size = segment.size64();
    const dynamic = read(offset, size);
    while (!dynamic.atEnd) {
      const [tag, value] = [dynamic.u64(), dynamic.u64()];
      if (tag === DT_FLAGS_1 && (value & DF_1_PIE) !== 0n) return true;
    }
  }
  return false;
}

function sectionNames({ sections, names }: ElfHeader, read: ReadAt): string[] {
  const headers = [...entries(sections, read)].map((section) => {
    const name = section.u32();
    section.skip(20);
    return { name, offset: section.size64(), size: section.size64() };
  });
  const table = headers[names];
  if (!table) return [];
  const strings = read(table.offset, table.size);
  return headers.map(({ name }) => strings.at(name).cstring());
}

function* entries({ offset, entrySize, count }: Table, read: ReadAt): Generator<ByteReader> {
  const table = read(offset, entrySize * count);
  for (let index = 0; index < count; index++) yield table.at(index * entrySize);
}

function isDebugSection(name: string): boolean {
  return name === '.debug_info' || name === '.zdebug_info';
}
