/**
 * Resuming a thread that PTRACE_INTERRUPT stopped inside a system call. The kernel restarts most calls by itself; the ones below
 * give EINTR after any stop (signal(7), "Interruption of system calls and library functions by stop signals"), which the program
 * would see without having got a signal. They have done nothing then, so they are made again; a time-out starts anew.
 */
import { State, UserRegister } from '../../emulator/state';
import { Errno } from '../linux/errno';
import { readStatus, signalSet } from '../linux/proc';
import { type Ptrace } from '../linux/ptrace';
import { type Task } from './tasks';

/** System calls by number (asm/unistd_64.h). Sockets with a time-out (SO_RCVTIMEO) are why read and its kind are among them. */
// prettier-ignore
const REPEATED: ReadonlySet<number> = new Set([
  0 /* read */, 1 /* write */, 19 /* readv */, 20 /* writev */, 43 /* accept */, 44 /* sendto */, 45 /* recvfrom */, 46 /* sendmsg */,
  47 /* recvmsg */, 65 /* semop */, 128 /* rt_sigtimedwait */, 208 /* io_getevents */, 220 /* semtimedop */, 232 /* epoll_wait */,
  281 /* epoll_pwait */, 288 /* accept4 */, 333 /* io_pgetevents */, 426 /* io_uring_enter */, 441 /* epoll_pwait2 */,
]);

/** `0f 05`, the syscall instruction, in front of which RIP goes back. */
const SYSCALL_BYTES = 2;

/** Resumes a thread that is in a `trapStop`. */
export function resumeInterrupted(ptrace: Ptrace, task: Task): number {
  if (ptrace.getRegisters(task.tid) === 0) repeatSystemCall(ptrace, task);
  return ptrace.resume(task.tid, 0);
}

/** Makes the thread repeat the system call that its stop has ended. Its registers have just been read. */
export function repeatSystemCall(ptrace: Ptrace, task: Task): void {
  const { arena } = ptrace;
  const number = arena.i32[(State.registers + UserRegister.orig_rax) >>> 2]!;
  const result = arena.i32[(State.registers + UserRegister.rax) >>> 2]!;
  if (!REPEATED.has(number) || result !== -Errno.EINTR || hasPendingSignal(task.tid)) return;
  const rip = State.registers + UserRegister.rip;
  arena.setNumber(State.registers + UserRegister.rax, number);
  arena.setNumber(rip, arena.number(rip) - SYSCALL_BYTES);
  ptrace.setRegisters(task.tid);
}

/** A signal that will be delivered as soon as the thread runs: EINTR is its due. */
function hasPendingSignal(tid: number): boolean {
  const status = readStatus(tid);
  if (status === undefined) return false;
  const pending = signalSet(status, 'SigPnd') | signalSet(status, 'ShdPnd');
  return (pending & ~signalSet(status, 'SigBlk')) !== 0n;
}
