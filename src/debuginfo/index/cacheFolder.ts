/**
 * A folder of files that can be made again, in $XDG_CACHE_HOME/sidestep (XDG Base Directory Specification; ~/.cache
 * without it). A file is written under another name and renamed, so that readers find a whole one whoever else writes;
 * those that were not used for the longest time go first when all together become too large. Nothing here ever fails: a
 * folder that can't be read or written, or is not the user's alone to write, is one that has nothing.
 */
import {
  closeSync,
  constants,
  existsSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { openRegularFile } from '../../base/regularFile';

/** Bytes of all files together: a few of the largest programs that people debug. */
const MAX_BYTES = 1 << 30;

/** What writers that were killed left goes after this time, in ms. */
const MAX_TEMPORARY_AGE = 3_600_000;

const TEMPORARY = '.tmp';

/** Bits of st_mode: others may write. */
const WRITABLE = 0o022;

export interface CacheFolderOptions {
  readonly maxBytes?: number;
  /** The user whose files are read. */
  readonly user?: number;
}

/** The user's cache directory for Sidestep; undefined where the environment names none that can be meant. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment['XDG_CACHE_HOME'];
  // A relative one is to be ignored, says the specification.
  if (named !== undefined && isAbsolute(named)) return join(named, 'sidestep');
  const home = environment['HOME'] ?? homedir();
  return isAbsolute(home) ? join(home, '.cache', 'sidestep') : undefined;
}

export class CacheFolder {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #user: number;

  constructor(directory: string, { maxBytes = MAX_BYTES, user = userInfo().uid }: CacheFolderOptions = {}) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#user = user;
  }

  /** A descriptor of a file that the user has written, and its bytes; the file counts as used now. */
  open(name: string): { readonly descriptor: number; readonly size: number } | undefined {
    const path = this.#pathOf(name);
    return ifPossible(() => {
      if (!this.#isOwn(statSync(this.#directory))) return undefined;
      const { descriptor, status } = openRegularFile(path);
      if (status.size > this.#maxBytes || !this.#isOwn(status)) {
        closeSync(descriptor);
        return undefined;
      }
      ifPossible(() => touch(path));
      return { descriptor, size: status.size };
    });
  }

  /** Whether a file of so many bytes would leave as many free, several times over. */
  hasRoomFor(bytes: number): boolean {
    if (bytes > this.#maxBytes) return false;
    const free = ifPossible(() => {
      this.#make();
      const { bavail, bsize } = statfsSync(this.#directory);
      return bavail * bsize;
    });
    return free !== undefined && free >= FREE_FACTOR * bytes;
  }

  /** Writes a file whose contents are those of `parts`, one after the other. */
  write(name: string, parts: readonly Uint8Array[]): void {
    if (parts.reduce((sum, { length }) => sum + length, 0) > this.#maxBytes) return;
    const path = this.#pathOf(name);
    const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}${TEMPORARY}`;
    const isWritten = ifPossible(() => {
      this.#make();
      if (!this.#isOwn(statSync(this.#directory))) return false;
      writeNew(temporary, parts);
      renameSync(temporary, path);
      return true;
    });
    if (!isWritten) ifPossible(() => rmSync(temporary, { force: true }));
    else this.#shrink();
  }

  remove(name: string): void {
    ifPossible(() => rmSync(this.#pathOf(name), { force: true }));
  }

  /** Makes the directory and the one that it is in, no more: in /proc, Node's `recursive` goes on forever. */
  #make(): void {
    for (const directory of [dirname(this.#directory), this.#directory]) {
      if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
    }
  }

  /** Whether nobody else can write to the file, or put files into the directory, whose status this is. */
  #isOwn({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
    return uid === this.#user && (mode & WRITABLE) === 0;
  }

  #pathOf(name: string): string {
    if (!/^[\w-][\w.-]{0,239}$/.test(name)) throw new Error(`internal error: ${name} is no name of a file here`);
    return join(this.#directory, name);
  }

  /** Drops the least used files until the others fit. */
  #shrink(): void {
    const kept: { readonly path: string; readonly size: number; readonly used: number }[] = [];
    for (const name of ifPossible(() => readdirSync(this.#directory)) ?? []) {
      const path = join(this.#directory, name);
      const status = ifPossible(() => statSync(path));
      if (!status?.isFile()) continue;
      if (!name.endsWith(TEMPORARY)) kept.push({ path, size: status.size, used: status.mtimeMs });
      else if (Date.now() - status.mtimeMs > MAX_TEMPORARY_AGE) ifPossible(() => rmSync(path, { force: true }));
    }
    kept.sort((a, b) => b.used - a.used);
    let sum = 0;
    for (const { path, size } of kept) {
      sum += size;
      if (sum > this.#maxBytes) ifPossible(() => rmSync(path, { force: true }));
    }
  }
}

/** A disk that is nearly full has better uses. */
const FREE_FACTOR = 4;

function writeNew(path: string, parts: readonly Uint8Array[]): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const descriptor = openSync(path, flags, 0o600);
  try {
    for (const bytes of parts)
      for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done);
  } finally {
    closeSync(descriptor);
  }
}

/** A file's time of change says when it was used last: access times are seldom kept. */
function touch(path: string): void {
  const now = new Date();
  lutimesSync(path, now, now);
}

/** Runs what a full, read-only, damaged or missing cache keeps from succeeding. */
export function ifPossible<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
