/** The processes of a session, kept up to date by what the engine tells. */
import { type Disposable, Emitter, type Event } from '../../base/lifetime';
import { type EngineEvent, type ProcessEnd, type SiteCounts, type SiteId } from '../../contract/messages';
import { type Engine } from '../engine/engine';
import { Process, type Thread } from './process';

export interface ProcessChange {
  readonly kind: 'started' | 'execed' | 'detached';
  readonly process: Process;
}

export interface ThreadChange {
  readonly kind: 'started' | 'exited';
  readonly process: Process;
  readonly thread: Thread;
}

export interface ProcessExit {
  readonly process: Process;
  readonly end: ProcessEnd;
}

/** A followed child that was forked, with its sites and the parent's that they stand for. */
export interface ForkedProcess {
  readonly process: Process;
  readonly sites: readonly (readonly [SiteId, SiteId])[];
}

/** Sites that went with what their process was, and their last counts. */
export interface LastCounts {
  readonly process: Process;
  readonly sites: SiteCounts;
}

/** A thread waits for a `release`: at a site, or (without one) before the first instruction of a new image. */
export interface HeldEvent {
  readonly process: Process;
  readonly tid: number;
  readonly site: SiteId | undefined;
}

export class ProcessSet implements Disposable {
  readonly #alive = new Map<number, Process>();
  readonly #processes = new Emitter<ProcessChange>();
  readonly #threads = new Emitter<ThreadChange>();
  readonly #exits = new Emitter<ProcessExit>();
  readonly #forks = new Emitter<ForkedProcess>();
  readonly #lastCounts = new Emitter<LastCounts>();
  readonly #held = new Emitter<HeldEvent>();
  readonly #subscription: Disposable;

  /** By pid; ended and detached ones are removed. */
  readonly alive: ReadonlyMap<number, Process> = this.#alive;
  readonly onProcess: Event<ProcessChange> = this.#processes.on;
  readonly onThread: Event<ThreadChange> = this.#threads.on;
  readonly onExit: Event<ProcessExit> = this.#exits.on;
  readonly onForked: Event<ForkedProcess> = this.#forks.on;
  readonly onLastCounts: Event<LastCounts> = this.#lastCounts.on;
  readonly onHeld: Event<HeldEvent> = this.#held.on;

  constructor(engine: Engine) {
    this.#subscription = engine.onEvent((event) => this.#take(event));
  }

  /** The process, new if it was not known: its events can come before the answer to the request that started it. */
  expect(pid: number): Process {
    const known = this.#alive.get(pid);
    if (known) return known;
    const process = new Process(pid);
    this.#alive.set(pid, process);
    this.#processes.fire({ kind: 'started', process });
    return process;
  }

  /** Threads that the process was found with. */
  addThreads(process: Process, tids: readonly number[]): void {
    for (const tid of tids) if (!process.threads.has(tid)) this.#startThread(process, tid);
  }

  /** The process is no longer traced. */
  release(process: Process): void {
    if (this.#alive.delete(process.pid)) this.#processes.fire({ kind: 'detached', process });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#alive.clear();
  }

  #take(event: EngineEvent): void {
    switch (event.event) {
      case 'processStarted':
        this.#startChild(event);
        break;
      case 'threadStarted': {
        const process = this.expect(event.pid);
        if (!process.threads.has(event.tid)) this.#startThread(process, event.tid, event.name);
        break;
      }
      case 'threadExited': {
        const process = this.#alive.get(event.pid);
        const thread = process?.removeThread(event.tid);
        if (process && thread) this.#threads.fire({ kind: 'exited', process, thread });
        break;
      }
      case 'execed': {
        const process = this.expect(event.pid);
        this.#takeLastCounts(process, event.sites);
        process.replaceImage(event.executable);
        this.#processes.fire({ kind: 'execed', process });
        break;
      }
      case 'held':
        this.#held.fire({ process: this.expect(event.pid), tid: event.tid, site: event.site });
        break;
      case 'exited': {
        const process = this.expect(event.pid);
        this.#takeLastCounts(process, event.sites);
        this.#endProcess(process, event.end);
        break;
      }
      case 'released': {
        const process = this.expect(event.pid);
        this.#takeLastCounts(process, event.sites);
        this.release(process);
        break;
      }
      default:
    }
  }

  #startChild({ pid, parent, how, sites }: Extract<EngineEvent, { event: 'processStarted' }>): void {
    const process = new Process(pid, parent);
    const source = how === 'forked' ? this.#alive.get(parent) : undefined;
    if (source) {
      process.executable = source.executable;
      process.modules = source.modules;
    }
    this.#alive.set(pid, process);
    this.#processes.fire({ kind: 'started', process });
    this.#startThread(process, pid);
    if (how === 'forked') this.#forks.fire({ process, sites });
  }

  #takeLastCounts(process: Process, sites: SiteCounts | undefined): void {
    if (sites) this.#lastCounts.fire({ process, sites });
  }

  #startThread(process: Process, tid: number, name?: string): void {
    this.#threads.fire({ kind: 'started', process, thread: process.addThread(tid, name) });
  }

  #endProcess(process: Process, end: ProcessEnd): void {
    process.end = end;
    process.waitsAtEntry = false;
    this.#alive.delete(process.pid);
    this.#exits.fire({ process, end });
  }
}
