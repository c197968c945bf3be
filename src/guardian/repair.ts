/** Everything the guardian does when the engine ends, in order. */
import { ProcessMemory } from '../engine/linux/memory';
import { tracedBy } from '../engine/linux/proc';
import { type Ptrace } from '../engine/tracing/ptrace';
import { type Waiter } from '../engine/tracing/wait';
import { readHand, readThreads } from './ledger';
import { withMemory } from './targetMemory';
import { Text } from './text';
import { Scheduling } from './scheduling';
import { Threads } from './threads';
import { Rescue } from './rescue';

export class Repair {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #engine: number;
  readonly #arena: number;
  readonly #memory: ProcessMemory | undefined;
  readonly #text: Text | undefined;
  #threads: Threads | undefined;
  #rescue: Rescue | undefined;

  /** `arena`: where it lies in the engine. */
  constructor(ptrace: Ptrace, waiter: Waiter, engine: number, arena: number) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#engine = engine;
    this.#arena = arena;
    this.#memory = ProcessMemory.open(engine);
    this.#text = this.#memory && new Text(engine, this.#memory, arena);
  }

  /**
   * The text first: a thread that executes INT3 now is lost. Then threads that stand after one, then copies of the
   * text.
   */
  whileItHangs(): void {
    if (this.#memory === undefined || this.#text === undefined) return;
    const breakpoints = this.#text.restore();
    const threads = readThreads(this.#memory, this.#arena);
    // The engine has released everything itself.
    if (threads.length === 0) return;
    const rescue = (this.#rescue = new Rescue(this.#ptrace, this.#waiter, new Scheduling(this.#ptrace.arena)));
    const hand = readHand(this.#memory, this.#arena);
    this.#threads = new Threads(this.#ptrace, this.#waiter, breakpoints, hand, rescue, this.#text.isWhole);
    this.#threads.keep(threads);
    this.#cleanCopies(new Set(threads.map(({ pid }) => pid)));
    rescue.keepBusy(this.#engine);
  }

  /** The engine continues, and ends. */
  whileItEnds(): void {
    this.#rescue?.protect();
  }

  whenItIsGone(): void {
    this.#threads?.release();
  }

  /**
   * Children that were forked a moment ago, unknown to the engine. They have stopped before their first instruction.
   */
  #cleanCopies(known: Set<number>): void {
    for (let found = true; found;) {
      found = false;
      for (const pid of tracedBy(this.#engine)) {
        if (known.has(pid)) continue;
        known.add(pid);
        found = true;
        withMemory(pid, (memory) => this.#text?.clean(memory));
      }
    }
  }
}
