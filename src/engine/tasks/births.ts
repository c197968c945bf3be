/**
 * New threads and processes of a debuggee. The kernel traces them from their start: each stops before its first instruction, and the
 * creator stops to tell of it; either stop can be seen first.
 *
 * - A thread of the same process goes on, traced.
 * - A process with memory of its own (fork) has a copy of every INT3: they are taken out, then it is let go.
 * - A process that borrows the creator's memory (vfork, posix_spawn, CLONE_VM) meets the creator's breakpoints: it stays traced until
 *   it calls exec or ends, and nothing is taken out.
 */
import { type Arena, Layout } from '../arena';
import { type Breakpoints } from '../sites/breakpoints';
import { type Ptrace } from '../linux/ptrace';
import { ProcessMemory } from '../linux/memory';
import { readStatus } from '../linux/proc';
import { isThreadOf, sharesMemory, type Waiter } from '../linux/wait';
import { decodeWaitStatus, isEnd } from '../linux/waitStatus';
import { type Notices } from '../pipe/notices';
import { awaitReport } from './patience';
import { AddressSpace, Process, type Task, type TaskTable } from './tasks';

export class Births {
  readonly #arena: Arena;
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #tasks: TaskTable;
  readonly #breakpoints: Breakpoints;
  readonly #notices: Notices;
  /** Stopped, but their creator's report has not been seen. */
  readonly #early = new Set<number>();
  /** Forked, but not stopped yet; the parent's memory. */
  readonly #copies = new Map<number, AddressSpace>();

  constructor(ptrace: Ptrace, waiter: Waiter, tasks: TaskTable, breakpoints: Breakpoints, notices: Notices) {
    this.#arena = ptrace.arena;
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#tasks = tasks;
    this.#breakpoints = breakpoints;
    this.#notices = notices;
  }

  /** The thread has stopped to tell of a child. Returns the child's number, 0 if the creator has been killed. */
  onCreated(creator: Task, how: 'clone' | 'fork' | 'vfork'): number {
    if (this.#ptrace.getEventMessage(creator.tid) !== 0) return 0;
    const child = this.#arena.u32[Layout.eventMessage >>> 2]!;
    this.#admit(creator, child, how);
    if (this.#early.delete(child)) this.onFirstStop(child);
    this.#ptrace.resume(creator.tid, 0);
    return child;
  }

  /** A thread that is not in the task table has stopped. */
  onFirstStop(tid: number): void {
    const space = this.#copies.get(tid);
    if (space !== undefined) {
      this.#copies.delete(tid);
      this.#letGo(tid, space);
    } else if (this.#tasks.tasks.has(tid)) {
      this.#ptrace.resume(tid, 0);
    } else {
      this.#early.add(tid);
    }
  }

  /** A thread that is not in the task table has ended. */
  onEnd(tid: number): void {
    this.#early.delete(tid);
    this.#copies.delete(tid);
  }

  /**
   * A process has ended or called exec, so a creator in it may have been killed before it told of its child. Children of nobody who is
   * traced are let go.
   */
  onCreatorsGone(space: AddressSpace): void {
    for (const tid of this.#early) {
      const parent = Number(readStatus(tid)?.get('PPid'));
      if (this.#tasks.processes.has(parent)) continue;
      this.#early.delete(tid);
      this.#letGo(tid, space);
    }
  }

  /** Waits for every forked child to stop, so that it is let go with its copy clean. */
  settle(): void {
    for (const tid of this.#copies.keys()) {
      if (awaitReport(this.#waiter, tid) === 'reported') this.#onReport(tid);
    }
  }

  #onReport(tid: number): void {
    if (isEnd(decodeWaitStatus(this.#waiter.status))) this.onEnd(tid);
    else this.onFirstStop(tid);
  }

  #admit(creator: Task, child: number, how: 'clone' | 'fork' | 'vfork'): void {
    const { process } = creator;
    if (isThreadOf(process.pid, child)) {
      const task = this.#tasks.addTask(process, child);
      task.blocksSigtrap = creator.blocksSigtrap;
      this.#notices.threadStarted(task);
    } else if (sharesMemory(creator.tid, child) ?? how === 'vfork') {
      const borrower = new Process(child, process.space, process.lender ?? process);
      process.space.users++;
      this.#tasks.addProcess(borrower);
      this.#tasks.addTask(borrower, child).blocksSigtrap = creator.blocksSigtrap;
    } else {
      this.#copies.set(child, process.space);
    }
  }

  /** `space`: the memory that the child has a copy of. */
  #letGo(tid: number, space: AddressSpace): void {
    const memory = ProcessMemory.open(tid);
    if (memory !== undefined) {
      this.#breakpoints.cleanCopy(new AddressSpace(memory, space.breakpoints), tid);
      memory.close();
    }
    this.#ptrace.detach(tid, 0);
  }
}
