/** What the engine counts, added up: over sites, processes and what it has forgotten. */
import { type Counts } from '../../contract/messages';

export const NO_COUNTS: Counts = { hits: 0, matched: 0, reported: 0, lost: 0, failedConditions: 0, steppedAside: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    hits: a.hits + b.hits,
    matched: a.matched + b.matched,
    reported: a.reported + b.reported,
    lost: a.lost + b.lost,
    failedConditions: a.failedConditions + b.failedConditions,
    steppedAside: a.steppedAside + b.steppedAside,
  };
}
