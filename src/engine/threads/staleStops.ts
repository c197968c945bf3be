/**
 * Stops that are over. When a thread calls exec, the others die, wherever they are stopped, and it takes the leader's
 * number (ptrace(2), "execve(2) under ptrace"): a stop of the leader that was reported before would be acted upon in
 * the new image, and with the stop for exec, which that is in, its report would be lost.
 */
import { Errno } from '../linux/errno';
import { errno } from '../linux/libc';
import { type Ptrace } from '../tracing/ptrace';
import { Signal } from '../linux/signals';
import { type Task } from '../tracees/tracees';

/** si_code of a stop for exec: PTRACE_EVENT_EXEC above the signal (ptrace_event in include/linux/ptrace.h). */
const EXEC_STOP = (4 << 8) | Signal.SIGTRAP;

/** Whether the thread is no longer in the stop that was reported of it, which was none for exec. */
export function isStale(ptrace: Ptrace, { tid, process }: Task): boolean {
  if (tid !== process.pid || !process.hadThreads) return false;
  const siginfo = ptrace.getSiginfo(tid);
  return siginfo === undefined ? errno() === Errno.ESRCH : siginfo.code === EXEC_STOP;
}
