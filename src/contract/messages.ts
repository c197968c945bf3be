/**
 * What a client and the engine say to each other. One client, one engine, one pipe each way; a message is a JSON frame
 * ({@link frames}), hits are binary frames ({@link hits}). The engine answers requests in their order, and before it
 * answers one it has sent every hit that happened until then: after the answer to `disarm` or `counts`, no earlier hit
 * can still come.
 *
 * A thread that is *held* is stopped until the client says `release`; no other thread waits for it. The engine holds a
 * thread in three cases: a process that was just launched or has just called exec, before its first instruction; an
 * orphan of a followed process; and at a site armed with `hold`.
 *
 * With `follow: 'children'` every process that a traced one creates is traced, too. `processStarted` tells of it before
 * anything that happens in it; it is not held. It has sites of its own at the places of its parent's, numbered by the
 * engine.
 */
import { type Address } from '../base/address';
import { type ErrorCode, type ErrorPlace } from '../base/errors';
import { type AgentProgram } from './agent/operations';

/** A number the client chooses, unique within a session and never used again. */
export type ProbeId = number;
/**
 * A number below {@link FIRST_INHERITED_SITE} that the client chooses as it does probes', or one from there on that the
 * engine chose.
 */
export type SiteId = number;

export const FIRST_INHERITED_SITE: SiteId = 0x8000_0000;

/** Which processes that a traced one creates are traced, too: none, or all of them and theirs. */
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
  /** Behind the last byte. */
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
       * The instruction in whose middle the address lies, if it does: what is said above then is about bytes that are
       * not executed like this.
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
  /** Hits whose condition held, whatever the hit condition said then; without a condition, all of them. */
  readonly matched: number;
  /** Hits whose record was sent. */
  readonly reported: number;
  /** Hits that should have been reported, but whose record found no room because the client did not read. */
  readonly lost: number;
  /** Hits whose condition could not be evaluated. */
  readonly failedConditions: number;
  /**
   * Times that a thread was to run the instruction itself, because emulating it would have faulted: once more for each
   * signal that comes in between.
   */
  readonly steppedAside: number;
}

/** An address, and what the file says about it. */
export interface Place {
  readonly address: Address;
  /** The file's bytes from there on, in hex, to be compared with memory. */
  readonly expected?: string;
  /** The restartable sequence (rseq(2)) that it lies in, or that begins less than an instruction's length behind it. */
  readonly sequence?: { readonly start: Address; readonly end: Address };
}

/** What a program has of its creator, as far as it is not to be what every program starts with. */
export interface Inheritance {
  /** The numbers of the signals that it ignores. */
  readonly ignoredSignals?: readonly number[];
  readonly blockedSignals?: readonly number[];
  /** The soft limit on open files (RLIMIT_NOFILE), at most the hard one. */
  readonly openFiles?: number;
}

/** What a site does when it is hit, its condition holding: see `arm`. */
export type OnHit = 'report' | 'count' | 'hold' | 'trace';

/** Every request: what it takes and what it gives. */
export interface Requests {
  /**
   * Starts a program, held before its first instruction. If the engine ends before the program is let go, or the client
   * does, the program is ended. `stdio`: descriptors of the engine that become its 0, 1 and 2. The environment is
   * exactly `env`. With a `starter`, a process that the client has started to become the program, everything else is
   * that one's: user and groups, directory, descriptors, umask, limits; and whose child it is. Bytes that are not UTF-8
   * are written as base/byteText says.
   */
  launch: {
    arguments: Inheritance & {
      readonly program: string;
      /** What the program finds as argv[0]; `program` by default. */
      readonly argv0?: string;
      readonly args: readonly string[];
      /** By default the engine's own, or the starter's. */
      readonly cwd?: string;
      /** `NAME=value` each. */
      readonly env: readonly string[];
      readonly stdio: readonly [number, number, number];
      /** Further descriptors of the engine, and which ones they become. The engine has them no longer then. */
      readonly descriptors?: readonly (readonly [own: number, programs: number])[];
      /** `none` by default. */
      readonly follow?: Follow;
      readonly starter?: number;
    };
    result: { readonly pid: number };
  };
  /**
   * Traces all threads of a running process without stopping one. Children that it has already are not followed.
   * `asLaunched`: it is about to exec the program, which from then on is as one that was launched.
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
   * Says for each place whether a probe can be armed there, without arming it. `from`: where an instruction starts for
   * certain, such as the function's first; whether the address is a start too is told from it.
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
   * Takes a probe away with all its sites, those that children have inherited too; its last counts, and those of each
   * site that was still known. Nobody is born with it any more, and nothing of it is kept. One that was never declared
   * is no error: it has counted nothing.
   */
  forget: { arguments: { readonly probe: ProbeId }; result: Counts & { readonly sites: SiteCounts } };
  /**
   * Arms a site. `report` sends a record for each hit whose condition holds, `count` only counts, `hold` holds the
   * thread and says so, `trace` takes CLONE_UNTRACED out of the third argument of clone(3), where this function is
   * entered: without a tracer the flag means nothing, and with this one the child would have INT3 in its memory and
   * nobody who knows of it. Several sites may stand at one address.
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
  /** Takes a site away; its last counts. Unknown sites (their process ended) are no error: counts as they were then. */
  disarm: { arguments: { readonly site: SiteId }; result: Counts };
  /** Counts by probe (as pairs) and by site. Sites of ended processes stay in them, unless children are followed. */
  counts: {
    arguments: Record<string, never>;
    result: {
      readonly probes: readonly (readonly [ProbeId, Counts])[];
      readonly sites: SiteCounts;
    };
  };
  /** Looks whether memory still holds what was armed; `siteGone` tells of each site that it no longer does. */
  audit: { arguments: Record<string, never>; result: Record<string, never> };
  /**
   * After this many further reports in all, the engine disarms every site and says `limitReached`; exact across
   * threads.
   */
  limit: { arguments: { readonly reports: number }; result: Record<string, never> };
  /** Lets a held thread go. */
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

/** `id`: the request's, or 0 for a failure that is about a message that was no request. */
export type Response =
  | { readonly id: number; readonly result: Requests[RequestKind]['result'] }
  | { readonly id: number; readonly failure: EngineFailure };

export type ProcessEnd = { readonly code: number } | { readonly signal: number };

/** What the engine says unasked, in the order in which it happened. */
export type EngineEvent =
  | { readonly event: 'ready'; readonly enginePid: number }
  | { readonly event: 'threadStarted'; readonly pid: number; readonly tid: number; readonly name: string }
  | { readonly event: 'threadExited'; readonly pid: number; readonly tid: number }
  /**
   * A child that is followed. Where it `forked`, it has a copy of what the parent has mapped, and as pairs the sites
   * that it was born with and the parent's that they stand for. Where it was `spawned`, it has shared the parent's
   * memory until now, when it calls exec. Where it is `orphaned`, because its creator was killed at that very moment,
   * nothing is known of it, and it is held.
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
  /** The process could not be traced any longer and runs on without; a warning has said why. */
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
