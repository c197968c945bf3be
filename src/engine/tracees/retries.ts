/**
 * Arrivals at a breakpoint that are not new hits: the thread was on its way over the instruction, aside or on a twin,
 * when a signal came, and comes back to it when the handler returns. A handler runs on another part of the stack, where
 * it can come to the same breakpoint and be interrupted itself; so there can be several, and the stack pointer tells
 * which it is. The oldest is dropped if there are too many.
 */

/** How many open retries a thread keeps: one per nested handler. Beyond them an arrival counts as a new hit. */
const KEPT = 8;

export class Retries {
  /** Most threads never need it. */
  #places: Float64Array | undefined;
  #count = 0;
  #oldest = 0;

  /** The thread stands at `address` with stack pointer `stack`, its hit counted and the instruction not executed. */
  note(address: number, stack: number): void {
    this.#places ??= new Float64Array(2 * KEPT).fill(-1);
    let at = find(this.#places, -1, -1);
    if (at < 0) {
      at = this.#oldest;
      this.#oldest = (this.#oldest + 2) % (2 * KEPT);
    } else {
      this.#count++;
    }
    this.#places[at] = address;
    this.#places[at + 1] = stack;
  }

  /** Whether an arrival there was noted; it is forgotten. */
  take(address: number, stack: number): boolean {
    if (this.#places === undefined || this.#count === 0) return false;
    const at = find(this.#places, address, stack);
    if (at < 0) return false;
    this.#places[at] = this.#places[at + 1] = -1;
    this.#count--;
    return true;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  clear(): void {
    this.#places?.fill(-1);
    this.#count = 0;
  }
}

/** Where a pair is; -1 if there is none. */
function find(places: Float64Array, address: number, stack: number): number {
  for (let at = 0; at < 2 * KEPT; at += 2) if (places[at] === address && places[at + 1] === stack) return at;
  return -1;
}
