/**
 * The engine's one loop. While stops keep coming it asks for the next one without sleeping, because being woken costs
 * more than a hit; when they stop coming it writes what is left to write and sleeps in wait4(2), where threads and the
 * doorbell wake it.
 */
import { availableParallelism } from 'node:os';
import { pause } from '../../base/pause';
import { type Waiter } from '../tracing/wait';
import { type NewTasks } from '../lifecycle/newTasks';
import { SLICE_MS } from './requestQueue';
import { type Stops } from './stops';

/**
 * How long after the last stop the next one is waited for without sleeping, if stops came closer together than that
 * lately. Not on a machine with one processor: the thread that is waited for needs it.
 */
const SPIN_MS = availableParallelism() > 1 ? 0.1 : 0;

/** The mean time between stops is taken over about this many: it follows a change of the rate within as many hits. */
const MEMORY = 16;

/**
 * How often the client is served while stops keep coming: the delay of its requests and hits, against the cost of
 * serving.
 */
const SERVICE_MS = 10;

/**
 * After this many stops every ready thread gets its turn. Collecting them costs system calls, so not at every stop;
 * more would let a busy thread starve others longer.
 */
const GATHER_EVERY = 64;

/**
 * How long it sleeps before a retry: a child has stopped that its creator has not reported yet, or text can't be
 * written. It is short, because a child waits for it.
 */
const NAP_MS = 1;

export interface LoopParts {
  readonly waiter: Waiter;
  readonly stops: Stops;
  readonly newTasks: NewTasks;
  /** Something is to be tried again in a moment. */
  readonly isRestless: () => boolean;
  /** A request has been carried out in part. */
  readonly isBusy: () => boolean;
  /** Writes to the client and carries out its requests. */
  readonly serve: () => void;
}

export class HitLoop {
  readonly #waiter: Waiter;
  readonly #stops: Stops;
  readonly #newTasks: NewTasks;
  readonly #isRestless: () => boolean;
  readonly #isBusy: () => boolean;
  readonly #serve: () => void;
  #lastStop = 0;
  #lastService = 0;
  /** Mean time between stops, in ms. */
  #gap = Infinity;
  #sinceGathering = 0;

  constructor(parts: LoopParts) {
    this.#waiter = parts.waiter;
    this.#stops = parts.stops;
    this.#newTasks = parts.newTasks;
    this.#isRestless = parts.isRestless;
    this.#isBusy = parts.isBusy;
    this.#serve = parts.serve;
  }

  /** Never returns. */
  run(): never {
    for (;;) {
      let tid = this.#waiter.poll();
      const now = performance.now();
      if (tid === 0) {
        if (this.#gap < SPIN_MS && now - this.#lastStop < SPIN_MS) continue;
        this.#service(now);
        if (this.#isBusy()) continue;
        tid = this.#isRestless() ? this.#nap() : this.#waiter.sleep();
        if (tid !== 0) this.#take(tid, performance.now());
      } else {
        this.#take(tid, now);
        if (++this.#sinceGathering >= GATHER_EVERY) {
          this.#sinceGathering = 0;
          this.#waiter.gather();
        }
        if (now - this.#lastService > this.#serviceEvery) this.#service(now);
      }
    }
  }

  #take(tid: number, now: number): void {
    const gap = Math.min(now - this.#lastStop, 1);
    this.#gap = this.#gap === Infinity ? gap : this.#gap + (gap - this.#gap) / MEMORY;
    this.#lastStop = now;
    if (this.#stops.take(tid, now)) this.#service(now);
  }

  /** While a request waits to be gone on with, it and the hits get equal time. */
  get #serviceEvery(): number {
    return this.#isBusy() ? SLICE_MS : SERVICE_MS;
  }

  #nap(): number {
    pause(NAP_MS);
    return this.#waiter.poll();
  }

  #service(now: number): void {
    this.#newTasks.review(now);
    this.#serve();
    this.#lastService = performance.now();
  }
}
