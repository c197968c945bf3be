/**
 * What debuginfod's clients have in common (debuginfod_find_debuginfo(3), debuginfod-client-config(7)): the cache that
 * all of them share, the servers, and how long one is waited for.
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ElfFile } from './elfFile';
import { readBuildId } from './notes';
import { DEFAULT_DEBUG_DIRECTORIES, openSeparateDebugFile } from './separateDebugFile';

export interface DebuginfodSettings {
  /** Undefined where the environment names no directory that can be meant. */
  readonly cache: string | undefined;
  readonly servers: readonly URL[];
  /** How long a server may send nothing, in ms. */
  readonly timeoutMs: number;
}

const DEFAULT_TIMEOUT_S = 90;
const MAX_TIMEOUT_S = 3600;

/** What the environment says: DEBUGINFOD_URLS, DEBUGINFOD_CACHE_PATH, DEBUGINFOD_TIMEOUT. */
export function debuginfodSettings(environment: NodeJS.ProcessEnv = process.env): DebuginfodSettings {
  const seconds = Number(environment['DEBUGINFOD_TIMEOUT'] ?? DEFAULT_TIMEOUT_S);
  const isSound = Number.isFinite(seconds) && seconds > 0;
  return {
    cache: cacheOf(environment),
    servers: (environment['DEBUGINFOD_URLS'] ?? '').split(/\s+/).flatMap(serverOf),
    timeoutMs: Math.min(isSound ? seconds : DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S) * 1000,
  };
}

/** The build-id of a file whose debug information is nowhere on this machine; undefined for others. */
export function missingBuildId(
  path: string,
  {
    debugDirectories = [],
    cache,
  }: { readonly debugDirectories?: readonly string[]; readonly cache: string | undefined },
): string | undefined {
  const program = ElfFile.open(path);
  try {
    const buildId = readBuildId(program);
    const hasOwn = ['.debug_info', '.zdebug_info'].some((name) => program.section(name) !== undefined);
    if (buildId === undefined || hasOwn) return undefined;
    const { file } = openSeparateDebugFile(program, [...debugDirectories, ...DEFAULT_DEBUG_DIRECTORIES], cache);
    file?.dispose();
    return file ? undefined : buildId;
  } finally {
    program.dispose();
  }
}

/** Whether a file is an ELF file of this build. */
export function isOfBuild(path: string, buildId: string): boolean {
  const file = ElfFile.open(path);
  try {
    return readBuildId(file) === buildId;
  } finally {
    file.dispose();
  }
}

function cacheOf(environment: NodeJS.ProcessEnv): string | undefined {
  const named = environment['DEBUGINFOD_CACHE_PATH'];
  if (named !== undefined) return isAbsolute(named) ? named : undefined;
  const caches = environment['XDG_CACHE_HOME'];
  if (caches !== undefined && isAbsolute(caches)) return join(caches, 'debuginfod_client');
  const home = environment['HOME'] ?? homedir();
  return isAbsolute(home) ? join(home, '.cache', 'debuginfod_client') : undefined;
}

/** A server's address; other words (`ima:enforcing`, file: URLs) name none that is asked. */
function serverOf(text: string): URL[] {
  if (!/^https?:\/\//.test(text)) return [];
  try {
    const url = new URL(text);
    return [new URL(url.pathname.replace(/\/*$/, '/'), url)];
  } catch {
    return [];
  }
}
