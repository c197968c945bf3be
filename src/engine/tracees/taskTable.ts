/** Every traced process and thread by number. */
import type { Ledger } from '../tracing/ledger';
import { type Process, Task, leaveSpace } from './tracees';

export class TaskTable {
  readonly processes = new Map<number, Process>();
  readonly tasks = new Map<number, Task>();
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  addProcess(process: Process): Process {
    this.processes.set(process.pid, process);
    return process;
  }

  /** The process's thread, new if it was not known. */
  addTask(process: Process, tid: number): Task {
    const known = this.tasks.get(tid);
    if (known?.process === process) return known;
    const task = new Task(tid, process, this.#ledger.thread(process.pid, tid));
    this.tasks.set(tid, task);
    process.tasks.set(tid, task);
    process.hadThreads ||= process.tasks.size > 1;
    return task;
  }

  removeTask(task: Task): void {
    if (this.tasks.get(task.tid) === task) this.tasks.delete(task.tid);
    if (!task.process.tasks.delete(task.tid)) return;
    this.#ledger.removeThread(task.record);
    task.state.end();
  }

  /** Forgets a process and its threads; closes its memory if no other process uses it. */
  removeProcess(process: Process): void {
    for (const task of [...process.tasks.values()]) this.removeTask(task);
    if (this.processes.get(process.pid) === process) this.processes.delete(process.pid);
    leaveSpace(process.space);
  }
}
