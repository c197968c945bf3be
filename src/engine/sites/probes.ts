/** Probes and their sites as the engine knows them: what is wanted at a hit, and the counts. */
import { type Counts, type HitCondition, type ProbeId, type SiteId } from '../../contract/messages';
import { type Agent } from '../agent/compile';
import { type Breakpoint } from './breakpoints';
import { type AddressSpace, type Process } from '../tasks/tasks';

type MutableCounts = { -readonly [K in keyof Counts]: Counts[K] };

export function noCounts(): MutableCounts {
  return { hits: 0, reported: 0, lost: 0, failedConditions: 0, steppedAside: 0 };
}

export class Probe {
  /** Over all sites, those disarmed included. */
  readonly counts = noCounts();
  /** Hits whose condition held: what the hit condition is compared with. */
  matches = 0;

  constructor(
    readonly id: ProbeId,
    readonly hitCondition: HitCondition | undefined,
  ) {}

  /** Whether the match that was just counted is wanted. */
  wantsMatch(): boolean {
    return (
      this.hitCondition === undefined ||
      HIT_COMPARISONS[this.hitCondition.operator](this.matches, this.hitCondition.count)
    );
  }
}

const HIT_COMPARISONS: Readonly<Record<HitCondition['operator'], (hits: number, count: number) => boolean>> = {
  '==': (hits, count) => hits === count,
  '>': (hits, count) => hits > count,
  '>=': (hits, count) => hits >= count,
  '<': (hits, count) => hits < count,
  '<=': (hits, count) => hits <= count,
  '%': (hits, count) => hits % count === 0,
};

export class Site {
  readonly counts = noCounts();
  /** The memory it was armed in; after exec its process has another. */
  readonly space: AddressSpace;

  constructor(
    readonly id: SiteId,
    readonly probe: Probe,
    readonly process: Process,
    readonly breakpoint: Breakpoint,
    readonly agent: Agent,
    readonly onHit: 'report' | 'count' | 'hold',
  ) {
    this.space = process.space;
  }

  /** Adds one to a count of the site and of its probe. */
  count(what: keyof Counts): void {
    this.counts[what]++;
    this.probe.counts[what]++;
  }
}

/** All probes and sites by the numbers the client gave them. */
export class ProbeTable {
  readonly probes = new Map<ProbeId, Probe>();
  /** Those armed, and those whose process ended or that the limit took away: until the client disarms them. */
  readonly sites = new Map<SiteId, Site>();
  /** How many more reports the client wants. */
  reportsLeft = Infinity;
}
