/**
 * Passes each wait4(2) report to its handler. Signals, stops and continues reach the program as if it were not traced.
 */
import { assertUnreachable } from '../../base/assert';
import { type NewTasks } from '../lifecycle/newTasks';
import { type ExitAndExec } from '../lifecycle/exitAndExec';
import { type Detaching } from '../lifecycle/detaching';
import { type Doorbell } from '../client/doorbell';
import { type Guard } from '../guard/guard';
import { type Protection } from '../guard/protection';
import { type Hits } from '../hit/hits';
import { noteGroupStop, resumeInterrupted, resumeRepeated, resumeWithSignal } from '../threads/interruptions';
import { type Ptrace } from '../tracing/ptrace';
import { Signal } from '../linux/signals';
import { type Waiter } from '../tracing/wait';
import { decodeWaitStatus, isEnd, STOPPED_BY_SIGTRAP, type WaitStatus } from '../linux/waitStatus';
import { type StepAside } from '../passing/stepAside';
import { noteRunning } from '../threads/phases';
import { isStale } from '../threads/staleStops';
import { type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';
import { type Twins } from '../passing/twins';

export interface StopParts {
  readonly ptrace: Ptrace;
  readonly waiter: Waiter;
  readonly tasks: TaskTable;
  readonly doorbell: Doorbell;
  readonly guard: Guard;
  readonly protection: Protection;
  readonly hits: Hits;
  readonly stepAside: StepAside;
  readonly twins: Twins;
  readonly newTasks: NewTasks;
  readonly exitAndExec: ExitAndExec;
  readonly detaching: Detaching;
}

export class Stops {
  readonly #parts: StopParts;
  readonly #tasks: ReadonlyMap<number, Task>;
  readonly #hits: Hits;

  constructor(parts: StopParts) {
    this.#parts = parts;
    this.#tasks = parts.tasks.tasks;
    this.#hits = parts.hits;
  }

  /** Deals with the thread whose status the waiter has. `now`: performance.now(). True: it was the doorbell. */
  take(tid: number, now: number): boolean {
    const task = this.#tasks.get(tid);
    const { ptrace, waiter, doorbell, guard, detaching } = this.#parts;
    if (task !== undefined) {
      if (task.diesWithEngine !== 'no' && guard.watches) this.#parts.protection.release(task);
      if (task.state.now.kind === 'leaving') detaching.onStop(task);
      else if (waiter.status === STOPPED_BY_SIGTRAP) {
        if (!waiter.isOld || !isStale(ptrace, task)) this.#hits.onTrap(task, now);
      } else this.#onStop(task, decodeWaitStatus(waiter.status));
      return false;
    }
    const status = decodeWaitStatus(waiter.status);
    if (tid === doorbell.pid) {
      doorbell.answer(status);
      return true;
    }
    if (tid === guard.pid) guard.onEnd(status);
    else this.#onStranger(tid, status);
    return false;
  }

  #onStop(task: Task, status: WaitStatus): void {
    const { ptrace, stepAside, twins, newTasks, exitAndExec } = this.#parts;
    if (!isEnd(status) && status.kind !== 'exec' && isStale(ptrace, task)) return;
    if (status.kind === 'signal') {
      const isOnTwin = task.state.now.kind === 'onTwin';
      const done = isOnTwin ? twins.finish(task) : stepAside.finish(task, false);
      if (done) return;
      if (status.signal === Signal.SIGILL) this.#hits.onIllegalInstruction(task);
      resumeWithSignal(ptrace, task, status.signal);
      noteRunning(task);
      return;
    }
    stepAside.interrupt(task, false);
    twins.interrupt(task, false);
    switch (status.kind) {
      case 'exited':
      case 'killed':
        exitAndExec.onEnd(task, status);
        return;
      case 'clone':
      case 'fork':
      case 'vfork':
        newTasks.onCreated(task, status.kind);
        return;
      case 'exec':
        exitAndExec.onExec(task.process);
        return;
      case 'groupStop':
        noteGroupStop(ptrace, task);
        ptrace.listen(task.tid);
        return;
      case 'trapStop':
        resumeInterrupted(ptrace, task);
        return;
      case 'syscall':
        resumeRepeated(ptrace, task);
        return;
      case 'other':
        ptrace.resume(task.tid, 0);
        return;
      default:
        assertUnreachable(status);
    }
  }

  /**
   * A new thread that its creator has not reported yet; the former number of a thread that called exec without being
   * the leader; or a released thread.
   */
  #onStranger(tid: number, status: WaitStatus): void {
    const { ptrace, tasks, newTasks, exitAndExec } = this.#parts;
    const process = tasks.processes.get(tid);
    if (isEnd(status)) newTasks.onEnd(tid);
    else if (status.kind !== 'exec') newTasks.onFirstStop(tid);
    else if (process && !process.leaving) exitAndExec.onExec(process);
    else ptrace.detach(tid, 0);
  }
}
