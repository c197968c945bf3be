/** Signal numbers of x86-64 Linux (signal(7)) and the si_codes that tell where a SIGTRAP came from (sigaction(2)). */

// prettier-ignore
export const Signal = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13,
  SIGALRM: 14, SIGTERM: 15, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22, SIGURG: 23, SIGWINCH: 28, SIGIO: 29,
} as const;

/** si_code of the SIGTRAP that INT3 raises; what processes send has SI_USER (0), SI_QUEUE (-1) or SI_TKILL (-6). */
export const SI_KERNEL = 0x80;

/** si_code of the SIGTRAP behind a single step. */
export const TRAP_TRACE = 2;

/** A signal's bit in the 64-bit masks of sigprocmask(2) and /proc/PID/status, for signals up to 32, as a number. */
export function signalBit(signal: number): number {
  return 2 ** (signal - 1);
}
