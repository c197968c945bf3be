/**
 * Which thread runs on which processor (sched(7)): the guardian stops a thread from running by keeping its only
 * processor busy.
 */
import { type Arena, Layout } from '../engine/tracing/arena';
import { libc } from '../engine/linux/libc';

const SYS_SCHED_SETSCHEDULER = 144;
const SYS_SCHED_GETSCHEDULER = 145;
const SYS_SCHED_SETAFFINITY = 203;
const SYS_SCHED_GETAFFINITY = 204;

export const Policy = { other: 0, fifo: 1, batch: 3 } as const;
/** The lowest real-time priority: already above every thread without one. */
const REAL_TIME_PRIORITY = 1;

/** Room for 1024 processors. */
const SET_BYTES = 128;

/** How a thread was scheduled. */
export interface Schedule {
  readonly policy: number;
  readonly processors: Uint8Array;
}

export class Scheduling {
  readonly #arena: Arena;

  /** The arena's output is used. */
  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** `tid`: 0 for the calling thread. `undefined`: the thread is gone. */
  of(tid: number): Schedule | undefined {
    const at = Layout.output;
    const policy = libc.syscall(SYS_SCHED_GETSCHEDULER, tid, 0, 0, 0, 0);
    this.#arena.u8.fill(0, at, at + SET_BYTES);
    const length = libc.syscall(SYS_SCHED_GETAFFINITY, tid, SET_BYTES, this.#arena.address(at), 0, 0);
    if (policy < 0 || length < 0) return undefined;
    return { policy, processors: this.#arena.u8.slice(at, at + SET_BYTES) };
  }

  /** False: not permitted, or the thread is gone. */
  setPolicy(tid: number, policy: number): boolean {
    this.#arena.u32[Layout.output >>> 2] = policy === Policy.fifo ? REAL_TIME_PRIORITY : 0;
    return libc.syscall(SYS_SCHED_SETSCHEDULER, tid, policy, this.#arena.address(Layout.output), 0, 0) === 0;
  }

  setProcessors(tid: number, processors: Uint8Array): boolean {
    this.#arena.u8.set(processors, Layout.output);
    return libc.syscall(SYS_SCHED_SETAFFINITY, tid, SET_BYTES, this.#arena.address(Layout.output), 0, 0) === 0;
  }

  restore(tid: number, { policy, processors }: Schedule): void {
    this.setPolicy(tid, policy);
    this.setProcessors(tid, processors);
  }
}

/** One processor. */
export function only(processor: number): Uint8Array {
  const set = new Uint8Array(SET_BYTES);
  set[processor >>> 3] = 1 << (processor & 7);
  return set;
}

/** All of a set but one processor; `undefined` if there is no other. */
export function allBut(set: Uint8Array, processor: number): Uint8Array | undefined {
  const others = set.slice();
  others[processor >>> 3]! &= ~(1 << (processor & 7));
  return others.some((byte) => byte !== 0) ? others : undefined;
}
