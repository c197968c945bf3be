/** Which files `sidestep coverage` looks at: those that are named, and all in the directories that are. */
import { closeSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, SidestepError } from '../../base/errors';
import { openRegularFile } from '../../base/regularFile';

const ELF_MAGIC = '\x7fELF';

/**
 * Paths of the ELF files, each file once, however many names it has. Throws `file-unreadable` for a name that does not
 * exist.
 */
export function* findBinaries(names: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const name of names) {
    for (const path of filesOf(name)) {
      const status = statSync(path);
      const identity = `${status.dev}:${status.ino}`;
      if (seen.has(identity) || (status.isFile() && status.size === 0)) continue;
      seen.add(identity);
      if (isElf(path)) yield path;
    }
  }
}

function* filesOf(name: string): Generator<string> {
  const status = statOf(name);
  if (status === undefined) {
    throw new SidestepError('file-unreadable', `there is no ${name}`, { place: { file: name } });
  }
  if (!status.isDirectory()) {
    yield name;
    return;
  }
  for (const entry of readdirSync(name, { withFileTypes: true })) {
    const path = join(name, entry.name);
    if (entry.isDirectory()) yield* filesOf(path);
    // A link's file may be elsewhere: it counts. Links to directories are not followed, because they may form a loop.
    else if (statOf(path)?.isFile()) yield path;
  }
}

function statOf(path: string): ReturnType<typeof statSync> | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function isElf(path: string): boolean {
  const magic = Buffer.alloc(ELF_MAGIC.length);
  try {
    const { descriptor } = openRegularFile(path);
    try {
      readSync(descriptor, magic, 0, magic.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new SidestepError('file-unreadable', `${path} can't be read: ${messageOf(error)}`, { place: { file: path } });
  }
  return magic.toString('latin1') === ELF_MAGIC;
}
