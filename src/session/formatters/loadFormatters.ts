/**
 * Which formatters a session uses: the user's Natvis files, and Sidestep's own after them. A file that can't be used,
 * or a part of one, is left out with a warning.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, SidestepError } from '../../base/errors';
import { openRegularFile } from '../../base/regularFile';
import { type NatvisFile, type Visualizers } from '../../language/natvis/ast';
import { parseNatvis } from '../../language/natvis/parse';
import { isNamedBeyondC, visualizersOf } from '../../language/natvis/visualizers';

export interface LoadedFormatters {
  readonly visualizers: Visualizers;
  /** What was left out, and why: with file, line and column. */
  readonly warnings: readonly string[];
}

/** Bytes. */
const MAX_FILE_SIZE = 16_000_000;

/**
 * `files`: the user's, of which earlier ones come first. `own`: the directory with Sidestep's, which are read when a
 * value first asks for them: none of C does, whose libraries have none.
 */
export function loadFormatters(files: readonly string[], own: string): LoadedFormatters {
  const warnings: string[] = [];
  const users = files.flatMap((path) => loadFile(path, warnings));
  const given = visualizersOf(users);
  let all: Visualizers | undefined;
  const find: Visualizers['find'] = (type, view) => {
    if (all === undefined && isNamedBeyondC(type)) all = visualizersOf([...users, ...loadOwn(own)]);
    return (all ?? given).find(type, view);
  };
  return { visualizers: { find }, warnings };
}

function loadFile(path: string, warnings: string[]): NatvisFile[] {
  try {
    const { file, problems } = parseNatvis(readText(path), path);
    warnings.push(...problems.map(({ message }) => `${message}; the rest of the file is used`));
    return [file];
  } catch (error) {
    if (!(error instanceof SidestepError)) throw error;
    warnings.push(`${error.message}; the file is not used`);
    return [];
  }
}

function loadOwn(directory: string): NatvisFile[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.natvis'));
  return names.sort().map((name) => {
    const path = join(directory, name);
    return parseNatvis(readFileSync(path, 'utf8'), path).file;
  });
}

/** UTF-8, or UTF-16 where a byte order mark says so. Throws `file-unreadable`. */
function readText(path: string): string {
  let descriptor: number | undefined;
  try {
    const opened = openRegularFile(path);
    ({ descriptor } = opened);
    if (opened.status.size > MAX_FILE_SIZE) throw new Error(`it is larger than ${MAX_FILE_SIZE} bytes`);
    const bytes = readFileSync(descriptor);
    const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
    return new TextDecoder(isWide ? 'utf-16le' : 'utf-8').decode(bytes);
  } catch (error) {
    throw new SidestepError('file-unreadable', `can't read ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
