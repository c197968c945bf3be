/**
 * Threads that the engine holds, each passed to its owner: at a site the part of the session that armed it, at the
 * start of a program the one that starts programs. The owner says when the thread goes on; no other thread waits for
 * it.
 */
import { type Disposable, DisposableStore } from '../../base/lifetime';
import { type SiteId } from '../../contract/messages';
import { type Engine } from '../engine/engine';
import { unlessEnded } from '../processes/ended';
import { type Process } from '../processes/process';
import { type HeldEvent, type ProcessSet } from '../processes/processSet';

export interface HeldThread {
  readonly process: Process;
  readonly tid: number;
  /** Lets it go; of no effect on one that has ended meanwhile. */
  release(): Promise<void>;
}

/** Sees to it that the thread is released. */
type HeldThreadOwner = (thread: HeldThread) => void;

interface OwnedSite {
  readonly process: Process;
  readonly owner: HeldThreadOwner;
}

export class HeldThreads implements Disposable {
  readonly #engine: Engine;
  readonly #sites = new Map<SiteId, OwnedSite>();
  readonly #atEntry: HeldThreadOwner;
  readonly #unowned: HeldThreadOwner;
  readonly #store = new DisposableStore();

  /**
   * `atEntry` gets the threads that wait before the first instruction of a program, `unowned` those that are held at a
   * site that is owned no more: its removal was on the way to the engine.
   */
  constructor(
    engine: Engine,
    processes: ProcessSet,
    { atEntry, unowned }: { readonly atEntry: HeldThreadOwner; readonly unowned: HeldThreadOwner },
  ) {
    this.#engine = engine;
    this.#atEntry = atEntry;
    this.#unowned = unowned;
    this.#store.add(processes.onHeld((event) => this.#dispatch(event)));
    this.#store.add(processes.onForked(({ process, sites }) => this.#inherit(process, sites)));
    this.#store.add(
      processes.onProcess(({ kind, process }) => {
        if (kind !== 'started') this.#forget(process);
      }),
    );
    this.#store.add(processes.onExit(({ process }) => this.#forget(process)));
  }

  /**
   * Threads held at a site of a process, and at the sites that its children inherit from it, are the owner's. To be
   * called before the site is armed; it ends with the process's program.
   */
  own(site: SiteId, process: Process, owner: HeldThreadOwner): void {
    this.#sites.set(site, { process, owner });
  }

  /** The site is not armed any more, or never was. */
  disown(site: SiteId): void {
    this.#sites.delete(site);
  }

  dispose(): void {
    this.#store.dispose();
    this.#sites.clear();
  }

  #dispatch({ process, tid, site }: HeldEvent): void {
    const owner = site === undefined ? this.#atEntry : (this.#sites.get(site)?.owner ?? this.#unowned);
    owner({
      process,
      tid,
      release: async () => {
        await unlessEnded(this.#engine.request('release', { tid }));
      },
    });
  }

  #inherit(process: Process, sites: Iterable<readonly [SiteId, SiteId]>): void {
    for (const [id, parents] of sites) {
      const owned = this.#sites.get(parents);
      if (owned !== undefined) this.own(id, process, owned.owner);
    }
  }

  #forget(process: Process): void {
    for (const [id, owned] of this.#sites) if (owned.process === process) this.#sites.delete(id);
  }
}
