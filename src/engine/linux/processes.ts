/** Other processes by number: kill(2), tgkill(2), pidfd_open(2). */

import { Errno } from './errno';
import { errno, libc } from './libc';

const SYS_PIDFD_OPEN = 434;

const SYS_TGKILL = 234;

/** Whether `tid` is a living thread of process `pid`. */
export function isThreadOf(pid: number, tid: number): boolean {
  return libc.syscall(SYS_TGKILL, pid, tid, 0, 0, 0) === 0;
}

/** A descriptor for a process (pidfd_open(2)); -1 where the kernel has none to give. */
export function openProcess(pid: number): number {
  return libc.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0);
}

/** Closes it. */
export function closeProcess(pidfd: number): void {
  if (pidfd >= 0) libc.close(pidfd);
}

/** Sends a signal to one process, never to a group or to everybody as kill(2) would; 0 or an errno. */
export function kill(pid: number, signal: number): number {
  if (pid <= 0) return Errno.EINVAL;
  return libc.kill(pid, signal) < 0 ? errno() : 0;
}

/** Sends a signal to one thread; 0 or an errno. */
export function killThread(pid: number, tid: number, signal: number): number {
  return libc.syscall(SYS_TGKILL, pid, tid, signal, 0, 0) < 0 ? errno() : 0;
}
