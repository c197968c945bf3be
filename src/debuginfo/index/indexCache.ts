/**
 * Indexes kept on disk, in $XDG_CACHE_HOME/sidestep (XDG Base Directory Specification; ~/.cache without it). A file is
 * written under another name and renamed, so that readers find a whole one whoever else writes; those that were not
 * used for the longest time go first when all together become too large. Nothing here ever fails: a cache that can't be
 * read or written is one that has nothing.
 */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { openRegularFile } from '../../base/regularFile';
import { decodeIndex, encodeIndex, FORMAT_VERSION } from './indexFormat';
import { type IndexTables } from './indexTables';

/** Bytes of all indexes together: those of some forty programs as large as a Java virtual machine. */
const MAX_BYTES = 1 << 29;

/** What writers that were killed left goes after this time, in ms. */
const MAX_TEMPORARY_AGE = 3_600_000;

const SUFFIX = '.index';
const TEMPORARY = '.tmp';

export interface IndexCacheOptions {
  readonly maxBytes?: number;
  /** User ids whose files are read: one's own and root's. */
  readonly trusted?: readonly number[];
}

/** The user's cache directory for Sidestep; undefined where the environment names none that can be meant. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment['XDG_CACHE_HOME'];
  // A relative one is to be ignored, says the specification.
  if (named !== undefined && isAbsolute(named)) return join(named, 'sidestep');
  const home = environment['HOME'] ?? homedir();
  return isAbsolute(home) ? join(home, '.cache', 'sidestep') : undefined;
}

export class IndexCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #trusted: readonly number[];

  constructor(directory: string, { maxBytes = MAX_BYTES, trusted = [userInfo().uid, 0] }: IndexCacheOptions = {}) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#trusted = trusted;
  }

  /** The index that was kept under `key`; undefined where there is no sound one. */
  read(key: string): IndexTables | undefined {
    const path = this.#pathOf(key);
    const bytes = ifPossible(() => this.#load(path));
    const tables = bytes && decodeIndex(bytes);
    if (tables) ifPossible(() => touch(path));
    return tables;
  }

  /** Keeps an index under `key`. */
  write(key: string, tables: IndexTables): void {
    const bytes = encodeIndex(tables);
    if (bytes.length > this.#maxBytes) return;
    const path = this.#pathOf(key);
    const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}${TEMPORARY}`;
    const isWritten = ifPossible(() => {
      this.#make();
      writeNew(temporary, bytes);
      renameSync(temporary, path);
      return true;
    });
    if (!isWritten) ifPossible(() => rmSync(temporary, { force: true }));
    else this.#shrink();
  }

  /** Makes the directory and the one that it is in, no more: in /proc, Node's `recursive` goes on forever. */
  #make(): void {
    for (const directory of [dirname(this.#directory), this.#directory]) {
      if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
    }
  }

  /** Keys are part of a file's name: letters, digits and hyphens. */
  #pathOf(key: string): string {
    if (!/^[\w-]{1,200}$/.test(key)) throw new Error(`internal error: ${key} is no key of an index`);
    return join(this.#directory, `${key}.v${FORMAT_VERSION}${SUFFIX}`);
  }

  #load(path: string): Uint8Array | undefined {
    const { descriptor, status } = openRegularFile(path);
    try {
      if (status.size > this.#maxBytes || !this.#trusted.includes(status.uid)) return undefined;
      // A buffer of its own lies at a multiple of eight.
      const bytes = Buffer.allocUnsafeSlow(status.size);
      let done = 0;
      for (let count = 1; done < bytes.length && count > 0; done += count)
        count = readSync(descriptor, bytes, done, bytes.length - done, done);
      return done === bytes.length ? bytes : undefined;
    } finally {
      closeSync(descriptor);
    }
  }

  /** Drops the least used indexes until the others fit. */
  #shrink(): void {
    const kept: { readonly path: string; readonly size: number; readonly used: number }[] = [];
    for (const name of ifPossible(() => readdirSync(this.#directory)) ?? []) {
      const path = join(this.#directory, name);
      const status = ifPossible(() => statSync(path));
      if (!status?.isFile()) continue;
      if (name.endsWith(SUFFIX)) kept.push({ path, size: status.size, used: status.mtimeMs });
      else if (name.endsWith(TEMPORARY) && Date.now() - status.mtimeMs > MAX_TEMPORARY_AGE)
        ifPossible(() => rmSync(path, { force: true }));
    }
    kept.sort((a, b) => b.used - a.used);
    let sum = 0;
    for (const { path, size } of kept) {
      sum += size;
      if (sum > this.#maxBytes) ifPossible(() => rmSync(path, { force: true }));
    }
  }
}

function writeNew(path: string, bytes: Uint8Array): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const descriptor = openSync(path, flags, 0o600);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
  } finally {
    closeSync(descriptor);
  }
}

/** A file's time of change says when it was used last: access times are seldom kept. */
function touch(path: string): void {
  const now = new Date();
  utimesSync(path, now, now);
}

/** Runs what a full, read-only, damaged or missing cache keeps from succeeding. */
function ifPossible<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
