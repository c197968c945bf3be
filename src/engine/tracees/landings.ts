/**
 * Where a thread was put after instructions of one byte, or a step has brought it. INT3 leaves RIP at that very place,
 * and where a SIGTRAP that was sent is pending at that moment, the kernel drops INT3's own (legacy_queue in
 * kernel/signal.c): the stop then does not show which of the two it is for. The stack pointer does: the one-byte
 * instructions that matter (push, pop, leave) move it, so after the instruction it is what it was at a landing, and at
 * INT3 it is not. Several landings are kept, because handlers that run in between land too.
 */

/**
 * How many landings a thread keeps, the last ones. A handler lands too, so this is the depth of nested handlers that
 * can be told apart. More would make the search longer.
 */
const KEPT = 8;

export class Landings {
  readonly #places = new Float64Array(2 * KEPT).fill(-1);
  #next = 0;

  /** The thread continues at `address` with stack pointer `stack`. */
  note(address: number, stack: number): void {
    this.#places[this.#next] = address;
    this.#places[this.#next + 1] = stack;
    this.#next = (this.#next + 2) % (2 * KEPT);
  }

  /** A thread's copy in a forked child was put where that thread was. */
  inherit(parent: Landings): void {
    this.#places.set(parent.#places);
    this.#next = parent.#next;
  }

  /** It runs another program. */
  clear(): void {
    this.#places.fill(-1);
  }

  /** Whether a thread that stands there can have come there by a landing. */
  has(address: number, stack: number): boolean {
    for (let at = 0; at < 2 * KEPT; at += 2) {
      if (this.#places[at] === address && this.#places[at + 1] === stack) return true;
    }
    return false;
  }
}
