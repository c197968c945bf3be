/** wait4(2) for traced threads, and the few calls around it that address a thread. */
import { type Arena, Layout } from './arena';
import { Siginfo } from './siginfo';
import { Errno } from '../linux/errno';
import { errno, libc } from '../linux/libc';
import { Signal } from '../linux/signals';
import { decodeWaitStatus, type WaitStatus } from '../linux/waitStatus';

/** All children, whether they are threads or processes. */
const __WALL = 0x40000000;
const WNOHANG = 1;
const SYS_WAITID = 247;

const P_ALL = 0;
const P_PID = 1;
const WSTOPPED = 2;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;

const CLD_TRAPPED = 4;

/** What the engine does about reports besides acting upon them. */
export interface ReportHooks {
  /**
   * A thread has stopped because of a SIGTRAP, and the kernel still holds that signal for it: should this process end
   * before it reads the report, the thread gets it.
   */
  readonly beforeTrap?: ((tid: number) => void) | undefined;
  /** A status was read that is looked at later; 0: it is looked at now. */
  readonly onEarly?: (tid: number, status: number) => void;
}

export class Waiter {
  readonly #arena: Arena;
  readonly #status: number;
  readonly #announcement: Siginfo;
  /**
   * Reports that were read too early, by thread, the first first: a number can be another thread's by the time of its
   * second report.
   */
  readonly #early = new Map<number, number[]>();
  #isOld = false;
  hooks: ReportHooks = {};

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#status = arena.address(Layout.waitStatus);
    this.#announcement = new Siginfo(arena.memory.buffer, Layout.announcement);
  }

  /** The status of the thread that was named last, undecoded. */
  get status(): number {
    return this.#arena.u32[Layout.waitStatus >>> 2]!;
  }

  /** It was read some time ago: the stop that it reports may be over. */
  get isOld(): boolean {
    return this.#isOld;
  }

  /** The next thread that has something to report, or 0. */
  poll(): number {
    if (this.#early.size > 0) return this.#takeEarly();
    return this.#wait(-1, WNOHANG);
  }

  /** The same, but sleeps until there is one. 0 after an interruption by a signal. */
  sleep(): number {
    if (this.#early.size > 0) return this.#takeEarly();
    return this.#wait(-1, 0);
  }

  /** Whether this one thread has something to report. `undefined`: it is not ours (any more). */
  pollFor(tid: number): boolean | undefined {
    if (this.#early.has(tid)) {
      this.#takeEarly(tid);
      return true;
    }
    this.#isOld = false;
    if (this.hooks.beforeTrap !== undefined) this.#announce(P_PID, tid, WNOHANG);
    const result = libc.wait4(tid, this.#status, __WALL | WNOHANG, 0);
    return result < 0 ? undefined : result === tid;
  }

  /** Waits for one thread. `undefined`: it is not ours (any more). */
  waitFor(tid: number): WaitStatus | undefined {
    if (this.#early.has(tid)) this.#takeEarly(tid);
    else {
      this.#isOld = false;
      if (this.hooks.beforeTrap !== undefined) this.#announce(P_PID, tid, 0);
      while (libc.wait4(tid, this.#status, __WALL, 0) !== tid) {
        if (errno() !== Errno.EINTR) return undefined;
      }
    }
    return decodeWaitStatus(this.status);
  }

  /**
   * Reads the reports of all threads that have one. wait4 always names the first such thread of its list; this gives
   * each its turn however often the first ones report.
   */
  gather(): void {
    for (;;) {
      const tid = this.#wait(-1, WNOHANG);
      if (tid === 0) return;
      const reports = this.#early.get(tid);
      if (reports === undefined) this.#keep(tid, [this.status]);
      else reports.push(this.status);
    }
  }

  /** The status that was just read for a thread is to be read again. */
  putBack(tid: number): void {
    this.#keep(tid, [this.status, ...(this.#early.get(tid) ?? [])]);
  }

  /** The thread that is named, or 0. */
  #wait(pid: number, options: number): number {
    this.#isOld = false;
    if (this.hooks.beforeTrap !== undefined) {
      const announced = this.#announce(P_ALL, pid, options);
      if (announced <= 0) return 0;
      pid = announced;
      options = WNOHANG;
    }
    const tid = libc.wait4(pid, this.#status, __WALL | options, 0);
    return tid > 0 ? tid : 0;
  }

  /** Peeks at the next report. Returns its tid; 0 if there is none, or after an interruption. */
  #announce(kind: number, pid: number, options: number): number {
    const report = this.#announcement;
    report.clear();
    const what = __WALL | WEXITED | WSTOPPED | WNOWAIT | options;
    const who = kind === P_ALL ? 0 : pid;
    if (libc.syscall(SYS_WAITID, kind, who, this.#arena.address(Layout.announcement), what, 0) < 0) return 0;
    const { pid: tid } = report;
    if (report.code === CLD_TRAPPED && report.status === Signal.SIGTRAP) this.hooks.beforeTrap?.(tid);
    return tid;
  }

  #keep(tid: number, reports: [number, ...number[]]): void {
    this.#early.set(tid, reports);
    this.hooks.onEarly?.(tid, reports[0]);
  }

  /** There must be one; of `tid`, if it is given. */
  #takeEarly(tid = this.#early.keys().next().value as number): number {
    // No thread is kept without a report. Each stop may pass here, so this is not checked.
    const reports = this.#early.get(tid) as number[];
    this.#arena.u32[Layout.waitStatus >>> 2] = reports.shift() as number;
    if (reports.length === 0) this.#early.delete(tid);
    this.hooks.onEarly?.(tid, reports[0] ?? 0);
    this.#isOld = true;
    return tid;
  }
}
