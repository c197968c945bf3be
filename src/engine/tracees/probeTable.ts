/** Probes and their sites as the engine knows them: what is wanted at a hit, and the counts. */
import { FIRST_INHERITED_SITE, type ProbeId, type SiteCounts, type SiteId } from '../../contract/messages';
import { type Site } from './tracees';
import { type Process } from './tracees';
import { type Probe } from './probe';

/** All probes and sites by their numbers. */
export class ProbeTable {
  readonly probes = new Map<ProbeId, Probe>();
  readonly #sites = new Map<SiteId, Site>();
  /**
   * Those armed, and those whose process ended or that the limit took away: until the client disarms them; with
   * `follow` only until then.
   */
  readonly sites: ReadonlyMap<SiteId, Site> = this.#sites;
  readonly #byProbe = new Map<ProbeId, Set<Site>>();
  /** How many more reports the client wants. */
  reportsLeft = Infinity;
  #lastInherited = FIRST_INHERITED_SITE - 1;

  add(site: Site): void {
    this.#sites.set(site.id, site);
    site.process.sites.add(site);
    const others = this.#byProbe.get(site.probe.id);
    if (others) others.add(site);
    else this.#byProbe.set(site.probe.id, new Set([site]));
  }

  /** The sites of a probe. Those that are added while they are iterated come at the end. */
  sitesOf(id: ProbeId): Iterable<Site> {
    return this.#byProbe.get(id) ?? [];
  }

  remove(site: Site): void {
    this.#sites.delete(site.id);
    site.process.sites.delete(site);
    this.#byProbe.get(site.probe.id)?.delete(site);
  }

  /** Forgets a probe, which has no sites any more. */
  take(id: ProbeId): Probe | undefined {
    const probe = this.probes.get(id);
    this.probes.delete(id);
    this.#byProbe.delete(id);
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
