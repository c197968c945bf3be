/**
 * Requests, carried out in their order. A request on thousands of sites takes a second, and a thread that hits a probe
 * stands until it is handled: so requests are carried out in slices, and stops are handled in between.
 */
import { SidestepError } from '../../base/errors';
import { toFailure } from '../../contract/engineFailure';
import { type Request, type RequestKind, type Requests } from '../../contract/messages';
import { type Steps } from '../arming/steps';
import { type Events } from '../client/events';
import { type Outbox } from '../client/outbox';
import { type Guard } from '../guard/guard';
import { type Commands } from './commands';

/**
 * How long a slice takes: the delay of a hit that comes meanwhile, against what every slice costs (reading the memory
 * map, compiling what was armed).
 */
export const SLICE_MS = 5;

interface QueueParts {
  readonly commands: Commands;
  readonly guard: Guard;
  readonly events: Events;
  readonly outbox: Outbox;
}

/** A request that has been begun. */
interface Running {
  readonly request: Request;
  readonly steps: Steps<Requests[RequestKind]['result']>;
}

export class RequestQueue {
  readonly #parts: QueueParts;
  readonly #waiting: Request[] = [];
  #running: Running | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** There is something that {@link work} can do now. */
  get isReady(): boolean {
    const next = this.#running?.request ?? this.#waiting[0];
    return next !== undefined && !this.#awaitsGuardian(next);
  }

  push(request: Request): void {
    this.#waiting.push(request);
    if (request.kind === 'arm') this.#parts.guard.begin();
  }

  /** Carries out requests for the time of a slice. */
  work(): void {
    const until = performance.now() + SLICE_MS;
    while (this.isReady && this.#step()) if (performance.now() >= until) return;
  }

  /** The client is gone: carries out all that is left, but puts no more probes in. */
  finish(): void {
    if (this.#running && INSERTING.has(this.#running.request.kind)) this.#running = undefined;
    const left = this.#waiting.filter(({ kind }) => !INSERTING.has(kind));
    this.#waiting.splice(0, this.#waiting.length, ...left);
    while (this.#step());
  }

  /** False: there was nothing to do. */
  #step(): boolean {
    const running = (this.#running ??= this.#begin());
    if (running === undefined) return false;
    const { request, steps } = running;
    const { events, outbox } = this.#parts;
    try {
      const { done, value } = steps.next();
      if (done !== true) return true;
      events.catchUp();
      outbox.say({ response: { id: request.id, result: value } });
    } catch (thrown) {
      if (!(thrown instanceof SidestepError)) throw thrown;
      outbox.say({ response: { id: request.id, failure: toFailure(thrown) } });
    }
    this.#running = undefined;
    return true;
  }

  #begin(): Running | undefined {
    const request = this.#waiting.shift();
    return request && { request, steps: this.#parts.commands(request) };
  }

  /** The first INT3 waits for it. */
  #awaitsGuardian({ kind }: Request): boolean {
    return kind === 'arm' && this.#parts.guard.mustBeAwaited;
  }
}

const INSERTING: ReadonlySet<RequestKind> = new Set(['arm']);
