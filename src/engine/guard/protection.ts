/**
 * Protects threads from an unplanned end of the engine while no guardian watches. A thread whose trap the engine has
 * read would continue where it is: in the middle of an instruction. So before reading it, while the kernel still has
 * the SIGTRAP for the thread, the engine makes the kernel kill the thread with the engine (PTRACE_O_EXITKILL,
 * ptrace(2)).
 */
import { DEBUGGEE_OPTIONS, type Ptrace, TraceOption } from '../tracing/ptrace';
import { type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';

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
    const failure = this.#ptrace.setOptions(tid, DEBUGGEE_OPTIONS | TraceOption.exitKill);
    if (failure === 0) task.diesWithEngine = 'yes';
  }

  /** All that are stopped. */
  protectAll(): void {
    for (const tid of this.#tasks.tasks.keys()) this.protect(tid);
  }

  /** A thread that has stopped no longer does. */
  release(task: Task): void {
    if (task.diesWithEngine === 'no') return;
    if (this.#ptrace.setOptions(task.tid, DEBUGGEE_OPTIONS) === 0) task.diesWithEngine = 'no';
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
