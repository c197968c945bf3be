/**
 * Debug information from debuginfod servers (debuginfod(8), WEBAPI; DEBUGINFOD_URLS): fetched into the cache that all
 * clients share, before the file that needs it is opened. What a server sends may be anything: it is kept only if it is
 * an ELF file with the build-id that was asked for. A server that fails is not asked again.
 */
import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, SidestepError } from '../../base/errors';
import { type DebuginfodSettings, isOfBuild, missingBuildId } from '../../debuginfo/elf/debuginfod';

/** Bytes of the largest file that is kept: the debug information of browsers has 3 GB. */
const MAX_BYTES = 2 ** 32;
/** Files that are fetched at a time. */
const AT_ONCE = 4;
/** How often progress is told, in bytes. */
const PROGRESS_BYTES = 1 << 22;

export interface DebuginfodOptions extends DebuginfodSettings {
  readonly debugDirectories: readonly string[];
  readonly onProgress: (what: string) => void;
  readonly onWarning: (message: string) => void;
  readonly maxBytes?: number;
}

export class Debuginfod {
  readonly #options: DebuginfodOptions;
  /** Files that were looked at. */
  readonly #seen = new Set<string>();
  readonly #failed = new Set<URL>();
  #written = 0;

  constructor(options: DebuginfodOptions) {
    this.#options = options;
  }

  /**
   * Fetches what the files need and is nowhere here; whether there was such a file. Never fails: what can't be had is
   * warned of.
   */
  async prepare(paths: readonly string[]): Promise<boolean> {
    if (this.#options.servers.length === 0 || this.#options.cache === undefined) return false;
    const unseen = [...new Set(paths)].filter((path) => !this.#seen.has(path));
    for (const path of unseen) this.#seen.add(path);
    const wanted = unseen.flatMap((path) => {
      const buildId = this.#buildIdWanted(path);
      return buildId === undefined ? [] : [{ path, buildId }];
    });
    if (wanted.length === 0) return false;
    const next = async (): Promise<void> => {
      for (let file = wanted.shift(); file; file = wanted.shift()) await this.#fetch(file.path, file.buildId);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    return true;
  }

  #buildIdWanted(path: string): string | undefined {
    try {
      return missingBuildId(path, this.#options);
    } catch (error) {
      // Whoever opens the file says what is wrong with it.
      if (error instanceof SidestepError) return undefined;
      throw error;
    }
  }

  async #fetch(path: string, buildId: string): Promise<void> {
    for (const server of this.#options.servers) {
      if (this.#failed.has(server)) continue;
      try {
        if (await this.#fetchFrom(server, path, buildId)) return;
      } catch (error) {
        if (this.#failed.has(server)) continue;
        this.#failed.add(server);
        this.#options.onWarning(
          `the debuginfod server ${server.origin} did not give the debug information of ${path}: ${reasonOf(error)}. ` +
            'It is not asked again; without debug information, lines and variables of such files are unknown.',
        );
      }
    }
  }

  /** False: the server does not have it. */
  async #fetchFrom(server: URL, path: string, buildId: string): Promise<boolean> {
    const { timeoutMs, maxBytes = MAX_BYTES, onProgress } = this.#options;
    const abort = new AbortController();
    let silence: NodeJS.Timeout | undefined;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        abort.abort(new Error(`it sent nothing for ${timeoutMs / 1000} s`));
      }, timeoutMs);
    };
    heard();
    try {
      onProgress(`Asking ${server.host} for the debug information of ${path}`);
      const response = await fetch(new URL(`buildid/${buildId}/debuginfo`, server), { signal: abort.signal });
      if (response.status === 404) {
        await response.body?.cancel();
        return false;
      }
      if (!response.ok || !response.body) throw new Error(`it answered ${response.status}`);
      const announced = Number(response.headers.get('content-length') ?? 0);
      if (announced > maxBytes) throw new Error(`it announced ${announced} bytes, which is too much`);
      let received = 0;
      let told = 0;
      const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
        for await (const chunk of chunks) {
          heard();
          received += chunk.length;
          if (received > maxBytes) throw new Error(`it sent more than ${maxBytes} bytes`);
          if (received - told >= PROGRESS_BYTES) {
            told = received;
            onProgress(`Debug information of ${path}: ${Math.round(received / 1e6)} MB from ${server.host}`);
          }
          yield chunk;
        }
      };
      await this.#keep(buildId, counted(Readable.fromWeb(response.body)));
      return true;
    } finally {
      clearTimeout(silence);
      abort.abort();
    }
  }

  /** Writes under another name, and renames what is sound. */
  async #keep(buildId: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const directory = join(this.#options.cache ?? '', buildId);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const temporary = join(directory, `debuginfo.${process.pid}.${this.#written++}.tmp`);
    try {
      await pipeline(bytes, createWriteStream(temporary, { flags: 'wx', mode: 0o600 }));
      if (!isOfBuild(temporary, buildId)) throw new Error('it sent the file of another build');
      renameSync(temporary, join(directory, 'debuginfo'));
    } finally {
      rmSync(temporary, { force: true });
    }
  }
}

/** Node hides the reason of a failed request in its cause. */
function reasonOf(error: unknown): string {
  if (error instanceof SidestepError) return 'what it sent is no sound ELF file';
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}
