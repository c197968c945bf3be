/** The counts of a pattern's many places, by the function or the line that each place is of. */
import { type Counts } from '../../contract/messages';
import { addCounts, NO_COUNTS } from './countSums';
import { type Probe, type SiteLocation } from './userProbe';

/** One function, in all its copies, or one line. */
export interface CountGroup extends Counts {
  readonly function?: string;
  readonly file?: string;
  /** Only where lines are counted. */
  readonly line?: number;
}

/**
 * Functions with the most hits first, or lines in their order; undefined if the probe's location is no pattern.
 * Functions of one name in different files are different ones.
 */
export function countGroups(
  { spec, isPattern }: Probe,
  places: Iterable<readonly [{ readonly location: SiteLocation }, Counts]>,
): readonly CountGroup[] | undefined {
  if (!isPattern) return undefined;
  const byLine = spec.location.kind === 'lines';
  const groups = new Map<string, CountGroup>();
  for (const [{ location }, counts] of places) {
    const { file, line, function: name } = location;
    const key = JSON.stringify([file, byLine ? line : name]);
    const sum = addCounts(groups.get(key) ?? NO_COUNTS, counts);
    groups.set(key, {
      ...(!byLine && name !== undefined && { function: name }),
      ...(file !== undefined && { file }),
      ...(byLine && line !== undefined && { line }),
      ...sum,
    });
  }
  return [...groups.values()].sort(byLine ? inOrder : mostHitsFirst);
}

function inOrder(a: CountGroup, b: CountGroup): number {
  return (a.file ?? '').localeCompare(b.file ?? '') || (a.line ?? 0) - (b.line ?? 0);
}

function mostHitsFirst(a: CountGroup, b: CountGroup): number {
  return b.hits - a.hits || (a.function ?? '').localeCompare(b.function ?? '');
}
