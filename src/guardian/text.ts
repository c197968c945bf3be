/** Putting back the bytes that INT3 displaces: what counts is the time that passes before the last one is there. */
import { type Disposable } from '../base/lifetime';
import { ProcessMemory } from '../engine/linux/memory';
import { closeProcess, openProcess } from '../engine/linux/wait';
import { INT3 } from '../engine/sites/int3';
import { type BreakpointLine, readBreakpoints } from './ledger';

export class Text implements Disposable {
  readonly #engine: number;
  readonly #pidfd: number;
  readonly #ledger: ProcessMemory;
  readonly #arena: number;
  #lines: readonly BreakpointLine[] = [];

  /** `ledger`: the engine's memory; `arena`: where the arena lies in it. */
  constructor(engine: number, ledger: ProcessMemory, arena: number) {
    this.#engine = engine;
    this.#pidfd = openProcess(engine);
    this.#ledger = ledger;
    this.#arena = arena;
  }

  /** Puts the byte back wherever INT3 stands in the very text it was put into. Returns what the engine has noted. */
  restore(): readonly BreakpointLine[] {
    const memories = new Map<number, ProcessMemory | undefined>();
    this.#lines = readBreakpoints(this.#ledger, this.#arena);
    for (const line of this.#lines) {
      if (!line.armed) continue;
      const { memory: fd } = line;
      if (!memories.has(fd)) memories.set(fd, ProcessMemory.takeOver(this.#engine, this.#pidfd, fd));
      const memory = memories.get(fd);
      if (memory !== undefined) this.#restoreLine(memory, line);
    }
    for (const memory of memories.values()) memory?.close();
    return this.#lines;
  }

  /** The same in memory that may be a copy of any of those. */
  clean(memory: ProcessMemory): void {
    for (const line of this.#lines) this.#restoreLine(memory, line);
  }

  dispose(): void {
    closeProcess(this.#pidfd);
  }

  #restoreLine(memory: ProcessMemory, line: BreakpointLine): void {
    const { address, text } = line;
    const now = memory.read(address, text.length);
    if (now.length !== text.length || now[0] !== INT3) return;
    for (let at = 1; at < now.length; at++) {
      if (now[at] !== text[at] && !(now[at] === INT3 && this.#standsAt(address + at))) return;
    }
    memory.write(address, text.subarray(0, 1));
  }

  #standsAt(wanted: number): boolean {
    return this.#lines.some(({ address }) => address === wanted);
  }
}
