/**
 * The part of the contract about processes: how they come under trace, what is mapped into them, their threads and
 * children, signals, and how they go.
 *
 * With `follow: 'children'` every process that a traced one creates is traced, too. `processStarted` reports it before
 * anything that happens in it; it is not held. It has sites of its own at the places of its parent's, numbered by the
 * engine.
 */
import { type Address } from '../base/address';
import { boolean, integer, list, object, oneOf, optional, tuple } from '../base/shape';
import { type ArgumentShapes, count, descriptor, pid, text } from './argumentShapes';
import { type SiteCounts, type SiteId } from './probeMessages';

/** Whether processes that a traced one creates are traced too: none, or all of them and their children. */
export const FOLLOW = ['none', 'children'] as const;
export type Follow = (typeof FOLLOW)[number];

/** One mapping of /proc/PID/maps. */
export interface Mapping {
  readonly start: Address;
  /** After the last byte. */
  readonly end: Address;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly shared: boolean;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** `major:minor` in hex, as the kernel prints it. */
  readonly device: string;
  readonly inode: number;
  /** File, `[stack]`, `[vdso]`… or empty. Without the kernel's ` (deleted)`. */
  readonly path: string;
  readonly deleted: boolean;
}

/** What a program inherits from its creator, where that differs from the defaults. */
export interface Inheritance {
  /** The numbers of the signals that it ignores. */
  readonly ignoredSignals?: readonly number[];
  readonly blockedSignals?: readonly number[];
  /** The soft limit on open files (RLIMIT_NOFILE), at most the hard one. */
  readonly openFiles?: number;
}

export interface ProcessRequests {
  /**
   * Starts a program, held before its first instruction. If the engine or the client ends before the program is
   * released, the program is killed. `stdio`: descriptors of the engine that become its 0, 1 and 2. The environment is
   * exactly `env`. `starter`: a process that the client has started and that becomes the program. The program keeps
   * everything else of it: user and groups, directory, descriptors, umask, limits, parent. Bytes that are not UTF-8 are
   * written as base/byteText says.
   */
  launch: {
    arguments: Inheritance & {
      readonly program: string;
      /** The program's argv[0]; `program` by default. */
      readonly argv0?: string;
      readonly args: readonly string[];
      /** By default the engine's own, or the starter's. */
      readonly cwd?: string;
      /** `NAME=value` each. */
      readonly env: readonly string[];
      readonly stdio: readonly [number, number, number];
      /** Further descriptors of the engine, and the program's numbers for them. The engine closes its own. */
      readonly descriptors?: readonly (readonly [own: number, programs: number])[];
      /** `none` by default. */
      readonly follow?: Follow;
      readonly starter?: number;
    };
    result: { readonly pid: number };
  };
  /**
   * Traces all threads of a running process without stopping one. Children that it already has are not followed.
   * `asLaunched`: the process is about to exec the program, which then counts as launched.
   */
  attach: {
    arguments: { readonly pid: number; readonly follow?: Follow; readonly asLaunched?: boolean };
    result: { readonly pid: number; readonly tids: readonly number[] };
  };
  mappings: {
    arguments: { readonly pid: number };
    result: {
      readonly mappings: readonly Mapping[];
      /** Target of /proc/PID/exe. */
      readonly executable: string;
      /** AT_ENTRY and AT_BASE of the auxiliary vector (getauxval(3)); 0 where there is none. */
      readonly entry: Address;
      readonly interpreterBase: Address;
    };
  };
  /** Disarms everything in a process and lets it run on untraced. */
  detach: { arguments: { readonly pid: number }; result: Record<string, never> };
  signal: { arguments: { readonly pid: number; readonly signal: number }; result: Record<string, never> };
}

export type ProcessEnd = { readonly code: number } | { readonly signal: number };

export type ProcessEvent =
  | { readonly event: 'threadStarted'; readonly pid: number; readonly tid: number; readonly name: string }
  | { readonly event: 'threadExited'; readonly pid: number; readonly tid: number }
  /**
   * A child that is followed. `forked`: it has a copy of the parent's mappings; `sites` pairs each inherited site with
   * the parent's. `spawned`: it has shared the parent's memory until now, and calls exec. `orphaned`: its creator was
   * killed before reporting it; nothing else is known, and it is held.
   */
  | {
      readonly event: 'processStarted';
      readonly pid: number;
      readonly parent: number;
      readonly how: 'forked' | 'spawned' | 'orphaned';
      readonly sites: readonly (readonly [SiteId, SiteId])[];
    }
  /** The process runs another program now; its sites are gone, its leader is held. */
  | {
      readonly event: 'execed';
      readonly pid: number;
      readonly executable: string;
      /** Where children are followed: the last counts of its sites, which the engine has forgotten. */
      readonly sites?: SiteCounts;
    }
  | { readonly event: 'exited'; readonly pid: number; readonly end: ProcessEnd; readonly sites?: SiteCounts }
  /** The process could no longer be traced and continues without; a warning has said why. */
  | { readonly event: 'released'; readonly pid: number; readonly sites?: SiteCounts };

/** _NSIG, signal(7). 0 asks whether the process is there. */
const SIGNALS = 64;

const follow = optional(oneOf(...FOLLOW));

export const PROCESS_REQUESTS: ArgumentShapes<ProcessRequests> = {
  launch: object<ProcessRequests['launch']['arguments']>({
    program: text,
    argv0: optional(text),
    args: list(text),
    cwd: optional(text),
    env: list(text),
    stdio: tuple<[number, number, number]>(descriptor, descriptor, descriptor),
    descriptors: optional(list(tuple<[number, number]>(descriptor, descriptor))),
    ignoredSignals: optional(list(integer(1, SIGNALS))),
    blockedSignals: optional(list(integer(1, SIGNALS))),
    openFiles: optional(count),
    follow,
    starter: optional(pid),
  }),
  attach: object<ProcessRequests['attach']['arguments']>({ pid, follow, asLaunched: optional(boolean) }),
  mappings: object<ProcessRequests['mappings']['arguments']>({ pid }),
  detach: object<ProcessRequests['detach']['arguments']>({ pid }),
  signal: object<ProcessRequests['signal']['arguments']>({ pid, signal: integer(0, SIGNALS) }),
};
