/** Processes that end, and processes that turn into another program. */
import { type ProcessEnd, type SiteCounts } from '../../contract/messages';
import { traceOptionsOf } from '../guard/protection';
import { type NewTasks } from './newTasks';
import { type Following } from './following';
import { lostPrivileges } from '../linux/privileges';
import { SidestepError } from '../../base/errors';
import { ProcessMemory } from '../linux/memory';
import { executableOf } from '../linux/proc';
import { type Ptrace } from '../tracing/ptrace';
import { type WaitStatus } from '../linux/waitStatus';
import { type Events } from '../client/events';
import { type ProbeTable } from '../tracees/probeTable';
import { execProcess } from '../tracees/execAndFork';
import { AddressSpace, leaveSpace, type Process, type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';
import { headOf, wordSizeProblem } from '../linux/elfClass';

export interface ExitAndExecParts {
  readonly ptrace: Ptrace;
  readonly tasks: TaskTable;
  readonly probes: ProbeTable;
  readonly newTasks: NewTasks;
  readonly following: Following;
  readonly events: Events;
}

export class ExitAndExec {
  readonly #parts: ExitAndExecParts;

  constructor(parts: ExitAndExecParts) {
    this.#parts = parts;
  }

  /**
   * A thread has ended. The last one takes the process with it: a leader that exits before the others is reported after
   * them (ptrace(2), "Death under ptrace"), and where the leader had gone before the attach, all threads end with the
   * process's status.
   */
  onEnd(task: Task, status: WaitStatus & { kind: 'exited' | 'killed' }): void {
    const { tasks, newTasks, events } = this.#parts;
    const { process } = task;
    tasks.removeTask(task);
    events.threadExited(task);
    if (process.tasks.size > 0) return;
    // A single thread that ends by itself is not creating a child.
    if (status.kind === 'killed' || process.hadThreads) newTasks.onCreatorsGone(process);
    tasks.removeProcess(process);
    if (process.memoryOwner !== undefined || process.unannounced) return;
    const end: ProcessEnd = status.kind === 'exited' ? { code: status.code } : { signal: status.signal };
    events.catchUp();
    events.say({ event: 'exited', pid: process.pid, end, ...this.#lastCounts(process) });
  }

  /**
   * exec: one thread is left, and it has the process's number now whatever it had before (ptrace(2), "execve(2) under
   * ptrace"); the memory is new. It stays stopped: a borrower that is not followed is released; any other process is
   * held for the client.
   */
  onExec(process: Process): void {
    const { ptrace, tasks, newTasks, following, events } = this.#parts;
    const { pid, space: old } = process;
    for (const task of process.tasks.values()) {
      if (task.tid === pid) continue;
      tasks.removeTask(task);
      events.threadExited(task);
    }
    if (process.hadThreads) newTasks.onCreatorsGone(process);
    if (process.memoryOwner !== undefined && !following.wants(process)) {
      tasks.removeProcess(process);
      ptrace.detach(pid, 0);
      return;
    }
    // A leader that had ended lives again, as the thread that called exec.
    const leader = tasks.addTask(process, pid);
    following.separate(process);
    const image = this.#open(process);
    if (image === undefined) return;
    const head = headOf(`/proc/${pid}/exe`);
    const is64Bit = head === undefined || wordSizeProblem(head) === undefined;
    execProcess(process, leader, { space: image, is64Bit });
    leaveSpace(old);
    ptrace.setOptions(pid, traceOptionsOf(leader));
    if (!leader.announced) events.threadStarted(leader);
    events.catchUp();
    const executable = executableOf(pid) ?? '';
    events.say({ event: 'execed', pid, executable, ...this.#lastCounts(process) });
    const loss = lostPrivileges(pid, executable);
    if (loss !== undefined) events.warn(loss, process);
    if (!process.is64Bit) events.warn(`${executable} is 32-bit code: no probe can be set in process ${pid}`, process);
    events.say({ event: 'held', pid, tid: pid });
  }

  /**
   * The memory of a process's new image. `undefined`: it has none, or none that can be accessed, and the process was
   * released.
   */
  #open(process: Process): AddressSpace | undefined {
    const { pid } = process;
    try {
      const memory = ProcessMemory.open(pid);
      if (memory !== undefined) return new AddressSpace(memory);
      // Killed: its end will be reported.
      this.#parts.ptrace.resume(pid, 0);
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
      this.#release(process, error.message);
    }
    return undefined;
  }

  #release(process: Process, reason: string): void {
    const { ptrace, tasks, events } = this.#parts;
    const { pid } = process;
    events.warn(`process ${pid} is no longer traced: ${reason}`, process);
    events.say({ event: 'released', pid, ...this.#lastCounts(process) });
    tasks.removeProcess(process);
    ptrace.detach(pid, 0);
  }

  #lastCounts(process: Process): { sites?: SiteCounts } {
    return process.follow ? { sites: this.#parts.probes.forget(process) } : {};
  }
}
