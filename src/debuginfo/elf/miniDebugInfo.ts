/**
 * MiniDebugInfo (GDB manual, "Debugging information in a special section"): stripped programs of Fedora's kind have the
 * symbols of their functions in .gnu_debugdata, an ELF file that is compressed with xz. The `xz` program decompresses
 * it: a process of its own, with bounds on time, memory and output, whatever the section holds.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, SidestepError } from '../../base/errors';
import { MAX_EXPANSION } from './compression';
import { ElfFile } from './elfFile';
import { SymbolTable } from './symbolTable';

const SECTION = '.gnu_debugdata';
/** Symbols of the largest programs take a second. */
const MAX_MS = 20_000;
/** xz's default dictionaries have 8 MiB, its largest 64. */
const MEMORY_LIMIT = '128MiB';

/**
 * The file that the section holds, open; undefined where there is none. Throws `file-unreadable` where there is no
 * `xz`, `malformed` for what it does not decompress, and what `ElfFile.open` throws.
 */
export function openMiniDebugInfo(program: ElfFile): ElfFile | undefined {
  const compressed = program.sectionBytes(SECTION);
  if (!compressed) return undefined;
  const contents = decompressed(compressed, program);
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'sidestep-'));
    const path = join(folder, 'symbols');
    writeFileSync(path, contents, { mode: 0o600, flag: 'wx' });
    // It stays open, and its name is needed no more.
    const file = ElfFile.open(path);
    return checked(file);
  } catch (error) {
    const place = { file: program.path, section: SECTION };
    throw new SidestepError('malformed', `${SECTION} of ${program.path} can't be read: ${messageOf(error)}`, { place });
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The file, if its symbols can be read. */
function checked(file: ElfFile): ElfFile {
  try {
    SymbolTable.of(file, '.symtab');
    return file;
  } catch (error) {
    file.dispose();
    throw error;
  }
}

function decompressed(bytes: Uint8Array, { path, size }: ElfFile): Uint8Array {
  const place = { file: path, section: SECTION };
  const { error, status, stdout, stderr } = spawnSync(
    'xz',
    ['--format=xz', '--decompress', '--stdout', '--quiet', `--memlimit-decompress=${MEMORY_LIMIT}`],
    { input: bytes, maxBuffer: MAX_EXPANSION.free + size * MAX_EXPANSION.ratio, timeout: MAX_MS },
  );
  if (error && 'code' in error && error.code === 'ENOENT') {
    throw new SidestepError('file-unreadable', `${path} has symbols that only xz can decompress, and there is no xz`, {
      place,
      advice: 'Install xz (Debian: xz-utils).',
    });
  }
  if (error || status !== 0) {
    const reason = error?.message ?? stderr.toString('utf8').trim();
    throw new SidestepError('malformed', `${SECTION} of ${path} is malformed: xz does not decompress it (${reason})`, {
      place,
    });
  }
  return stdout;
}
