/** The sites that were ever armed and whose probe is still there, by the number under which the engine knows them. */
import { type SiteId } from '../../contract/messages';
import { type Site } from './userProbe';

export class SiteTable {
  readonly #sites = new Map<SiteId, Site>();
  #last: SiteId = 0;

  get isEmpty(): boolean {
    return this.#sites.size === 0;
  }

  /** A number that no site had yet. */
  reserve(): SiteId {
    return ++this.#last;
  }

  add(site: Site): void {
    this.#sites.set(site.id, site);
  }

  get(id: SiteId): Site | undefined {
    return this.#sites.get(id);
  }

  remove(site: Site): void {
    this.#sites.delete(site.id);
  }

  values(): Iterable<Site> {
    return this.#sites.values();
  }
}
