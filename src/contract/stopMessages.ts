/**
 * The part of the contract about stops. A thread that is *held* is stopped until the client says `release`; no other
 * thread waits for it. The engine holds a thread in three cases: a process that was just launched or has just called
 * exec, before its first instruction; an orphan of a followed process; and at a site armed with `hold`.
 *
 * What else can be done with a held thread belongs here.
 */
import { object } from '../base/shape';
import { type ArgumentShapes, pid } from './argumentShapes';
import { type SiteId } from './probeMessages';

export interface StopRequests {
  /** Releases a held thread. A thread that was killed in the meantime is not an error. */
  release: { arguments: { readonly tid: number }; result: Record<string, never> };
}

/** At `site`, or (without one) before the first instruction of a new image, or as an orphan. */
export interface StopEvent {
  readonly event: 'held';
  readonly pid: number;
  readonly tid: number;
  readonly site?: SiteId;
}

export const STOP_REQUESTS: ArgumentShapes<StopRequests> = {
  release: object<StopRequests['release']['arguments']>({ tid: pid }),
};
