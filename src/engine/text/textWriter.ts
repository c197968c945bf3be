/**
 * Writes one byte into a program's text. /proc/PID/mem does that without stopping a thread; where the kernel forbids it
 * (proc_mem.force_override, Linux 6.12) a thread must be stopped for PTRACE_POKETEXT.
 */
import { resumeInterrupted } from '../threads/interruptions';
import { Errno } from '../linux/errno';
import { type Ptrace } from '../tracing/ptrace';
import { type Waiter } from '../tracing/wait';
import { decodeWaitStatus, isEnd } from '../linux/waitStatus';
import { awaitReport } from '../threads/awaitStop';
import { type AddressSpace } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';

const WORD = 8;

export class TextWriter {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #tasks: TaskTable;
  readonly #byte = new Uint8Array(1);

  constructor(ptrace: Ptrace, waiter: Waiter, tasks: TaskTable) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#tasks = tasks;
  }

  /**
   * `stopped`: a thread of that memory that is in a ptrace-stop, where there is one. Returns 0 or an errno; memory
   * whose process has ended is no error.
   */
  write(space: AddressSpace, address: number, byte: number, stopped?: number): number {
    this.#byte[0] = byte;
    let failure = space.memory.write(address, this.#byte);
    if (FORBIDDEN.has(failure)) failure = this.#poke(space, address, byte, stopped);
    return failure === Errno.ESRCH ? 0 : failure;
  }

  #poke(space: AddressSpace, address: number, byte: number, stopped: number | undefined): number {
    if (stopped !== undefined) return this.#pokeWord(space, address, byte, stopped);
    for (const task of this.#tasks.tasks.values()) {
      if (task.process.space !== space) continue;
      if (task.state.isKeptStopped) return this.#pokeWord(space, address, byte, task.tid);
      if (this.#ptrace.interrupt(task.tid) !== 0) continue;
      // A thread that sleeps in the kernel, until its vfork child is done for instance, stops in its own time.
      if (awaitReport(this.#waiter, task.tid) !== 'reported') continue;
      const status = decodeWaitStatus(this.#waiter.status);
      const failure = isEnd(status) ? Errno.ESRCH : this.#pokeWord(space, address, byte, task.tid);
      // Whatever else the thread stopped for, or was doing, is handled in its turn; the interruption follows it.
      const { kind } = task.state.doing;
      const isPlain = kind !== 'aside' && kind !== 'onTwin';
      if (status.kind === 'trapStop' && isPlain) resumeInterrupted(this.#ptrace, task);
      else this.#waiter.putBack(task.tid);
      if (failure !== Errno.ESRCH) return failure;
    }
    return Errno.ESRCH;
  }

  /**
   * POKETEXT takes a whole word, so the bytes around are read just before: other threads may map other text there at
   * any time. For the same reason the file is tried once more: memory that was not mapped a moment ago fails there just
   * as forbidden memory does.
   */
  #pokeWord(space: AddressSpace, address: number, byte: number, tid: number): number {
    if (space.memory.write(address, this.#byte) === 0) return 0;
    const aligned = address - (address % WORD);
    const bytes = space.memory.read(aligned, WORD);
    // The end of the process's memory looks like this too.
    if (bytes.length < WORD) return Errno.ESRCH;
    bytes[address - aligned] = byte;
    return this.#ptrace.pokeText(tid, aligned, bytes.readBigUInt64LE());
  }
}

const FORBIDDEN: ReadonlySet<number> = new Set([Errno.EIO, Errno.EPERM, Errno.EACCES]);
