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

/** The separate debug file of `program`, open; undefined if there is none. */
export function openSeparateDebugFile(program: ElfFile, directories: readonly string[]): ElfFile | undefined {
  const buildId = readBuildId(program);
  if (buildId !== undefined) {
    const found = openByBuildId(buildId, directories);
    if (found) return found;
  }
  const link = readDebugLink(program) ?? (buildId === undefined ? undefined : linkByName(program));
  if (!link) return undefined;
  const folder = dirname(resolvedPath(program.path));
  const candidates = [
    join(folder, link.name),
    join(folder, '.debug', link.name),
    ...directories.flatMap((directory) => [join(directory, folder, link.name), join(directory, link.name)]),
  ];
  for (const path of candidates) {
    if (resolvedPath(path) === resolvedPath(program.path)) continue;
    const file = openIfElf(path);
    if (!file) continue;
    const id = buildIdOf(file);
    const belongs =
      buildId !== undefined && id !== undefined
        ? id === buildId
        : link.crc !== undefined && hasChecksum(file, link.crc);
    if (belongs) return file;
    file.dispose();
  }
  return undefined;
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
  for (const directory of directories) {
    const path = join(directory, '.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`);
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
