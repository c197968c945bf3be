/**
 * The messages between a client and the engine. One client, one engine, one pipe each way; a message is a JSON frame
 * ({@link frames}), hits are binary frames ({@link hits}). The engine answers requests in their order, and sends every
 * hit that happened before an answer first: after the answer to `disarm` or `counts`, no earlier hit can arrive.
 *
 * A thread that is *held* is stopped until the client says `release`; no other thread waits for it. The engine holds a
 * thread in three cases: a process that was just launched or has just called exec, before its first instruction; an
 * orphan of a followed process; and at a site armed with `hold`.
 *
 * With `follow: 'children'` every process that a traced one creates is traced, too. `processStarted` reports it before
 * anything that happens in it; it is not held. It has its own sites at the places of its parent's sites; the engine
 * numbers them.
 */
import { type Address } from '../base/address';
import { type ErrorCode, type ErrorPlace } from '../base/errors';
import { type AgentProgram } from './agent/operations';

/** A number the client chooses, unique within a session and never used again. */
export type ProbeId = number;
/** Below {@link FIRST_INHERITED_SITE}, chosen by the client, like a probe's; from there on, chosen by the engine. */
export type SiteId = number;

export const FIRST_INHERITED_SITE: SiteId = 0x8000_0000;

/** Whether processes that a traced one creates are traced too: none, or all of them and their children. */
export type Follow = 'none' | 'children';

export type SiteCounts = readonly (readonly [SiteId, Counts])[];

export interface HitCondition {
  /** Compared with how often the probe was hit with its condition true, this hit included. `%`: every count-th. */
  readonly operator: '==' | '>' | '>=' | '<' | '<=' | '%';
  readonly count: number;
}

/** One mapping of /proc/PID/maps. */
export interface Mapping {
  readonly start: Address;
  /** The address after the last byte. */
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

/**
 * Who executes a displaced instruction: the emulator, the CPU on a copy of the thread's state, or the thread itself by
 * an instruction of its own text that does the same.
 */
export type Execution = 'emulated' | 'surrogate' | 'twin';

/** What the engine found where a probe is wanted. */
export type Inspection =
  | {
      readonly address: Address;
      readonly probeable: true;
      readonly instruction: string;
      readonly length: number;
      readonly execution: Execution;
      /**
       * The instruction that the address lies inside, if any. The fields above then describe bytes that are never
       * executed like this.
       */
      readonly inside?: { readonly address: Address; readonly instruction: string };
    }
  | {
      readonly address: Address;
      readonly probeable: false;
      readonly instruction?: string;
      readonly code: ErrorCode;
      readonly reason: string;
    };

export interface Counts {
  /** Times a thread passed the site. */
  readonly hits: number;
  /** Hits whose condition held, before the hit condition selects among them; without a condition, all hits. */
  readonly matched: number;
  /** Hits whose record was sent. */
  readonly reported: number;
  /** Hits that should have been reported, but were dropped because the client did not read. */
  readonly lost: number;
  /** Hits whose condition could not be evaluated. */
  readonly failedConditions: number;
  /**
   * How often a thread had to run the instruction itself, because emulating it would have faulted; a signal in between
   * counts again.
   */
  readonly steppedAside: number;
}

/** An address, and what the file says about it. */
export interface Place {
  readonly address: Address;
  /** The file's bytes from there on, in hex, to be compared with memory. */
  readonly expected?: string;
  /** The restartable sequence (rseq(2)) that it lies in, or that begins less than an instruction's length after it. */
  readonly sequence?: { readonly start: Address; readonly end: Address };
}

/** What a program inherits from its creator, where that differs from the defaults. */
export interface Inheritance {
  /** The numbers of the signals that it ignores. */
  readonly ignoredSignals?: readonly number[];
  readonly blockedSignals?: readonly number[];
  /** The soft limit on open files (RLIMIT_NOFILE), at most the hard one. */
  readonly openFiles?: number;
}

/** What a site does at a hit whose condition holds: see `arm`. */
export type OnHit = 'report' | 'count' | 'hold' | 'trace';

/** Every request: its arguments and its result. */
export interface Requests {
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
  /**
   * Says for each place whether a probe can be armed there, without arming it. `from`: the start of some earlier
   * instruction, such as the function's first; the engine decodes from there to see whether the address is an
   * instruction's start.
   */
  inspect: {
    arguments: {
      readonly pid: number;
      readonly places: readonly (Place & { readonly from?: Address })[];
    };
    result: { readonly inspections: readonly Inspection[] };
  };
  /** Declares a probe; its sites share the counts and the hit condition. It costs memory until it is forgotten. */
  declare: {
    arguments: { readonly probe: ProbeId; readonly hitCondition?: HitCondition };
    result: Record<string, never>;
  };
  /**
   * Removes a probe with all its sites, inherited ones included. Returns its last counts, and those of each site that
   * was still known. New children don't inherit the probe, and the engine keeps nothing of it. An undeclared probe is
   * not an error: its counts are 0.
   */
  forget: { arguments: { readonly probe: ProbeId }; result: Counts & { readonly sites: SiteCounts } };
  /**
   * Arms a site. `report` sends a record for each hit whose condition holds, `count` only counts, `hold` holds the
   * thread and says so, `trace` removes CLONE_UNTRACED from the third argument of clone(3), at the entry of that
   * function. Without a tracer the flag has no meaning; with this one, the child would run with INT3 in its memory,
   * unknown to the engine. Several sites may stand at one address.
   */
  arm: {
    arguments: Place & {
      readonly site: SiteId;
      readonly probe: ProbeId;
      readonly pid: number;
      readonly agent: AgentProgram;
      readonly onHit: OnHit;
    };
    result: { readonly instruction: string; readonly execution: Execution };
  };
  /**
   * Removes a site; returns its last counts. An unknown site (its process has ended) is not an error: the counts are
   * those of its end.
   */
  disarm: { arguments: { readonly site: SiteId }; result: Counts };
  /** Counts by probe (as pairs) and by site. Sites of ended processes stay in them, unless children are followed. */
  counts: {
    arguments: Record<string, never>;
    result: {
      readonly probes: readonly (readonly [ProbeId, Counts])[];
      readonly sites: SiteCounts;
    };
  };
  /** Checks whether memory still holds what was armed; `siteGone` reports each site for which it does not. */
  audit: { arguments: Record<string, never>; result: Record<string, never> };
  /**
   * After this many further reports in all, the engine disarms every site and says `limitReached`; exact across
   * threads.
   */
  limit: { arguments: { readonly reports: number }; result: Record<string, never> };
  /** Releases a held thread. */
  release: { arguments: { readonly tid: number }; result: Record<string, never> };
  /** Disarms everything in a process and lets it run on untraced. */
  detach: { arguments: { readonly pid: number }; result: Record<string, never> };
  signal: { arguments: { readonly pid: number; readonly signal: number }; result: Record<string, never> };
}

export type RequestKind = keyof Requests;

export type Request = {
  [K in RequestKind]: { readonly id: number; readonly kind: K; readonly arguments: Requests[K]['arguments'] };
}[RequestKind];

export interface EngineFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string;
  readonly place?: ErrorPlace;
}

/** `id`: the request's; 0 for a failure about a message that was not a request. */
export type Response =
  | { readonly id: number; readonly result: Requests[RequestKind]['result'] }
  | { readonly id: number; readonly failure: EngineFailure };

export type ProcessEnd = { readonly code: number } | { readonly signal: number };

/** What the engine reports without a request, in the order in which it happened. */
export type EngineEvent =
  | { readonly event: 'ready'; readonly enginePid: number }
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
  /** At `site`, or (without one) before the first instruction of a new image. */
  | { readonly event: 'held'; readonly pid: number; readonly tid: number; readonly site?: SiteId }
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
  | { readonly event: 'released'; readonly pid: number; readonly sites?: SiteCounts }
  | { readonly event: 'siteGone'; readonly site: SiteId; readonly reason: string }
  | { readonly event: 'limitReached' }
  /** Something the user should know: what was detected, what was done about it. */
  | { readonly event: 'warning'; readonly message: string; readonly pid?: number; readonly tid?: number };

export type EngineMessage =
  | { readonly response: Response }
  | { readonly notice: EngineEvent }
  /** Instead of `ready`: the engine can't start and ends. */
  | { readonly failed: EngineFailure };
