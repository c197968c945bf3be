/**
 * The engine's side of the ledger ({@link ../../contract/ledger}): which bytes INT3 displaces where, and what the
 * engine is about to do with the threads that it has stopped. It lies in the arena and is written as things happen: a
 * store each, no system call.
 */
import {
  BreakpointRecordLayout,
  BreakpointState,
  LedgerHeader,
  type LedgerTable,
  LedgerTables,
  ThreadPhase,
  ThreadRecordLayout,
} from '../../contract/ledger';
import { type Arena, Layout } from './arena';

const START = Layout.ledger;
const SCRAP = START + LedgerHeader.scrap;
const INSTRUCTION_LENGTH_SHIFT = 8 * (BreakpointRecordLayout.instructionLength - BreakpointRecordLayout.textLength);
const STATE_SHIFT = 8 * (BreakpointRecordLayout.state - BreakpointRecordLayout.textLength);

/** A thread's record. */
export class ThreadRecord {
  readonly #u32: Uint32Array;
  readonly #phase: number;
  readonly #report: number;

  /** `offset`: in the arena. */
  constructor(
    u32: Uint32Array,
    readonly offset: number,
  ) {
    this.#u32 = u32;
    this.#phase = (offset + ThreadRecordLayout.phase) >>> 2;
    this.#report = (offset + ThreadRecordLayout.report) >>> 2;
  }

  set phase(phase: ThreadPhase) {
    this.#u32[this.#phase] = phase;
  }

  /** A wait status that is looked at later; 0: none. */
  set report(status: number) {
    this.#u32[this.#report] = status;
  }
}

/** A breakpoint's record. */
export class BreakpointRecord {
  constructor(
    private readonly ledger: Ledger,
    readonly offset: number,
    private readonly lengths: number,
  ) {}

  /** Before INT3 is written. */
  arm(): void {
    this.ledger.finish(this.offset, this.lengths | (BreakpointState.armed << STATE_SHIFT));
  }

  /** After the byte was restored. Threads can still be on their way from INT3. */
  disarm(): void {
    this.ledger.finish(this.offset, this.lengths | (BreakpointState.gone << STATE_SHIFT));
  }

  /** The memory is gone. */
  remove(): void {
    this.ledger.removeBreakpoint(this.offset);
  }
}

export class Ledger {
  readonly #arena: Arena;
  readonly #freeThreads: number[] = [];
  readonly #freeBreakpoints: number[] = [];
  #isComplete = true;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Some text was written to. */
  get inUse(): boolean {
    return this.#get(LedgerHeader.breakpoints) > 0;
  }

  /** False: some record found no room, so a guardian can't know about it. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The process id of the guardian that watches; 0: none. */
  get guardian(): number {
    return this.#get(LedgerHeader.guardian);
  }

  set guardian(pid: number) {
    this.#arena.u32[(START + LedgerHeader.guardian) >>> 2] = pid;
  }

  /** A record for a thread; the scrap record, which is never read, if there are too many threads. */
  thread(pid: number, tid: number): ThreadRecord {
    const { u32 } = this.#arena;
    const offset = this.#take(this.#freeThreads, LedgerTables.threads);
    if (offset === undefined) return new ThreadRecord(u32, SCRAP);
    const record = new ThreadRecord(u32, offset);
    u32[(offset + ThreadRecordLayout.pid) >>> 2] = pid;
    record.phase = ThreadPhase.running;
    record.report = 0;
    u32[(offset + ThreadRecordLayout.tid) >>> 2] = tid;
    return record;
  }

  /** The thread is gone, or traced no more. */
  removeThread({ offset }: ThreadRecord): void {
    if (offset === SCRAP) return;
    this.#arena.u32[(offset + ThreadRecordLayout.tid) >>> 2] = 0;
    this.#freeThreads.push(offset);
  }

  /**
   * A record for a breakpoint, which still says nothing. `text`: without any INT3, at most 16 bytes. `memory`: the
   * descriptor of /proc/PID/mem. `undefined`: there are too many.
   */
  breakpoint(
    address: number,
    text: Uint8Array,
    memory: number,
    instructionLength: number,
  ): BreakpointRecord | undefined {
    const offset = this.#take(this.#freeBreakpoints, LedgerTables.breakpoints);
    if (offset === undefined) return undefined;
    this.#arena.u8.set(text, offset + BreakpointRecordLayout.text);
    this.#arena.setNumber(offset + BreakpointRecordLayout.address, address);
    this.#arena.u32[(offset + BreakpointRecordLayout.memory) >>> 2] = memory;
    return new BreakpointRecord(this, offset, text.length | (instructionLength << INSTRUCTION_LENGTH_SHIFT));
  }

  finish(offset: number, word: number): void {
    this.#arena.u32[(offset + BreakpointRecordLayout.textLength) >>> 2] = word;
  }

  removeBreakpoint(offset: number): void {
    this.finish(offset, 0);
    this.#freeBreakpoints.push(offset);
  }

  #get(field: number): number {
    return this.#arena.u32[(START + field) >>> 2]!;
  }

  /** A free record's offset in the arena. */
  #take(free: number[], { start, bytes, capacity, count }: LedgerTable): number | undefined {
    const again = free.pop();
    if (again !== undefined) return again;
    const used = this.#get(count);
    if (used >= capacity) {
      this.#isComplete = false;
      return undefined;
    }
    this.#arena.u32[(START + count) >>> 2] = used + 1;
    return START + start + used * bytes;
  }
}
