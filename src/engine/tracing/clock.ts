/** CLOCK_REALTIME in nanoseconds for hit records, as two 32-bit halves and without a system call or an allocation. */
import { type Arena } from './arena';

/**
 * How long the offset between the monotonic and the real clock is trusted, in ms: adjustments of the real clock show up
 * then.
 */
const RESYNC_MS = 1000;
const NS_PER_MS = 1_000_000;

export class Clock {
  #originMs = performance.now();
  #originHigh = 0;
  #originLow = 0;

  constructor() {
    this.#synchronise(this.#originMs);
  }

  /** Writes the time of `nowMs` (performance.now()) as a u64 to an 8-aligned arena offset. */
  write(nowMs: number, arena: Arena, offset: number): void {
    if (nowMs - this.#originMs > RESYNC_MS) this.#synchronise(nowMs);
    const low = this.#originLow + (nowMs - this.#originMs) * NS_PER_MS;
    arena.u32[offset >>> 2] = low >>> 0;
    arena.u32[(offset >>> 2) + 1] = this.#originHigh + low / 0x1_0000_0000;
  }

  /** Date.now() has only milliseconds; timeOrigin is exact when the process starts. The nearer of both is right. */
  #synchronise(nowMs: number): void {
    const exact = performance.timeOrigin + nowMs;
    const wall = Date.now();
    const realMs = Math.abs(wall - exact) > 2 ? wall : exact;
    const wholeMs = Math.floor(realMs);
    const ns = BigInt(wholeMs) * BigInt(NS_PER_MS) + BigInt(Math.round((realMs - wholeMs) * NS_PER_MS));
    this.#originMs = nowMs;
    this.#originHigh = Number(ns >> 32n);
    this.#originLow = Number(ns & 0xffff_ffffn);
  }
}
