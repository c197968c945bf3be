/**
 * Finding the file that holds a program's debug information (GDB manual, "Debugging Information in Separate Files"): by
 * build-id under the debug directories, then by the name and CRC in .gnu_debuglink, or as NAME.debug; and the file that
 * dwz moved shared entries to (.gnu_debugaltlink). A file that does not belong to the program is never taken.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { ByteReader } from '../../base/byteReader';
import { SidestepError } from '../../base/errors';
import { crc32 } from './crc32';
import { ElfFile } from './elfFile';
import { readBuildId } from './notes';

export const DEFAULT_DEBUG_DIRECTORIES: readonly string[] = ['/usr/lib/debug'];

/** Bytes that are read at a time for a checksum. */
const PIECE = 1 << 20;
/** Bytes of the largest file whose checksum is computed; /proc/kcore claims to be an ELF file of 128 TB. */
const MAX_CHECKED = 2 ** 36;

export interface SeparateDebugFile {
  /** Open; undefined if there is none. */
  readonly file: ElfFile | undefined;
  /** Sentences about files that lie where it should, and are of another build. */
  readonly mismatches: readonly string[];
}

/** `cache`: the directory of debuginfod's clients, if it is to be looked at. */
export function openSeparateDebugFile(
  program: ElfFile,
  directories: readonly string[],
  cache?: string,
): SeparateDebugFile {
  const buildId = readBuildId(program);
  const mismatches: string[] = [];
  const owned = (path: string, crc: number | undefined): ElfFile | undefined => {
    if (resolvedPath(path) === resolvedPath(program.path)) return undefined;
    const file = openIfElf(path);
    if (!file) return undefined;
    const mismatch = mismatchOf(file, buildId, crc);
    if (mismatch === undefined) return file;
    file.dispose();
    mismatches.push(
      `${path} is not the debug file of ${program.path}: ${mismatch}. It is not used: without another one, lines and ` +
        'variables are unknown. Install the debug information of this very build.',
    );
    return undefined;
  };
  const link = readDebugLink(program) ?? (buildId === undefined ? undefined : linkByName(program));
  const byId = buildId === undefined ? [] : [...buildIdPaths(buildId, directories), ...cachePaths(buildId, cache)];
  const candidates = [
    ...byId.map((path) => ({ path, crc: undefined })),
    ...(link ? linkedPaths(program, link, directories) : []).map((path) => ({ path, crc: link?.crc })),
  ];
  for (const { path, crc } of candidates) {
    const file = owned(path, crc);
    if (file) return { file, mismatches: [] };
  }
  return { file: undefined, mismatches };
}

/** Why a file does not belong to a program; undefined where it does. */
function mismatchOf(file: ElfFile, buildId: string | undefined, crc: number | undefined): string | undefined {
  const id = buildIdOf(file);
  if (buildId !== undefined && id !== undefined)
    return id === buildId ? undefined : `its build-id is ${id}, not ${buildId}`;
  if (crc === undefined) return 'it has no build-id';
  return hasChecksum(file, crc) ? undefined : 'its CRC-32 is not the one that the program names';
}

function buildIdPaths(buildId: string, directories: readonly string[]): readonly string[] {
  const name = join('.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`);
  return directories.map((directory) => join(directory, name));
}

/** Where debuginfod's clients keep what they were sent (debuginfod_find_debuginfo(3), CACHE). */
function cachePaths(buildId: string, cache: string | undefined): readonly string[] {
  return cache === undefined ? [] : [join(cache, buildId, 'debuginfo')];
}

function linkedPaths(program: ElfFile, { name }: DebugLink, directories: readonly string[]): readonly string[] {
  const folder = dirname(resolvedPath(program.path));
  return [
    join(folder, name),
    join(folder, '.debug', name),
    ...directories.flatMap((directory) => [join(directory, folder, name), join(directory, name)]),
  ];
}

/**
 * The file that `.gnu_debugaltlink` of `file` names, open; undefined if there is no link. Throws if it can't be found.
 */
export function openAlternateFile(file: ElfFile, directories: readonly string[]): ElfFile | undefined {
  const bytes = file.sectionBytes('.gnu_debugaltlink');
  if (!bytes) return undefined;
  const reader = new ByteReader(bytes, { file: file.path, section: '.gnu_debugaltlink' });
  const name = reader.cstring();
  const buildId = Buffer.from(reader.bytes(reader.end - reader.offset)).toString('hex');
  const path = isAbsolute(name) ? name : resolve(dirname(resolvedPath(file.path)), name);
  const linked = openIfElf(path);
  if (linked && buildIdOf(linked) === buildId) return linked;
  linked?.dispose();
  const found = openByBuildId(buildId, directories);
  if (found) return found;
  throw new SidestepError(
    'file-unreadable',
    `${file.path} shares debug information with ${path}, which does not exist`,
    {
      place: { file: file.path, section: '.gnu_debugaltlink' },
      advice: 'Reinstall the package that the debug file came with: its .dwz file is missing.',
    },
  );
}

function openByBuildId(buildId: string, directories: readonly string[]): ElfFile | undefined {
  for (const path of buildIdPaths(buildId, directories)) {
    const file = openIfElf(path);
    if (!file) continue;
    if (buildIdOf(file) === buildId) return file;
    file.dispose();
  }
  return undefined;
}

interface DebugLink {
  readonly name: string;
  /** CRC-32 of the whole file; undefined where only its build-id can tell whether it belongs to the program. */
  readonly crc: number | undefined;
}

/** What the file is called that no link names, by custom: it is only taken by its build-id. */
function linkByName({ path }: ElfFile): DebugLink {
  return { name: `${basename(path)}.debug`, crc: undefined };
}

function readDebugLink(program: ElfFile): DebugLink | undefined {
  const bytes = program.sectionBytes('.gnu_debuglink');
  if (!bytes) return undefined;
  const reader = new ByteReader(bytes, { file: program.path, section: '.gnu_debuglink' });
  const name = reader.cstring();
  reader.skip((4 - (reader.offset % 4)) % 4);
  // A name with directories could lead anywhere; the format has none.
  return name === '' || name.includes('/') ? undefined : { name, crc: reader.u32() };
}

function openIfElf(path: string): ElfFile | undefined {
  try {
    return ElfFile.open(path);
  } catch (error) {
    if (error instanceof SidestepError) return undefined;
    throw error;
  }
}

/** The path without symbolic links; as it is where that can't be had. */
export function resolvedPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** The build-id of a file that may be anything; undefined where it has none that can be read. */
function buildIdOf(file: ElfFile): string | undefined {
  try {
    return readBuildId(file);
  } catch (error) {
    if (error instanceof SidestepError) return undefined;
    throw error;
  }
}

/** Whether the CRC-32 of the whole file, read in pieces, is this one. */
function hasChecksum(file: ElfFile, expected: number): boolean {
  if (file.size > MAX_CHECKED) return false;
  try {
    file.checkHoles(0, file.size, 'the file');
    let crc = 0;
    for (let at = 0; at < file.size; at += PIECE) {
      crc = crc32(file.read(at, Math.min(PIECE, file.size - at), 'the file'), crc);
    }
    return crc === expected;
  } catch (error) {
    if (error instanceof SidestepError) return false;
    throw error;
  }
}
