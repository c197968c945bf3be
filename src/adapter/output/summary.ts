/** The last word of a session: what each probe counted. */
import { basename } from 'node:path';
import { hex } from '../../base/address';
import { printable } from '../../base/printable';
import { type Counts } from '../../contract/messages';
import { type CountGroup, countGroups } from '../../session/probes/countGroups';
import { type ArmedPlace, type Probe } from '../../session/probes/userProbe';
import { type ProbeCounts } from '../../session/probes/probeSet';
import { count, type HitConsole } from './hitConsole';

/** How many lines there are about the places of one probe. */
const SHOWN_LINES = 20;

/** One line for each probe, in the order in which they were placed. */
export function summarize(counts: ReadonlyMap<Probe, ProbeCounts>, console: HitConsole): string {
  return [...counts]
    .filter(([probe]) => probe.places.length > 0)
    .flatMap(([probe, counted]) => [
      `${printable(probe.spec.text)}: ${describeCounts(probe, counted, console.shown(probe))}\n`,
      ...[...counted.places].flatMap(([place, there]) => describeProblem(place, there)).slice(0, SHOWN_LINES),
      ...describeGroups(countGroups(probe, counted.places) ?? []),
    ])
    .join('');
}

/** What a pattern counted, by function or by line. */
function describeGroups(groups: readonly CountGroup[]): string[] {
  const hit = groups.filter(({ hits }) => hits > 0);
  const lines = hit.slice(0, SHOWN_LINES).map(({ file, line, function: name, hits }) => {
    const place = line === undefined ? (name ?? '?') : `${basename(file ?? '?')}:${line}`;
    return `  ${printable(place)}: ${hitsText(hits)}\n`;
  });
  const more = hit.length - lines.length;
  return more === 0 ? lines : [...lines, `  … ${count(more)} more\n`];
}

/** Hits of a place from which nothing is reported. */
function describeProblem({ location, problem }: ArmedPlace, { hits }: Counts): string[] {
  if (problem === undefined) return [];
  const { file, line, function: name, address } = location;
  const place = [file && `${basename(file)}:${line}`, name, hex(address)].filter((part) => part !== undefined);
  return [`  ${printable(`${place.join(' ')}: ${hitsText(hits)}, ${problem}`)}\n`];
}

function hitsText(hits: number): string {
  return `${count(hits)} ${hits === 1 ? 'hit' : 'hits'}`;
}

function describeCounts(
  { spec }: Probe,
  { hits, matched, reported, lost, failedConditions, steppedAside }: Counts,
  shown: number,
): string {
  return [
    hitsText(hits),
    ...(spec.condition !== undefined || matched !== hits ? [`${count(matched)} met the condition`] : []),
    ...(spec.hits !== undefined ? [`${count(reported + lost)} selected by the hit count`] : []),
    `${count(shown)} shown`,
    ...(lost > 0 ? [`${count(lost)} lost because the editor did not keep up`] : []),
    ...(failedConditions > 0 ? [`${count(failedConditions)} with a condition that could not be evaluated`] : []),
    ...(steppedAside > 0 ? [`${count(steppedAside)} stepped aside`] : []),
  ].join(', ');
}
