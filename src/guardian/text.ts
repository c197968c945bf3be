/**
 * Restores the bytes that INT3 displaces, as fast as possible: until the last one is back, threads can still run into
 * INT3.
 */
import { type Disposable } from '../base/lifetime';
import { Errno } from '../engine/linux/errno';
import { ProcessMemory } from '../engine/linux/memory';
import { closeProcess } from '../engine/linux/processes';
import { openProcess } from '../engine/linux/processes';
import { isArmedText } from '../engine/text/armedText';
import { INT3 } from '../base/x86';
import { type BreakpointEntry, readBreakpoints } from './ledger';

export class Text implements Disposable {
  readonly #engine: number;
  readonly #pidfd: number;
  readonly #ledger: ProcessMemory;
  readonly #arena: number;
  #entries: readonly BreakpointEntry[] = [];
  #isWhole = true;

  /** `ledger`: the engine's memory; `arena`: where the arena lies in it. */
  constructor(engine: number, ledger: ProcessMemory, arena: number) {
    this.#engine = engine;
    this.#pidfd = openProcess(engine);
    this.#ledger = ledger;
    this.#arena = arena;
  }

  /** False: INT3 still stands where it could not be put back. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * Restores the byte wherever INT3 still stands in the text that it was written to. Returns the ledger's breakpoints.
   */
  restore(): readonly BreakpointEntry[] {
    const memories = new Map<number, ProcessMemory | undefined>();
    this.#entries = readBreakpoints(this.#ledger, this.#arena);
    for (const entry of this.#entries) {
      if (!entry.armed) continue;
      const { memory: fd } = entry;
      if (!memories.has(fd)) memories.set(fd, ProcessMemory.takeOver(this.#engine, this.#pidfd, fd));
      const memory = memories.get(fd);
      if (memory === undefined) this.#isWhole = false;
      else this.#restoreEntry(memory, entry);
    }
    for (const memory of memories.values()) memory?.close();
    return this.#entries;
  }

  /** The same in memory that may be a copy of any of them. */
  clean(memory: ProcessMemory): void {
    for (const entry of this.#entries) this.#restoreEntry(memory, entry);
  }

  dispose(): void {
    closeProcess(this.#pidfd);
  }

  #restoreEntry(memory: ProcessMemory, entry: BreakpointEntry): void {
    const { address, text } = entry;
    const now = memory.read(address, text.length);
    if (isArmedText(now, text, INT3, (distance) => this.#standsAt(address + distance))) {
      const failure = memory.write(address, text.subarray(0, 1));
      if (failure !== 0 && failure !== Errno.ESRCH) this.#isWhole = false;
    }
  }

  #standsAt(wanted: number): boolean {
    return this.#entries.some(({ address }) => address === wanted);
  }
}
