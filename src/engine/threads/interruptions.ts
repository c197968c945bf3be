/**
 * System calls that end with EINTR only because the thread is traced. The kernel restarts most calls by itself; the
 * ones below give EINTR after any stop (signal(7), "Interruption of system calls and library functions by stop
 * signals"), which the program would see without having got a signal: PTRACE_INTERRUPT is such a stop, and so is a
 * signal that the program ignores, which the kernel would not even have sent to a thread that is not traced
 * (sig_ignored in kernel/signal.c). They have done nothing then, so they are made again; a time-out starts anew. If a
 * signal comes before that, which does reach the program, EINTR is its due after all.
 */
import { ThreadPhase } from '../../contract/ledger';
import { Errno } from '../linux/errno';
import { readStatus, signalSet } from '../linux/proc';
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { Signal } from '../linux/signals';
import { type Task } from '../tracees/tracees';
import { noteRunning } from './phases';

/**
 * System calls by number (asm/unistd_64.h). Sockets with a time-out (SO_RCVTIMEO) are why read and its kind are among
 * them.
 */
// prettier-ignore
const REPEATED: ReadonlySet<number> = new Set([
  0 /* read */, 1 /* write */, 19 /* readv */, 20 /* writev */, 43 /* accept */, 44 /* sendto */, 45 /* recvfrom */, 46 /* sendmsg */,
  47 /* recvmsg */, 65 /* semop */, 128 /* rt_sigtimedwait */, 208 /* io_getevents */, 220 /* semtimedop */, 232 /* epoll_wait */,
  281 /* epoll_pwait */, 288 /* accept4 */, 333 /* io_pgetevents */, 426 /* io_uring_enter */, 441 /* epoll_pwait2 */,
]);

/**
 * The argument that says for how long such a call waits: a number of milliseconds, negative for ever, or a pointer, 0
 * for ever.
 */
const TIME_OUTS: ReadonlyMap<number, { readonly register: 'rdx' | 'r10' | 'r8'; readonly pointer: boolean }> = new Map([
  [128, { register: 'rdx', pointer: true }],
  [208, { register: 'r8', pointer: true }],
  [220, { register: 'r10', pointer: true }],
  [232, { register: 'r10', pointer: false }],
  [281, { register: 'r10', pointer: false }],
  [333, { register: 'r8', pointer: true }],
  [441, { register: 'r10', pointer: true }],
]);

/** Calls with a signal mask of their own: epoll_pwait(2) and its kind. */
const UNBLOCKING: ReadonlySet<number> = new Set([281, 333, 441]);

/** semop(2) has none: it waits for ever. */
const SYS_SEMOP = 65;

/** `0f 05`, the syscall instruction, in front of which RIP goes back. */
const SYSCALL_BYTES = 2;

/** Signals whose default is that nothing happens (signal(7)). */
const IGNORED_BY_DEFAULT: ReadonlySet<number> = new Set([
  Signal.SIGCHLD,
  Signal.SIGCONT,
  Signal.SIGURG,
  Signal.SIGWINCH,
]);

/**
 * Ignored signals that keep coming must not keep a call from ever timing out: after this long in one call, it returns
 * EINTR. A shorter time would return more EINTRs that the program would not see untraced; a longer one delays its
 * time-out.
 */
const LONGEST_SERIES_MS = 1000;

/** Resumes a thread that is in a `trapStop`. */
export function resumeInterrupted(ptrace: Ptrace, task: Task): number {
  const registers = ptrace.getRegisters(task.tid);
  if (registers !== undefined) repeatSystemCall(ptrace, task, registers);
  return ptrace.resume(task.tid, 0);
}

/** Resumes a thread that has stopped for a signal, with that signal. */
export function resumeWithSignal(ptrace: Ptrace, task: Task, signal: number): number {
  const registers = ptrace.getRegisters(task.tid);
  if (registers !== undefined && repeatUnlessSignalled(ptrace, task, registers, signal)) {
    return ptrace.resumeToSyscall(task.tid);
  }
  return ptrace.resume(task.tid, signal);
}

/** Resumes a thread that has stopped on entry to or exit from a system call that it repeats. */
export function resumeRepeated(ptrace: Ptrace, task: Task): number {
  const registers = ptrace.getRegisters(task.tid);
  if (registers !== undefined) {
    if (isEntering(registers)) return ptrace.resumeToSyscall(task.tid);
    // The stop that interrupted it may never be reported: the one that PTRACE_INTERRUPT asks for is left out if another
    // stop comes first (ptrace(2)). So the call is repeated now, not at the report.
    if (isInterrupted(registers)) repeat(ptrace, task, registers);
    else task.repeatsSince = -1;
  }
  return ptrace.resume(task.tid, 0);
}

/** The thread has stopped together with its process: EINTR is its due. */
export function noteGroupStop(ptrace: Ptrace, task: Task): void {
  task.state.stopWithGroup();
  task.record.phase = ThreadPhase.groupStopped;
  const registers = ptrace.getRegisters(task.tid);
  if (registers !== undefined && isRepeating(registers, task)) giveUp(ptrace, task, registers);
}

/** Whether a thread in a syscall-stop, whose registers these are, is entering its call (ptrace(2), "Syscall-stops"). */
export function isEntering({ result }: Registers): boolean {
  return result === -Errno.ENOSYS;
}

/**
 * For a thread that is about to be released, with this signal or none (0). A signal that arrives after this counts as
 * having arrived just before the call.
 */
export function repeatForGood(ptrace: Ptrace, task: Task, signal: number): void {
  const registers = ptrace.getRegisters(task.tid);
  if (registers === undefined) return;
  const repeats =
    signal === 0 ? repeatSystemCall(ptrace, task, registers) : repeatUnlessSignalled(ptrace, task, registers, signal);
  if (repeats && hasDueSignal(task.tid)) giveUp(ptrace, task, registers);
}

/** Whether the call that a thread, whose registers these are, is about to leave has ended with EINTR. */
function isInterrupted({ systemCall, result }: Registers): boolean {
  return REPEATED.has(systemCall) && result === -Errno.EINTR;
}

/** In a `trapStop`. False: it is in no such call, or the process was stopped by a signal, of which EINTR tells. */
function repeatSystemCall(ptrace: Ptrace, task: Task, registers: Registers): boolean {
  const wasStopped = task.state.doing.kind === 'groupStopped';
  if (wasStopped) {
    task.state.endGroupStop();
    noteRunning(task);
  }
  if (isRepeating(registers, task)) return true;
  if (wasStopped || !isInterrupted(registers)) return false;
  repeat(ptrace, task, registers);
  return true;
}

/** In a stop for this signal. False: it is in no such call, or the signal reaches the program. */
function repeatUnlessSignalled(ptrace: Ptrace, task: Task, registers: Registers, signal: number): boolean {
  const repeats = isRepeating(registers, task);
  if (!repeats && !isInterrupted(registers)) return false;
  const status = readStatus(task.tid);
  if (status === undefined || !ignores(status, signal)) {
    if (repeats) giveUp(ptrace, task, registers);
    task.repeatsSince = -1;
    return false;
  }
  if (repeats) return true;
  const now = performance.now();
  if (task.repeatsSince < 0) task.repeatsSince = now;
  if (now - task.repeatsSince > LONGEST_SERIES_MS && mayTimeOut(registers)) {
    task.repeatsSince = -1;
    return false;
  }
  repeat(ptrace, task, registers);
  return true;
}

/** Of sockets and pipes only those with a time-out give EINTR. */
function mayTimeOut(registers: Registers): boolean {
  const number = registers.systemCall;
  const argument = TIME_OUTS.get(number);
  if (number === SYS_SEMOP) return false;
  if (argument === undefined) return true;
  // An int is negative by its bit 31, and has only the lower half of the register.
  return argument.pointer ? registers.get(argument.register) !== 0 : (registers.low(argument.register) | 0) >= 0;
}

/**
 * It was made to repeat a call and has not begun with it: outside of system calls the kernel has no number in orig_rax.
 */
function isRepeating({ ip, systemCall, result }: Registers, task: Task): boolean {
  return task.repeatedAt === ip && REPEATED.has(systemCall) && result === systemCall;
}

function repeat(ptrace: Ptrace, task: Task, registers: Registers): void {
  task.repeatedAt = registers.ip - SYSCALL_BYTES;
  registers.result = registers.systemCall;
  registers.ip = task.repeatedAt;
  ptrace.setRegisters(task.tid);
  // The mask from before the call is read while the call's own is in force; writing it ends that (ptrace_request in
  // kernel/ptrace.c). Signals that only the call unblocks wait for it then.
  if (UNBLOCKING.has(registers.systemCall) && ptrace.getSignalMask(task.tid) !== undefined)
    ptrace.setSignalMask(task.tid);
}

/** The opposite of {@link repeat}. */
function giveUp(ptrace: Ptrace, task: Task, registers: Registers): void {
  registers.result = -Errno.EINTR;
  registers.ip = task.repeatedAt + SYSCALL_BYTES;
  ptrace.setRegisters(task.tid);
}

/** A signal that will be delivered as soon as the thread runs, and that the program does not ignore. */
function hasDueSignal(tid: number): boolean {
  const status = readStatus(tid);
  if (status === undefined) return false;
  const pending = (signalSet(status, 'SigPnd') | signalSet(status, 'ShdPnd')) & ~signalSet(status, 'SigBlk');
  for (let signal = 1; signal <= 64; signal++) {
    if ((pending & bit(signal)) !== 0n && !ignores(status, signal)) return true;
  }
  return false;
}

/** From the fields of /proc/PID/status. */
function ignores(status: ReadonlyMap<string, string>, signal: number): boolean {
  if ((signalSet(status, 'SigIgn') & bit(signal)) !== 0n) return true;
  return (signalSet(status, 'SigCgt') & bit(signal)) === 0n && IGNORED_BY_DEFAULT.has(signal);
}

function bit(signal: number): bigint {
  return 1n << BigInt(signal - 1);
}
