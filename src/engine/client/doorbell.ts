/**
 * What wakes the engine out of wait4(2) when the client writes, reads or goes away: a sleeping process that the engine
 * traces. The pipes to the client send it SIGIO (fcntl(2), F_SETOWN), and a traced process stops before a signal is
 * delivered. That stop lasts until it is waited for, so no ring is ever lost. The signal itself is never delivered.
 */
import { SidestepError } from '../../base/errors';
import { announceReadiness } from '../linux/descriptors';
import { Errno, systemCallError } from '../linux/errno';
import { type Ptrace, TraceOption } from '../tracing/ptrace';
import { Signal } from '../linux/signals';
import { FOREVER_SECONDS, sleeper } from '../linux/sleeper';
import { spawn } from '../linux/spawn';
import { kill } from '../linux/processes';
import { isEnd, type WaitStatus } from '../linux/waitStatus';
import { helplessness } from '../linux/attachRefusal';

export class Doorbell {
  readonly #ptrace: Ptrace;
  readonly #descriptors: readonly number[];
  #pid = 0;

  /** `descriptors`: the ends of the pipes to the client. They are non-blocking from now on. */
  constructor(ptrace: Ptrace, descriptors: readonly number[]) {
    this.#ptrace = ptrace;
    this.#descriptors = descriptors;
    this.#start();
  }

  /** 0: see {@link isMute}. */
  get pid(): number {
    return this.#pid;
  }

  /** It was killed, and could not be started again: nothing wakes the engine, which has to look by itself. */
  get isMute(): boolean {
    return this.#pid === 0;
  }

  /** Takes the stop that a ring is, so that it can ring again. */
  answer(status: WaitStatus): void {
    if (isEnd(status)) this.install();
    else this.#ptrace.resume(this.#pid, 0);
  }

  /** In the place of one that is gone. If that fails, {@link isMute}. */
  install(): void {
    this.#pid = 0;
    try {
      this.#start();
    } catch (error) {
      if (!(error instanceof SidestepError)) throw error;
    }
  }

  remove(): void {
    if (!this.isMute) kill(this.#pid, Signal.SIGKILL);
  }

  #start(): void {
    const pid = spawn(sleeper(), ['sidestep-doorbell', FOREVER_SECONDS], { newSession: true });
    try {
      const failure = this.#ptrace.seize(pid, TraceOption.exitKill);
      if (failure === Errno.EPERM || failure === Errno.EACCES) throw helplessness();
      if (failure !== 0) throw systemCallError('PTRACE_SEIZE of the doorbell', failure, { pid });
      for (const fd of this.#descriptors) announceReadiness(fd, pid);
    } catch (error) {
      kill(pid, Signal.SIGKILL);
      throw error;
    }
    this.#pid = pid;
  }
}
