/** Limits of the kernel that the engine can run into (getrlimit(2)), and what helps. */
import { readFileSync } from 'node:fs';
import { Errno } from './errno';

/** Advice for the errno values that say a limit was reached. */
export const LIMIT_ADVICE: Readonly<Record<number, string>> = {
  [Errno.EAGAIN]: "The user's limit on processes (ulimit -u) or the container's (pids.max) is reached: raise it.",
  [Errno.EMFILE]: 'The limit on open files (ulimit -n) is reached: raise it before Sidestep is started.',
  [Errno.ENFILE]: 'The limit on open files of the whole system is reached: sudo sysctl fs.file-max shows it.',
  [Errno.ENOMEM]: 'There is not enough memory, or a limit on it is reached (ulimit -v).',
};

/** RLIMIT_AS in bytes; `undefined`: unlimited. */
export function addressSpaceLimit(): number | undefined {
  const soft = /^Max address space +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** The hard limit of RLIMIT_NOFILE; RLIM_INFINITY (getrlimit(2)) where there is none. */
export function hardLimitOnFiles(): bigint {
  const hard = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return hard === undefined ? (1n << 64n) - 1n : BigInt(hard);
}
