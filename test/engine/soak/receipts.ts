/**
 * What an engine has sent to a client: hit records by site, and the last counts of sites that the engine has forgotten.
 * Lets children go that are held in a new program, checks what their inherited sites have counted, and keeps the
 * client's own memory small.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Counts, type EngineEvent, FIRST_INHERITED_SITE, type ProcessEnd } from '../../../src/contract/messages';
import { type EngineClient } from '../engineClient';
import { type Ledger } from './ledger';

export class Receipts {
  readonly #records = new Map<number, number>();
  readonly #lastCounts = new Map<number, Counts>();
  /** Processes that traced ones have created and that live. */
  readonly #children = new Set<number>();
  /** Sites that the engine has given up, and why. */
  readonly #lost = new Map<number, string>();
  readonly #awaited = new Map<number, (end: ProcessEnd) => void>();

  constructor(
    private readonly client: EngineClient,
    private readonly ledger: Ledger,
  ) {
    // Whenever something has come.
    const gather = (): undefined => {
      this.#gather();
    };
    client.until(gather).catch(() => undefined);
  }

  /** To be called while it lives: numbers are used again. */
  ended(pid: number): Promise<ProcessEnd> {
    return new Promise((resolve) => this.#awaited.set(pid, resolve));
  }

  /** How many records have come for a site, whose code stays; they are forgotten. */
  takeRecords(site: number): number {
    const loss = this.#lost.get(site);
    if (loss !== undefined) this.ledger.find(`a site is gone: ${loss}`);
    const count = this.#records.get(site) ?? 0;
    this.#records.delete(site);
    return count;
  }

  /** What a site had counted when the engine forgot it, because its process ended; it is forgotten here, too. */
  takeLastCounts(site: number): Counts | undefined {
    const counts = this.#lastCounts.get(site);
    this.#lastCounts.delete(site);
    return counts;
  }

  #gather(): void {
    const { hits, events } = this.client;
    for (const { site } of hits.splice(0)) this.#records.set(site, (this.#records.get(site) ?? 0) + 1);
    for (const event of events.splice(0)) this.#take(event);
  }

  #take(event: EngineEvent): void {
    switch (event.event) {
      case 'processStarted':
        this.#children.add(event.pid);
        this.ledger.did('followed children');
        break;
      case 'held':
        if (event.site !== undefined) this.ledger.did('held threads');
        if (event.site !== undefined || this.#children.has(event.pid)) void this.#release(event.tid);
        break;
      case 'siteGone':
        this.#lost.set(event.site, event.reason);
        break;
      case 'execed':
        this.#settle(event.sites ?? []);
        break;
      case 'exited':
        this.#settle(event.sites ?? []);
        this.#children.delete(event.pid);
        this.#awaited.get(event.pid)?.(event.end);
        this.#awaited.delete(event.pid);
        break;
      default:
    }
  }

  /** After a moment, in which everything can happen to it. */
  async #release(tid: number): Promise<void> {
    await sleep(tid % 8);
    await this.client.release(tid).catch(() => undefined);
  }

  #settle(sites: readonly (readonly [number, Counts])[]): void {
    for (const [site, counts] of sites) {
      if (site < FIRST_INHERITED_SITE) this.#lastCounts.set(site, counts);
      else this.ledger.compare('records of a child', this.takeRecords(site), counts.reported);
    }
  }
}
