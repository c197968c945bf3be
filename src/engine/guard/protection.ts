/**
 * Protects threads from an unplanned end of the engine while no guardian watches. A thread whose trap the engine has
 * read would continue where it is: in the middle of an instruction. So before reading it, while the kernel still has
 * the SIGTRAP for the thread, the engine makes the kernel kill the thread with the engine (PTRACE_O_EXITKILL,
 * ptrace(2)).
 */
import { DEBUGGEE_OPTIONS, HELD_OPTIONS, type Ptrace } from '../tracing/ptrace';
import { type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';

/** What a thread is to stop for, and whether it is to end with the engine: it may be protected, or not released yet. */
export function traceOptionsOf({ diesWithEngine, process }: Task): number {
  return diesWithEngine !== 'no' || process.awaitsStart ? HELD_OPTIONS : DEBUGGEE_OPTIONS;
}

export class Protection {
  readonly #ptrace: Ptrace;
  readonly #tasks: TaskTable;

  constructor(ptrace: Ptrace, tasks: TaskTable) {
    this.#ptrace = ptrace;
    this.#tasks = tasks;
  }

  /** A thread that has stopped dies with the engine from here on. */
  protect(tid: number): void {
    const task = this.#tasks.tasks.get(tid);
    if (task === undefined || task.diesWithEngine === 'yes') return;
    if (this.#ptrace.setOptions(tid, HELD_OPTIONS) === 0) task.diesWithEngine = 'yes';
  }

  /** All that are stopped. */
  protectAll(): void {
    for (const tid of this.#tasks.tasks.keys()) this.protect(tid);
  }

  /** A thread that has stopped no longer does, unless its program was not released yet. */
  release(task: Task): void {
    if (task.diesWithEngine === 'no') return;
    const options = task.process.awaitsStart ? HELD_OPTIONS : DEBUGGEE_OPTIONS;
    if (this.#ptrace.setOptions(task.tid, options) === 0) task.diesWithEngine = 'no';
  }

  /** All that are stopped; the others are asked to stop, for {@link release}. */
  releaseAll(): void {
    for (const task of this.#tasks.tasks.values()) {
      this.release(task);
      if (task.diesWithEngine !== 'no') this.#ptrace.interrupt(task.tid);
    }
  }

  /** Some thread would be killed if the engine ended now. */
  get isNeeded(): boolean {
    for (const { diesWithEngine } of this.#tasks.tasks.values()) if (diesWithEngine !== 'no') return true;
    return false;
  }
}
