/** Probes and their sites as the engine knows them: what is wanted at a hit, and the counts. */
import {
  type Counts,
  FIRST_INHERITED_SITE,
  type HitCondition,
  type OnHit,
  type ProbeId,
  type SiteCounts,
  type SiteId,
} from '../../contract/messages';
import { type Agent } from '../agent/compile';
import { type Breakpoint } from './breakpoints';
import { type AddressSpace, type Process } from '../tasks/tasks';

type MutableCounts = { -readonly [K in keyof Counts]: Counts[K] };

export function noCounts(): MutableCounts {
  return { hits: 0, matched: 0, reported: 0, lost: 0, failedConditions: 0, steppedAside: 0 };
}

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
    readonly onHit: OnHit,
  ) {
    this.space = process.space;
  }

  /** Adds one to a count of the site and of its probe. */
  count(what: keyof Counts): void {
    this.counts[what]++;
    this.probe.counts[what]++;
  }
}

/** All probes and sites by their numbers. */
export class ProbeTable {
  readonly probes = new Map<ProbeId, Probe>();
  readonly #sites = new Map<SiteId, Site>();
  /** Those armed, and those whose process ended or that the limit took away: until the client disarms them; with `follow` only until then. */
  readonly sites: ReadonlyMap<SiteId, Site> = this.#sites;
  /** How many more reports the client wants. */
  reportsLeft = Infinity;
  #lastInherited = FIRST_INHERITED_SITE - 1;

  add(site: Site): void {
    this.#sites.set(site.id, site);
    site.process.sites.add(site);
  }

  remove(site: Site): void {
    this.#sites.delete(site.id);
    site.process.sites.delete(site);
  }

  /** Forgets a probe, which has no sites any more. */
  take(id: ProbeId): Probe | undefined {
    const probe = this.probes.get(id);
    this.probes.delete(id);
    return probe;
  }

  /** Forgets the sites of a process; their last counts. */
  forget(process: Process): SiteCounts {
    const sites = [...process.sites];
    for (const site of sites) this.remove(site);
    return sites.map(({ id, counts }) => [id, counts] as const);
  }

  /** A number for a site that a child is born with. They are used anew after 2^31. */
  inheritedId(): SiteId {
    do this.#lastInherited = this.#lastInherited < 0xffff_ffff ? this.#lastInherited + 1 : FIRST_INHERITED_SITE;
    while (this.#sites.has(this.#lastInherited));
    return this.#lastInherited;
  }
}
