/** Hit record → hit: which probe and place, and the message, rendered only for those who read it. */
import { type Disposable, Emitter, type Event } from '../../base/lifetime';
import { decodeHits, type HitRecord } from '../../contract/hits';
import { type HitContext, type UnfoldedMessage } from '../../language/compileProbe';
import { type Engine } from '../engine/engine';
import { type CallTimes } from './callTimes';
import { type Probe, type Site, type SiteLocation } from './userProbe';
import { type SiteTable } from './siteTable';

/**
 * One thread that passed one site. Valid during the event only: its values lie in the bytes that just came from the
 * engine.
 */
export class Hit {
  readonly #record: HitRecord;

  constructor(
    readonly site: Site,
    record: HitRecord,
    /** Where a function returns: how long the call took, in ns; undefined where that is unknown. */
    readonly durationNs?: number,
  ) {
    this.#record = record;
  }

  get probe(): Probe {
    return this.site.probe;
  }

  get pid(): number {
    return this.#record.pid;
  }

  get tid(): number {
    return this.#record.tid;
  }

  /** CLOCK_REALTIME. */
  get timeNs(): bigint {
    return this.#record.timeNs;
  }

  /** Which hit of its probe this is, over all sites, from 1. */
  get ordinal(): number {
    return this.#record.ordinal;
  }

  get location(): SiteLocation {
    return this.site.location;
  }

  get threadName(): string {
    return this.site.process.threads.get(this.tid)?.name ?? '';
  }

  /** For people: name and number. */
  get thread(): string {
    return this.site.process.threadLabel(this.tid);
  }

  /** Which child it was, of a tree that is followed: name and number. */
  get child(): string | undefined {
    const { process } = this.site;
    return process.parent === undefined ? undefined : process.label;
  }

  /** The log message with its values, rendered at each read. */
  get message(): string {
    return this.site.compiled.render(this.#record.captures, this.#context);
  }

  /** The same for a terminal or a console. */
  get printableMessage(): string {
    return this.site.compiled.renderPrintable(this.#record.captures, this.#context);
  }

  /** The printable message, with the trees that its values are: these outlive the event. */
  unfold(): UnfoldedMessage {
    const captures = this.#record.captures.map(({ status, bytes }) => ({ status, bytes: bytes.slice() }));
    return this.site.compiled.unfold(captures, this.#context);
  }

  get #context(): HitContext {
    const { pid, tid, threadName, timeNs, ordinal, durationNs } = this;
    return { pid, tid, threadName, timeNs, ordinal, durationNs };
  }
}

export class HitStream implements Disposable {
  readonly #hits = new Emitter<Hit>();
  readonly #subscription: Disposable;

  readonly onHit: Event<Hit> = this.#hits.on;

  constructor(engine: Engine, sites: SiteTable, times: CallTimes) {
    this.#subscription = engine.onHits((payload) => {
      for (const record of decodeHits(payload)) {
        if (times.takeEntry(record)) continue;
        const site = sites.get(record.site);
        // None: its probe was removed, or its process called exec, while the record was on its way.
        if (site) this.#hits.fire(new Hit(site, record, times.takeReturn(site, record)));
      }
    });
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
