/**
 * New threads and processes of a debuggee. The kernel traces them from their start: each stops before its first
 * instruction, and its creator stops too; either stop can be reported first.
 *
 * - A thread of the same process continues, traced.
 * - A process with memory of its own (fork) has a copy of every INT3. If it is followed it becomes a process of the
 *   session, and the creator waits for that; otherwise every INT3 is removed, and the child is released.
 * - A process that borrows the creator's memory (vfork, posix_spawn, CLONE_VM) runs into the creator's breakpoints: it
 *   stays traced until it calls exec or ends, and no INT3 is removed.
 * - An orphan is a child whose creator was killed before reporting it. It is cleaned of every INT3 that it may have
 *   inherited, and released, or held for the client like a program that has just started.
 */
import { SidestepError } from '../../base/errors';
import { type Breakpoints } from '../text/breakpoints';
import { type Ptrace } from '../tracing/ptrace';
import { ProcessMemory } from '../linux/memory';
import { readStatus } from '../linux/proc';
import { type Waiter } from '../tracing/wait';
import { sharesMemory } from '../linux/kcmp';
import { isThreadOf } from '../linux/processes';
import { decodeWaitStatus, isEnd } from '../linux/waitStatus';
import { type Events } from '../client/events';
import { type Following } from './following';
import { awaitReport } from '../threads/awaitStop';
import { isStale } from '../threads/staleStops';
import { borrowsMemory } from './sharing';
import { inheritProcess, inheritTask } from '../tracees/execAndFork';
import { AddressSpace, Process, type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';
import { wasToBeUntraced } from './untraced';

/**
 * A live creator reports its child as soon as it gets the CPU. Misclassifying a child as an orphan early is harmless;
 * the wait only saves the cleaning, and delays true orphans.
 */
const ORPHAN_AFTER_MS = 20;

/**
 * How long the breakpoints of a process that is gone are kept for its orphans, which show up once they get the CPU.
 * Kept longer, they cost memory; an orphan that comes later would keep its INT3.
 */
const ESTATE_MS = 10_000;

export interface NewTaskParts {
  readonly ptrace: Ptrace;
  readonly waiter: Waiter;
  readonly tasks: TaskTable;
  readonly breakpoints: Breakpoints;
  readonly following: Following;
  readonly events: Events;
}

/** A forked child that has not stopped yet. */
interface Copy {
  readonly parent: Process;
  /** The memory that it has a copy of. */
  readonly space: AddressSpace;
  /** The thread that waits for it, if it is to be followed. */
  readonly creator: Task | undefined;
}

export class NewTasks {
  readonly #parts: NewTaskParts;
  /** Stopped, but not reported by their creator yet, since performance.now(). */
  readonly #early = new Map<number, number>();
  readonly #copies = new Map<number, Copy>();
  /** Children with a copy that could not be cleaned yet: they wait. */
  readonly #unclean = new Map<number, Omit<Copy, 'creator'>>();
  /** Memory of processes that are gone and may have left orphans. */
  #estates: { readonly space: AddressSpace; readonly since: number }[] = [];

  constructor(parts: NewTaskParts) {
    this.#parts = parts;
  }

  /** Some child waits for its creator's report, or to be cleaned: {@link review} must be called from time to time. */
  get areWaiting(): boolean {
    return this.#early.size > 0 || this.#unclean.size > 0;
  }

  /** The thread has stopped because it created a child. Returns the child's number; 0 if the creator was killed. */
  onCreated(creator: Task, how: 'clone' | 'fork' | 'vfork'): number {
    const { ptrace, tasks } = this.#parts;
    const child = ptrace.getEventMessage(creator.tid);
    if (child === undefined) return 0;
    // It may have been misclassified as an orphan.
    const stopped = tasks.tasks.has(child) ? undefined : this.#hasStopped(child);
    if (stopped !== undefined) this.#admit(creator, child, how);
    if (this.#copies.get(child)?.creator !== creator) ptrace.resume(creator.tid, 0);
    if (stopped) this.onFirstStop(child);
    return child;
  }

  /** A thread that is not in the task table has stopped. */
  onFirstStop(tid: number): void {
    const { ptrace, tasks } = this.#parts;
    const copy = this.#copies.get(tid);
    if (copy !== undefined) this.#settleCopy(tid, copy);
    else if (tasks.tasks.has(tid)) ptrace.resume(tid, 0);
    else this.#early.set(tid, performance.now());
  }

  /** A thread that is not in the task table has ended. */
  onEnd(tid: number): void {
    this.#early.delete(tid);
    this.#unclean.delete(tid);
    const copy = this.#copies.get(tid);
    this.#copies.delete(tid);
    if (copy) this.#letCreatorGo(tid, copy);
  }

  /**
   * Threads of a process are gone, because it ends or calls exec; it still has the memory that they ran in. They may
   * have been killed before they reported a child, or while they waited for one.
   */
  onCreatorsGone(process: Process): void {
    this.#settleCopies(({ parent }) => parent === process);
    const since = performance.now();
    this.#estates = this.#estates.filter((estate) => since - estate.since < ESTATE_MS);
    if (process.space.breakpoints.size > 0) this.#estates.push({ space: process.space, since });
  }

  /** Children whose creator has had enough time are orphans. Retries those that could not be cleaned. */
  review(now: number): void {
    this.#cleanRest();
    for (const [tid, since] of this.#early) if (now - since > ORPHAN_AFTER_MS) this.#settleOrphan(tid);
  }

  /** Waits for every forked child to stop, so that it is released with a clean copy. */
  settle(): void {
    this.#settleCopies(() => true);
  }

  /** No creator is traced any more that could report a child. False: some child still waits. */
  settleOrphans(): boolean {
    this.#cleanRest();
    for (const tid of this.#early.keys()) this.#settleOrphan(tid);
    return !this.areWaiting;
  }

  /** `undefined`: it has ended, or was released. */
  #hasStopped(child: number): boolean | undefined {
    if (this.#early.delete(child)) return true;
    const { waiter } = this.#parts;
    const reported = waiter.pollFor(child);
    return reported && isEnd(decodeWaitStatus(waiter.status)) ? undefined : reported;
  }

  #admit(creator: Task, child: number, how: 'clone' | 'fork' | 'vfork'): void {
    const { tasks, events, following } = this.#parts;
    const { process } = creator;
    const isHidden = wasToBeUntraced(this.#parts.ptrace, creator);
    if (isThreadOf(process.pid, child)) {
      const task = tasks.addTask(process, child);
      inheritTask(task, creator);
      events.threadStarted(task);
    } else if (borrowsMemory(this.#parts.ptrace, creator, child, how)) {
      inheritTask(this.#addBorrower(process, child), creator);
    } else if (following.wants(process) && !isHidden) {
      creator.state.awaitChild(child);
      this.#copies.set(child, { parent: process, space: process.space, creator });
    } else {
      this.#copies.set(child, { parent: process, space: process.space, creator: undefined });
    }
  }

  #addBorrower(process: Process, child: number): Task {
    const { tasks } = this.#parts;
    const borrower = new Process(child, process.space, process.memoryOwner ?? process);
    process.space.users++;
    inheritProcess(borrower, process);
    tasks.addProcess(borrower);
    return tasks.addTask(borrower, child);
  }

  #settleCopies(isMeant: (copy: Copy) => boolean): void {
    const { waiter } = this.#parts;
    for (const [tid, copy] of this.#copies) {
      if (!isMeant(copy) || awaitReport(waiter, tid) !== 'reported') continue;
      if (isEnd(decodeWaitStatus(waiter.status))) this.onEnd(tid);
      else this.onFirstStop(tid);
    }
  }

  #settleCopy(tid: number, copy: Copy): void {
    const { ptrace, following } = this.#parts;
    this.#copies.delete(tid);
    const { parent, space, creator } = copy;
    if (creator && parent.space === space && following.wants(parent) && following.track(tid, creator)) {
      ptrace.resume(tid, 0);
    } else {
      this.#letGo(tid, copy);
    }
    this.#letCreatorGo(tid, copy);
  }

  /** If it waits: it may have been released or killed, or be the only thread of its process after exec. */
  #letCreatorGo(child: number, { creator }: Copy): void {
    const { ptrace } = this.#parts;
    if (creator?.state.endWaitFor(child) === true && !isStale(ptrace, creator)) ptrace.resume(creator.tid, 0);
  }

  #settleOrphan(tid: number): void {
    const { tasks, following, ptrace } = this.#parts;
    const status = readStatus(tid);
    // A thread: its process, which has the creator, lives or ends with it.
    if (status !== undefined && Number(status.get('Tgid')) !== tid) return;
    this.#early.delete(tid);
    const sharer = [...tasks.processes.values()].find(({ pid }) => sharesMemory(pid, tid) === true);
    if (sharer !== undefined) {
      this.#addBorrower(sharer, tid);
      this.onFirstStop(tid);
      return;
    }
    const spaces = new Set([...tasks.processes.values()].map(({ space }) => space));
    for (const { space } of this.#estates) spaces.add(space);
    const memory = this.#cleaned(tid, spaces);
    if (memory === 'gone') return;
    if (memory instanceof SidestepError) {
      // No client is left to report it to.
      if (isForGood(memory)) ptrace.detach(tid, 0);
      else this.#early.set(tid, performance.now());
    } else if (following.wantsOrphans) {
      following.trackOrphan(tid, memory);
    } else {
      memory.close();
      ptrace.detach(tid, 0);
    }
  }

  /** With the original bytes in its copy; if that fails, it waits. */
  #letGo(tid: number, { parent, space }: Omit<Copy, 'creator'>): void {
    const { ptrace, events } = this.#parts;
    const memory = this.#cleaned(tid, [space]);
    if (memory instanceof SidestepError) {
      const forGood = isForGood(memory);
      events.warn(
        forGood
          ? `child ${tid} has a copy of the probes that can't be removed, and will die when it reaches one: ${memory.message}`
          : `child ${tid} waits, because its copy of the probes can't be removed: ${memory.message}`,
        parent,
      );
      if (!forGood) {
        this.#unclean.set(tid, { parent, space });
        return;
      }
    } else if (memory !== 'gone') {
      memory.close();
    }
    this.#unclean.delete(tid);
    ptrace.detach(tid, 0);
  }

  #cleanRest(): void {
    for (const [tid, copy] of this.#unclean) this.#letGo(tid, copy);
  }

  /** The memory of a stopped child, once every INT3 of these was removed from it; or the reason why it could not be. */
  #cleaned(tid: number, spaces: Iterable<AddressSpace>): ProcessMemory | SidestepError | 'gone' {
    let memory: ProcessMemory | undefined;
    try {
      memory = ProcessMemory.open(tid);
      if (memory === undefined) return 'gone';
      for (const { breakpoints } of spaces) {
        this.#parts.breakpoints.cleanCopy(new AddressSpace(memory, breakpoints), tid);
      }
      return memory;
    } catch (error) {
      memory?.close();
      if (error instanceof SidestepError) return error;
      throw error;
    }
  }
}

/** Whether the memory of a child may never be opened: it has closed itself to tracers (PR_SET_DUMPABLE in prctl(2)). */
function isForGood({ code }: SidestepError): boolean {
  return code === 'attach-refused';
}
