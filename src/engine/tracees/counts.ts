/** Counts that the engine keeps of a probe and of each of its sites. */

import type { Counts } from '../../contract/messages';

export type MutableCounts = {
  -readonly [K in keyof Counts]: Counts[K];
};

export function noCounts(): MutableCounts {
  return { hits: 0, matched: 0, reported: 0, lost: 0, failedConditions: 0, steppedAside: 0 };
}
