/** Processes that end, and processes that turn into another program. */
import { type ProcessEnd } from '../../contract/messages';
import { type Births } from './births';
import { ProcessMemory } from '../linux/memory';
import { executableOf } from '../linux/proc';
import { type Ptrace } from '../linux/ptrace';
import { type WaitStatus } from '../linux/waitStatus';
import { type Notices } from '../pipe/notices';
import { AddressSpace, leaveSpace, type Process, type Task, type TaskTable } from './tasks';
import { headOf, wordSizeProblem } from './wordSize';

export class Changes {
  readonly #ptrace: Ptrace;
  readonly #tasks: TaskTable;
  readonly #births: Births;
  readonly #notices: Notices;

  constructor(ptrace: Ptrace, tasks: TaskTable, births: Births, notices: Notices) {
    this.#ptrace = ptrace;
    this.#tasks = tasks;
    this.#births = births;
    this.#notices = notices;
  }

  /**
   * A thread has ended. The last one takes the process with it: a leader that exits before the others is reported after them
   * (ptrace(2), "Death under ptrace"), and where the leader had gone before the attach, all threads end with the process's status.
   */
  onEnd(task: Task, status: WaitStatus & { kind: 'exited' | 'killed' }): void {
    const { process } = task;
    this.#tasks.removeTask(task);
    this.#notices.threadExited(task);
    if (process.tasks.size > 0) return;
    this.#tasks.removeProcess(process);
    this.#births.onCreatorsGone(process.space);
    if (process.lender !== undefined) return;
    const end: ProcessEnd = status.kind === 'exited' ? { code: status.code } : { signal: status.signal };
    this.#notices.catchUp();
    this.#notices.say({ event: 'exited', pid: process.pid, end });
  }

  /**
   * exec: one thread is left, and it has the process's number now whatever it had before (ptrace(2), "execve(2) under ptrace"); the
   * memory is new. It stays stopped: a borrower is let go, another process is held for the client.
   */
  onExec(process: Process): void {
    const old = process.space;
    for (const task of process.tasks.values()) {
      if (task.tid === process.pid) continue;
      this.#tasks.removeTask(task);
      this.#notices.threadExited(task);
    }
    const memory = ProcessMemory.open(process.pid);
    this.#births.onCreatorsGone(old);
    if (process.lender !== undefined || memory === undefined) {
      memory?.close();
      if (process.lender !== undefined) this.#tasks.removeProcess(process);
      this.#ptrace.detach(process.pid, 0);
      return;
    }
    process.space = new AddressSpace(memory);
    leaveSpace(old);
    const head = headOf(`/proc/${process.pid}/exe`);
    process.is64Bit = head === undefined || wordSizeProblem(head) === undefined;
    process.sigtrapExamined = process.ignoresSigtrap = process.handlesSigtrap = process.getsSigtrap = false;
    // A leader that had ended comes to life again in the thread that called exec.
    const leader = this.#tasks.addTask(process, process.pid);
    leader.aside = leader.heldAt = undefined;
    leader.retryAddress = -1;
    leader.holds = 1;
    if (!leader.announced) this.#notices.threadStarted(leader);
    this.#notices.catchUp();
    this.#notices.say({ event: 'execed', pid: process.pid, executable: executableOf(process.pid) ?? '' });
    this.#notices.say({ event: 'held', pid: process.pid, tid: process.pid });
  }
}
