/** A probe: what is wanted at its sites, and the counts over all of them. */

import type { HitCondition, ProbeId } from '../../contract/messages';
import { noCounts } from './counts';

const HIT_COMPARISONS: Readonly<Record<HitCondition['operator'], (hits: number, count: number) => boolean>> = {
  '==': (hits, count) => hits === count,
  '>': (hits, count) => hits > count,
  '>=': (hits, count) => hits >= count,
  '<': (hits, count) => hits < count,
  '<=': (hits, count) => hits <= count,
  '%': (hits, count) => hits % count === 0,
};

export class Probe {
  /** Over all sites, those disarmed included. */
  readonly counts = noCounts();

  constructor(
    readonly id: ProbeId,
    readonly hitCondition: HitCondition | undefined,
  ) {}

  /** Whether the match that was just counted is wanted. */
  wantsMatch(): boolean {
    return (
      this.hitCondition === undefined ||
      HIT_COMPARISONS[this.hitCondition.operator](this.counts.matched, this.hitCondition.count)
    );
  }
}
