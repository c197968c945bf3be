/** All that is done when the engine ends, in its order. */
import { ProcessMemory } from '../engine/linux/memory';
import { tracedBy } from '../engine/linux/proc';
import { type Ptrace } from '../engine/linux/ptrace';
import { type Waiter } from '../engine/linux/wait';
import { readHand, readThreads } from './ledger';
import { Text } from './text';
import { Scheduling } from './scheduling';
import { Threads } from './threads';
import { Ward } from './ward';

export class Repair {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #engine: number;
  readonly #arena: number;
  readonly #memory: ProcessMemory | undefined;
  readonly #text: Text | undefined;
  #threads: Threads | undefined;
  #ward: Ward | undefined;

  /** `arena`: where it lies in the engine. */
  constructor(ptrace: Ptrace, waiter: Waiter, engine: number, arena: number) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#engine = engine;
    this.#arena = arena;
    this.#memory = ProcessMemory.open(engine);
    this.#text = this.#memory && new Text(engine, this.#memory, arena);
  }

  /** The text first: a thread that meets INT3 now is lost. Then what stands behind one, then copies of the text. */
  whileItHangs(): void {
    if (this.#memory === undefined || this.#text === undefined) return;
    const lines = this.#text.restore();
    const threads = readThreads(this.#memory, this.#arena);
    // It has let all go by itself.
    if (threads.length === 0) return;
    const ward = (this.#ward = new Ward(this.#ptrace, this.#waiter, new Scheduling(this.#ptrace.arena)));
    this.#threads = new Threads(this.#ptrace, this.#waiter, lines, readHand(this.#memory, this.#arena), ward);
    this.#threads.keep(threads);
    this.#cleanCopies(new Set(threads.map(({ pid }) => pid)));
    ward.keepBusy(this.#engine);
  }

  /** It goes on, to its end. */
  whileItEnds(): void {
    this.#ward?.protect();
  }

  whenItIsGone(): void {
    this.#threads?.release();
  }

  /** Children that were forked a moment ago, and that the engine has not taken note of. They have stopped before their first instruction. */
  #cleanCopies(known: Set<number>): void {
    for (let found = true; found;) {
      found = false;
      for (const pid of tracedBy(this.#engine)) {
        if (known.has(pid)) continue;
        known.add(pid);
        found = true;
        const memory = ProcessMemory.open(pid);
        if (memory !== undefined) this.#text?.clean(memory);
        memory?.close();
      }
    }
  }
}
