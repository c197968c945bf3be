/** What is known of one address space's twins of atomic instructions. */

import type { TwinCode } from '../../emulator/twin/forms';
import type { TwinPlan, TwinWay } from '../../emulator/twin/plan';

/** A twin, and what it is used as. */
export interface TwinPlace {
  readonly way: TwinWay;
  readonly code: TwinCode;
  readonly address: number;
  /** The address after it. */
  readonly end: number;
  readonly bytes: Uint8Array;
}

/**
 * The most hits between two searches for a missing twin: a search reads the process's text, which must not slow every
 * hit down; a library that brings the twin is noticed after at most this many hits.
 */
const MAX_PAUSE = 4096;

/** What is known about one address space. */
export class TwinPlaces {
  readonly byPlan = new Map<TwinPlan, TwinPlace>();
  /** By the form's name. */
  readonly byForm = new Map<string, Omit<TwinPlace, 'way'>>();
  /**
   * Hits that may pass before a plan's twin, which was not found, is looked for again; the next number is twice as
   * large.
   */
  readonly #pauses = new Map<TwinPlan, { left: number; next: number }>();
  /** Names of forms of which the text that was searched has none. */
  readonly absent = new Set<string>();
  /** Which text that was. */
  searched = '';

  /** Whether to look, at a hit, for a twin that was not found at earlier ones: it may have been loaded since. */
  isDue(plan: TwinPlan): boolean {
    const pause = this.#pauses.get(plan);
    if (pause === undefined) {
      this.#pauses.set(plan, { left: 1, next: 2 });
      return true;
    }
    if (pause.left-- > 0) return false;
    pause.left = pause.next;
    pause.next = Math.min(2 * pause.next, MAX_PAUSE);
    return true;
  }

  /** INT3 is about to be written to this address: no twin there is used any more. */
  avoid(address: number): void {
    for (const places of [this.byPlan, this.byForm] as Map<unknown, Omit<TwinPlace, 'way'>>[]) {
      for (const [key, place] of places) if (address >= place.address && address < place.end) places.delete(key);
    }
  }
}
