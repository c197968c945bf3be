/** Signal numbers of x86-64 Linux (signal(7)) and the si_codes that tell where a SIGTRAP came from (sigaction(2)). */
import { libc } from './libc';

// prettier-ignore
export const Signal = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13,
  SIGALRM: 14, SIGTERM: 15, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22, SIGURG: 23, SIGWINCH: 28, SIGIO: 29,
} as const;

/** si_code of the SIGTRAP that INT3 raises; what processes send has SI_USER (0), SI_QUEUE (-1) or SI_TKILL (-6). */
export const SI_KERNEL = 0x80;

/** si_code of the SIGTRAP after a single step. */
export const TRAP_TRACE = 2;

/** siginfo_t (sigaction(2)). */
export const SIGINFO_BYTES = 128;

/** A signal's bit in the 64-bit masks of sigprocmask(2) and /proc/PID/status, for signals up to 32, as a number. */
export function signalBit(signal: number): number {
  return 2 ** (signal - 1);
}

/** All of them, as the 64-bit mask of the kernel. */
export function signalBits(signals: readonly number[]): bigint {
  return signals.reduce((mask, signal) => mask | (1n << BigInt(signal - 1)), 0n);
}

const SIG_IGN = 1;
const SIG_BLOCK = 0;
const SA_NOCLDSTOP = 1;

/** struct sigaction of the C library: handler, mask (128 bytes), flags, restorer. */
const SIGACTION_BYTES = 152;
const SIGACTION_FLAGS = 136;
const SIGSET_BYTES = 128;

/**
 * Ignores what a terminal, its end or a reader's end would end or stop this process with: INT3 would stay in the
 * programs that it traces.
 */
export function ignoreTerminal(): void {
  for (const signal of [Signal.SIGINT, Signal.SIGQUIT, Signal.SIGHUP, Signal.SIGTERM, Signal.SIGTSTP, Signal.SIGPIPE]) {
    libc.signal(signal, SIG_IGN);
  }
}

/**
 * Keeps SIGCHLD from the calling thread, and from the whole process where a child or a traced thread only stops. It
 * does nothing in this process, but the kernel sends even that to a thread that is traced itself, which then stops for
 * it.
 */
export function refuseChildSignals(): void {
  const action = Buffer.alloc(SIGACTION_BYTES);
  action.writeInt32LE(SA_NOCLDSTOP, SIGACTION_FLAGS);
  libc.sigaction(Signal.SIGCHLD, action, null);
  const set = Buffer.alloc(SIGSET_BYTES);
  set.writeUInt32LE(signalBit(Signal.SIGCHLD));
  libc.pthread_sigmask(SIG_BLOCK, set, null);
}

/** Signals that an instruction raises (signal(7)). */
export const FAULTS: ReadonlySet<number> = new Set([Signal.SIGILL, Signal.SIGBUS, Signal.SIGFPE, Signal.SIGSEGV]);
