/**
 * Where .dwo files and .dwp packages are (GDB manual, "Separate Debug Files"; DWARF 5 §7.3.2): a .dwo where the
 * compiler wrote it, or where it was moved with the program; a package beside the program or its debug file.
 */
import { basename, dirname, isAbsolute, join } from 'node:path';
import { SidestepError } from '../../base/errors';
import { type SplitFiles, type SplitSource } from '../dwarf/splitUnits';
import { ElfFile } from './elfFile';
import { resolvedPath } from './separateDebugFile';

/** Sections of a .dwo file that are read. */
const SECTIONS = [
  ...['.debug_abbrev', '.debug_info', '.debug_types', '.debug_line', '.debug_loc', '.debug_loclists'],
  ...['.debug_rnglists', '.debug_str', '.debug_str_offsets'],
];

export interface SplitFilesOptions {
  /** The program or library, and the separate file with its debug information, if that is another. */
  readonly program: string;
  readonly debugFile: string | undefined;
  readonly directories: readonly string[];
  /** Keeps the package open. */
  readonly keep: (file: ElfFile) => void;
}

export function splitFiles({ program, debugFile, directories, keep }: SplitFilesOptions): SplitFiles {
  const path = resolvedPath(program);
  const folder = dirname(path);
  return {
    openPackage: () => {
      const names = [...new Set([program, path, ...(debugFile === undefined ? [] : [debugFile])])];
      const candidates = [
        ...names.map((name) => `${name}.dwp`),
        ...directories.flatMap((directory) => [
          join(directory, `${path}.dwp`),
          join(directory, `${basename(path)}.dwp`),
        ]),
      ];
      const file = firstThatIs(candidates);
      if (!file) return undefined;
      keep(file);
      return { path: file.path, sectionBytes: (name) => file.sectionBytes(splitName(name)) };
    },
    open: (name, directory) => {
      const places = [...directories, folder];
      const own = isAbsolute(name) ? name : join(directory, name);
      const file = firstThatIs([
        isAbsolute(own) ? own : join(folder, own),
        ...places.flatMap((place) => [join(place, name), join(place, basename(name))]),
      ]);
      return file && readWhole(file);
    },
  };
}

/** There may be thousands of such files: none stays open. */
function readWhole(file: ElfFile): SplitSource {
  try {
    const sections = new Map<string, Uint8Array>();
    const infoParts: number[] = [];
    for (const name of SECTIONS) {
      const parts = file.allSectionBytes(splitName(name));
      let start = 0;
      for (const part of parts) {
        if (name === '.debug_info') infoParts.push(start);
        start += part.length;
      }
      const [only] = parts;
      if (only) sections.set(name, parts.length === 1 ? only : Buffer.concat(parts));
    }
    return { path: file.path, sectionBytes: (name) => sections.get(name), infoParts };
  } finally {
    file.dispose();
  }
}

function splitName(name: string): string {
  return name.endsWith('_index') ? name : `${name}.dwo`;
}

/** The first that is there; one that is there and can't be read is an error. */
function firstThatIs(paths: readonly string[]): ElfFile | undefined {
  for (const path of new Set(paths)) {
    try {
      return ElfFile.open(path);
    } catch (error) {
      if (!(error instanceof SidestepError) || error.code !== 'file-unreadable') throw error;
    }
  }
  return undefined;
}
