/**
 * What a guardian (src/guardian) must know if the engine is killed at this very moment: which bytes INT3 displaces where, and what the
 * engine is about to do with the threads that it has stopped. It lies in the arena, where another process can read it, and is written as
 * things happen: a store each, no system call. A line says nothing until its last word is written.
 */
import { type Arena, LEDGER_BYTES, Layout } from '../arena';

/** Offsets in the ledger, in bytes. */
export const LedgerLayout = {
  /** u32: how many lines of each table are, or were, in use. */
  threads: 0,
  breakpoints: 4,
  /** The thread (u32) on whose registers and memory the displaced instruction is being executed. */
  hand: 8,
  /** One of {@link Store}. */
  store: 12,
  /** Takes what finds no line. */
  scrap: 16,
  /** u32 each: process, {@link Doing}, thread (0: none), and nothing. */
  threadLines: 64,
  threadLineBytes: 16,
  threadCapacity: 8192,
  /** The text (16 bytes), its address (u64), the descriptor of the memory (u32), how long the text and the instruction are, {@link Standing} (0: none), and nothing (u8 each). */
  breakpointLines: 64 + 8192 * 16,
  breakpointLineBytes: 32,
  breakpointCapacity: Math.floor((LEDGER_BYTES - 64 - 8192 * 16) / 32),
} as const;

/** What the engine is doing with a thread. */
export const Doing = {
  /** It runs, or stands where it can go on from. */
  nothing: 0,
  /** It stands behind INT3, and the displaced instruction was not executed. */
  atInt3: 1,
  /** The displaced instruction was executed: its registers are those in the arena, whatever of them it has already. */
  executed: 2,
  /** It has the registers of a twin. */
  onTwin: 3,
  /** It stands still together with its process. */
  stopped: 4,
} as const;
export type Doing = (typeof Doing)[keyof typeof Doing];

/** Whether the instruction that is being executed has written its operand, which it does before anything else. */
export const Store = {
  none: 0,
  /** It may have: what it writes does not depend on what was there. */
  begun: 1,
  /** It may have changed what it had read. */
  updates: 2,
} as const;
export type Store = (typeof Store)[keyof typeof Store];

/** Whether INT3 is to be where a line says. */
export const Standing = { armed: 1, gone: 2 } as const;

/** The guardian's exit status less this is the errno for which it can't trace the engine. */
export const REFUSED = 128;

const HEADER = Layout.ledger;

/** A thread's line. */
export class ThreadLine {
  /** `word`: of the line's {@link Doing}, in the arena. */
  constructor(
    private readonly u32: Uint32Array,
    readonly word: number,
  ) {}

  set doing(doing: Doing) {
    this.u32[this.word] = doing;
  }
}

/** A breakpoint's line. */
export class BreakpointLine {
  constructor(
    private readonly ledger: Ledger,
    readonly offset: number,
    private readonly lengths: number,
  ) {}

  /** Before INT3 is written. */
  arm(): void {
    this.ledger.finish(this.offset, this.lengths | (Standing.armed << 16));
  }

  /** After the byte was put back. Threads can still be on their way from INT3. */
  disarm(): void {
    this.ledger.finish(this.offset, this.lengths | (Standing.gone << 16));
  }

  /** The memory is gone. */
  strike(): void {
    this.ledger.strike(this.offset);
  }
}

export class Ledger {
  readonly #arena: Arena;
  readonly #freeThreads: number[] = [];
  readonly #freeBreakpoints: number[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Some text was written to. */
  get inUse(): boolean {
    return this.#count(LedgerLayout.breakpoints) > 0;
  }

  /** A line for a thread; one that nobody reads where there are too many threads. */
  thread(pid: number, tid: number): ThreadLine {
    const { u32 } = this.#arena;
    const offset = this.#take(
      this.#freeThreads,
      LedgerLayout.threads,
      LedgerLayout.threadCapacity,
      LedgerLayout.threadLines,
      LedgerLayout.threadLineBytes,
    );
    if (offset === undefined) return new ThreadLine(u32, (HEADER + LedgerLayout.scrap) >>> 2);
    const word = offset >>> 2;
    u32[word] = pid;
    u32[word + 1] = Doing.nothing;
    u32[word + 2] = tid;
    return new ThreadLine(u32, word + 1);
  }

  /** The thread is gone, or traced no more. */
  strikeThread({ word }: ThreadLine): void {
    const offset = (word - 1) * 4;
    if (offset < HEADER + LedgerLayout.threadLines) return;
    this.#arena.u32[word + 1] = 0;
    this.#freeThreads.push(offset);
  }

  /**
   * A line for a breakpoint, which still says nothing. `text`: without any INT3, at most 16 bytes. `memory`: the descriptor of
   * /proc/PID/mem. `undefined`: there are too many.
   */
  breakpoint(address: number, text: Uint8Array, memory: number, instructionLength: number): BreakpointLine | undefined {
    const offset = this.#take(
      this.#freeBreakpoints,
      LedgerLayout.breakpoints,
      LedgerLayout.breakpointCapacity,
      LedgerLayout.breakpointLines,
      LedgerLayout.breakpointLineBytes,
    );
    if (offset === undefined) return undefined;
    this.#arena.u8.set(text, offset);
    this.#arena.setNumber(offset + 16, address);
    this.#arena.u32[(offset + 24) >>> 2] = memory;
    return new BreakpointLine(this, offset, text.length | (instructionLength << 8));
  }

  finish(offset: number, word: number): void {
    this.#arena.u32[(offset + 28) >>> 2] = word;
  }

  strike(offset: number): void {
    this.finish(offset, 0);
    this.#freeBreakpoints.push(offset);
  }

  #count(field: number): number {
    return this.#arena.u32[(HEADER + field) >>> 2]!;
  }

  /** A free line's offset in the arena. */
  #take(free: number[], counter: number, capacity: number, lines: number, bytes: number): number | undefined {
    const again = free.pop();
    if (again !== undefined) return again;
    const count = this.#count(counter);
    if (count >= capacity) return undefined;
    this.#arena.u32[(HEADER + counter) >>> 2] = count + 1;
    return HEADER + lines + count * bytes;
  }
}
