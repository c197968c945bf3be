/** The last word of a session: what each probe counted. */
import { type Probe } from '../session/probe';
import { type ProbeCounts } from '../session/probes';
import { count, type HitConsole } from './hitConsole';

/** One line for each probe, in the order in which they were placed. */
export function summarize(counts: ReadonlyMap<Probe, ProbeCounts>, console: HitConsole): string {
  return [...counts]
    .filter(([probe]) => probe.places.size > 0)
    .map(([probe, counted]) => `${probe.spec.text}: ${describeCounts(counted, console.shown(probe))}\n`)
    .join('');
}

function describeCounts({ hits, reported, lost, failedConditions, steppedAside }: ProbeCounts, shown: number): string {
  return [
    `${count(hits)} ${hits === 1 ? 'hit' : 'hits'}`,
    ...(reported + lost !== hits ? [`${count(reported + lost)} met the condition`] : []),
    `${count(shown)} shown`,
    ...(lost > 0 ? [`${count(lost)} lost because the editor did not keep up`] : []),
    ...(failedConditions > 0 ? [`${count(failedConditions)} with a condition that could not be evaluated`] : []),
    ...(steppedAside > 0 ? [`${count(steppedAside)} stepped aside`] : []),
  ].join(', ');
}
