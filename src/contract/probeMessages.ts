/**
 * The part of the contract about probes: declared, armed at their sites, counted, taken away. What the hits report are
 * binary records (contract/hits).
 */
import { type Address } from '../base/address';
import { type Fields, integer, isObject, list, object, oneOf, optional, type Shape, shape } from '../base/shape';
import { type AgentOperation, type AgentProgram } from './agent/operations';
import { address, type ArgumentShapes, count, nothing, pid } from './argumentShapes';
import { type EngineFailure } from './engineFailure';

/** A number the client chooses, unique within a session and never used again. */
export type ProbeId = number;
/** Below {@link FIRST_INHERITED_SITE}, chosen by the client, like a probe's; from there on, chosen by the engine. */
export type SiteId = number;

export const FIRST_INHERITED_SITE: SiteId = 0x8000_0000;

export type SiteCounts = readonly (readonly [SiteId, Counts])[];

export interface HitCondition {
  /** Compared with how often the probe was hit with its condition true, this hit included. `%`: every count-th. */
  readonly operator: '==' | '>' | '>=' | '<' | '<=' | '%';
  readonly count: number;
}

/**
 * Who executes a displaced instruction: the emulator, the CPU on a copy of the thread's state, or the thread itself by
 * an instruction of its own text that does the same.
 */
export const EXECUTIONS = ['emulated', 'surrogate', 'twin'] as const;
export type Execution = (typeof EXECUTIONS)[number];

/** What a site does at a hit whose condition holds: see `arm`. */
export const ON_HIT = ['report', 'note', 'count', 'hold', 'trace'] as const;
export type OnHit = (typeof ON_HIT)[number];

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
  /**
   * The start of some earlier instruction, such as the function's first; the engine decodes from there to see whether
   * the address is an instruction's start.
   */
  readonly from?: Address;
}

/** One site to be armed. */
export interface SiteRequest extends Place {
  readonly site: SiteId;
  readonly probe: ProbeId;
  readonly agent: AgentProgram;
  readonly onHit: OnHit;
}

/** The instruction that a site's INT3 displaces. */
export interface DisplacedInstruction {
  /** The instruction as text, for people. */
  readonly instruction: string;
  readonly execution: Execution;
  /**
   * The instruction that the address lies inside of, if any. The fields above then describe bytes that are never
   * executed like this.
   */
  readonly inside?: { readonly address: Address; readonly instruction: string };
}

export type ArmOutcome = DisplacedInstruction | { readonly failure: EngineFailure };

export interface ProbeRequests {
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
   * Examines each place and arms it if a probe can stand there. The result has one outcome for each site, in order; a
   * failed site does not affect the others. `report` sends a record for each hit whose condition holds; `note` does,
   * too, but `limit` does not count it; `count` only counts, `hold` holds the thread and says so, `trace` removes
   * CLONE_UNTRACED from the third argument of clone(3), at the entry of that function. Without a tracer the flag has no
   * meaning; with this one, the child would run with INT3 in its memory, unknown to the engine. Several sites may stand
   * at one address.
   */
  arm: {
    arguments: { readonly pid: number; readonly sites: readonly SiteRequest[] };
    result: { readonly outcomes: readonly ArmOutcome[] };
  };
  /**
   * Removes sites; returns the last counts of each, in order. An unknown site (its process has ended) is not an error:
   * its counts are 0.
   */
  disarm: { arguments: { readonly sites: readonly SiteId[] }; result: { readonly sites: SiteCounts } };
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
}

export type ProbeEvent =
  { readonly event: 'siteGone'; readonly site: SiteId; readonly reason: string } | { readonly event: 'limitReached' };

const U32 = 0xffff_ffff;

const probe = integer(0, U32);
const anySite = integer(0, U32);
const ownSite = integer(0, FIRST_INHERITED_SITE - 1);

const hexBytes: Shape<string> = shape('bytes in hex', (value) => {
  return typeof value === 'string' && /^(?:[0-9a-f]{2})*$/.test(value);
});

const hitCondition = object<HitCondition>({ operator: oneOf('==', '>', '>=', '<', '<=', '%'), count });

const place: Fields<Place> = {
  address,
  expected: optional(hexBytes),
  sequence: optional(object<NonNullable<Place['sequence']>>({ start: address, end: address })),
  from: optional(address),
};

/** The verifier checks names and immediates (agent/verify); here they only need to be plain values. */
const operation: Shape<AgentOperation> = shape('an operation', (value) => {
  return isObject(value) && typeof value['op'] === 'string' && Object.values(value).every(isScalar);
});

const agent = object<AgentProgram>({
  condition: optional(list(operation)),
  captures: list(list(operation)),
});

const siteRequest = object<SiteRequest>({ ...place, site: ownSite, probe, agent, onHit: oneOf(...ON_HIT) });

export const PROBE_REQUESTS: ArgumentShapes<ProbeRequests> = {
  declare: object<ProbeRequests['declare']['arguments']>({ probe, hitCondition: optional(hitCondition) }),
  forget: object<ProbeRequests['forget']['arguments']>({ probe }),
  arm: object<ProbeRequests['arm']['arguments']>({ pid, sites: list(siteRequest) }),
  disarm: object<ProbeRequests['disarm']['arguments']>({ sites: list(anySite) }),
  counts: nothing,
  audit: nothing,
  limit: object<ProbeRequests['limit']['arguments']>({ reports: count }),
};

function isScalar(value: unknown): boolean {
  return ['bigint', 'number', 'string', 'boolean'].includes(typeof value);
}
