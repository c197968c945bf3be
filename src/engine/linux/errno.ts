/**
 * Error numbers of Linux (asm-generic/errno-base.h, errno.h): those the engine meets or that a system call of its may
 * give.
 */
import { getSystemErrorMap } from 'node:util';
import { type ErrorPlace, SidestepError } from '../../base/errors';

// prettier-ignore
export const Errno = {
  EPERM: 1, ENOENT: 2, ESRCH: 3, EINTR: 4, EIO: 5, E2BIG: 7, ENOEXEC: 8, EBADF: 9, ECHILD: 10, EAGAIN: 11, ENOMEM: 12, EACCES: 13, EFAULT: 14,
  EINVAL: 22, ENFILE: 23, EMFILE: 24, EPIPE: 32, ENOSYS: 38,
} as const;

/** `ESRCH (no such process)`. */
export function errnoText(errno: number): string {
  const entry = getSystemErrorMap().get(-errno);
  return entry ? `${entry[0]} (${entry[1]})` : `errno ${errno}`;
}

/** The error for a call that failed where no race explains it. `call` names it with what it was about. */
export function systemCallError(call: string, errno: number, place: ErrorPlace = {}): SidestepError {
  const { pid, tid } = place;
  const of = tid !== undefined ? ` for thread ${tid}` : pid !== undefined ? ` for process ${pid}` : '';
  return new SidestepError('system-call', `${call} failed${of}: ${errnoText(errno)}`, { place });
}
