/** A traced process as front ends show it: its threads, what is mapped into it, and whether it has begun to run. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type ProcessEnd } from '../../contract/messages';
import { type Module } from '../code/module';

/**
 * Names change at run time (pthread_setname_np(3), mostly just after the start) without any event, so a name older than
 * this is read again.
 */
const NAME_AGE_MS = 1000;

export class Thread {
  #name: string;
  /** Not when it started: it had its parent's name then. */
  #readAt = -Infinity;

  constructor(
    readonly pid: number,
    readonly tid: number,
    name: string | undefined,
  ) {
    this.#name = name ?? '';
  }

  /** As in /proc/PID/task/TID/comm, at most a second old; the last one known of a thread that has ended. */
  get name(): string {
    const now = performance.now();
    if (now - this.#readAt > NAME_AGE_MS) {
      this.#readAt = now;
      this.#name = readName(this.pid, this.tid) ?? this.#name;
    }
    return this.#name;
  }
}

function readName(pid: number, tid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').replace(/\n$/, '');
  } catch {
    // The thread has ended.
    return undefined;
  }
}

/** A program's run from one exec to the next. Sites belong to one: exec takes them all away. */
export type Generation = number;

export class Process {
  readonly #threads = new Map<number, Thread>();
  readonly threads: ReadonlyMap<number, Thread> = this.#threads;
  /** Every ELF file whose code is mapped, in address order. Empty until they have been read. */
  modules: readonly Module[] = [];
  /** Target of /proc/PID/exe; empty until known. */
  executable = '';
  /** Whether it is held before the first instruction of a new image. */
  waitsAtEntry = false;
  generation: Generation = 0;
  /** Whether it is known what is mapped: not between an exec and the look at the new image. */
  isRead = false;
  /** How it ended; undefined while it lives. */
  end: ProcessEnd | undefined;

  /** `parent`: of a child that is followed, the pid of the process that created it. */
  constructor(
    readonly pid: number,
    readonly parent?: number,
  ) {}

  /** The program itself, which is not always the first module. */
  get program(): Module | undefined {
    return this.modules.find((module) => module.isProgram);
  }

  /** `cc1 (4713)`. */
  get label(): string {
    return `${basename(this.executable) || 'process'} (${this.pid})`;
  }

  /**
   * `worker (4713)`; in a child that is followed `worker (4711/4713)`, with the process's number, unless the thread has
   * the same.
   */
  threadLabel(tid: number): string {
    const name = this.#threads.get(tid)?.name ?? '';
    const number = this.parent === undefined || tid === this.pid ? `${tid}` : `${this.pid}/${tid}`;
    return `${name || 'thread'} (${number})`;
  }

  /** Adds a thread that has started or was found; `name` when known. */
  addThread(tid: number, name?: string): Thread {
    const thread = new Thread(this.pid, tid, name);
    this.#threads.set(tid, thread);
    return thread;
  }

  removeThread(tid: number): Thread | undefined {
    const thread = this.#threads.get(tid);
    this.#threads.delete(tid);
    return thread;
  }

  /**
   * Another program runs in it now: nothing of the last one's code is there any more, and the calling thread is its
   * only one.
   */
  replaceImage(executable: string): void {
    this.generation++;
    this.isRead = false;
    this.executable = executable;
    this.modules = [];
    for (const tid of [...this.#threads.keys()]) if (tid !== this.pid) this.#threads.delete(tid);
    if (!this.#threads.has(this.pid)) this.addThread(this.pid);
  }
}
