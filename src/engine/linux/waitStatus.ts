/**
 * What wait4(2) reports about a traced thread, decoded: ptrace(2), "Stopped states", for threads that were
 * PTRACE_SEIZEd.
 */
import { Signal } from './signals';

export type WaitStatus =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: number }
  /** Signal-delivery-stop: the signal has not reached the program yet. */
  | { readonly kind: 'signal'; readonly signal: number }
  /** Syscall-entry- or -exit-stop, told from SIGTRAP by PTRACE_O_TRACESYSGOOD. */
  | { readonly kind: 'syscall' }
  /** `clone`, `fork`, `vfork`: the new thread's id is the event message. `exec`: the new image is in place. */
  | { readonly kind: 'clone' | 'fork' | 'vfork' | 'exec' }
  /** The process was stopped (SIGSTOP and the like), this thread with it. */
  | { readonly kind: 'groupStop'; readonly signal: number }
  /** PTRACE_EVENT_STOP with SIGTRAP: after PTRACE_INTERRUPT, a new thread's first stop, or a group-stop that ended. */
  | { readonly kind: 'trapStop' }
  /** Events that were not requested. */
  | { readonly kind: 'other' };

/** The status of a thread that stopped because of a SIGTRAP: the one that the hit loop looks for before all others. */
export const STOPPED_BY_SIGTRAP = (Signal.SIGTRAP << 8) | 0x7f;

const EVENTS: Readonly<Record<number, WaitStatus>> = {
  1: { kind: 'fork' },
  2: { kind: 'vfork' },
  3: { kind: 'clone' },
  4: { kind: 'exec' },
};
const PTRACE_EVENT_STOP = 128;
const SYSCALL_STOP = Signal.SIGTRAP | 0x80;

export function decodeWaitStatus(status: number): WaitStatus {
  const low = status & 0xff;
  const signal = (status >> 8) & 0xff;
  if (low === 0) return { kind: 'exited', code: signal };
  if (low !== 0x7f) return { kind: 'killed', signal: low & 0x7f };
  const event = status >> 16;
  if (event === PTRACE_EVENT_STOP) {
    return signal === Signal.SIGTRAP ? { kind: 'trapStop' } : { kind: 'groupStop', signal };
  }
  if (event !== 0) return EVENTS[event] ?? { kind: 'other' };
  return signal === SYSCALL_STOP ? { kind: 'syscall' } : { kind: 'signal', signal };
}

/** The thread is gone: nothing more is to come from it. */
export function isEnd(status: WaitStatus): status is WaitStatus & { kind: 'exited' | 'killed' } {
  return status.kind === 'exited' || status.kind === 'killed';
}
