/**
 * What a client and the engine say to each other. One client, one engine, one pipe each way; a message is a JSON frame
 * ({@link frames}), hits are binary frames ({@link hits}). The engine says `ready` first. It answers requests in their
 * order, and before it answers one it has sent every hit that happened until then: after the answer to `disarm` or
 * `counts`, no earlier hit can still come.
 *
 * The contract has three parts, each with its requests, results, events and the shapes of its requests: processes
 * ({@link ProcessRequests}), probes ({@link ProbeRequests}) and stops ({@link StopRequests}). This is the door to all.
 */
import { type ReadyEvent } from './engineCapabilities';
import { type EngineFailure } from './engineFailure';
import { type ProbeEvent, type ProbeRequests } from './probeMessages';
import { type ProcessEvent, type ProcessRequests } from './processMessages';
import { type StopEvent, type StopRequests } from './stopMessages';

export type { Capabilities, ReadyEvent } from './engineCapabilities';
export type { EngineFailure } from './engineFailure';
export type {
  ArmOutcome,
  Counts,
  DisplacedInstruction,
  Execution,
  HitCondition,
  OnHit,
  Place,
  ProbeId,
  SiteCounts,
  SiteId,
  SiteRequest,
} from './probeMessages';
export { FIRST_INHERITED_SITE } from './probeMessages';
export type { Follow, Inheritance, Mapping, ProcessEnd } from './processMessages';

/** Every request: its arguments and its result. */
export interface Requests extends ProcessRequests, ProbeRequests, StopRequests {}

export type RequestKind = keyof Requests;

export type Request = {
  [K in RequestKind]: { readonly id: number; readonly kind: K; readonly arguments: Requests[K]['arguments'] };
}[RequestKind];

/** `id`: the request's; 0 for a failure about a message that was not a request. */
export type Response =
  | { readonly id: number; readonly result: Requests[RequestKind]['result'] }
  | { readonly id: number; readonly failure: EngineFailure };

/** What the engine reports without a request, in the order in which it happened. */
export type EngineEvent =
  | ReadyEvent
  | ProcessEvent
  | ProbeEvent
  | StopEvent
  /** Something the user should know: what was detected, what was done about it. */
  | { readonly event: 'warning'; readonly message: string; readonly pid?: number; readonly tid?: number };

export type EngineMessage =
  | { readonly response: Response }
  | { readonly notice: EngineEvent }
  /** Instead of `ready`: the engine can't start and ends. */
  | { readonly failed: EngineFailure };
