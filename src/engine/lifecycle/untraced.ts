/**
 * Children that are created with CLONE_UNTRACED (clone(2)). The kernel would not report them to the engine, and the
 * first INT3 in their memory would kill them. The flag is removed at the entry of the C library's function clone: the
 * child is traced, cleaned of INT3 and released like any other that is not followed, and it is never followed.
 */
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { type Task } from '../tracees/tracees';

const SYS_CLONE = 56;

/** linux/sched.h */
const CLONE_UNTRACED = 0x80_0000;

/** The function's third argument, an int, and the system call's first. */
const FUNCTION_FLAGS = 'rdx';
const CALL_FLAGS = 'rdi';

/** The thread, whose registers these are, is entering the function clone. Allocates nothing. */
export function keepTraced(ptrace: Ptrace, task: Task, registers: Registers): void {
  const flags = registers.low(FUNCTION_FLAGS);
  task.untracedFlags = -1;
  if ((flags & CLONE_UNTRACED) === 0) return;
  task.untracedFlags = (flags & ~CLONE_UNTRACED) >>> 0;
  registers.setLow(FUNCTION_FLAGS, task.untracedFlags);
  ptrace.setRegisters(task.tid);
}

/**
 * Whether the child that the thread has just created was to be untraced: the function may have failed, and another call
 * created it.
 */
export function wasToBeUntraced(ptrace: Ptrace, task: Task): boolean {
  const { untracedFlags, tid } = task;
  task.untracedFlags = -1;
  if (untracedFlags < 0) return false;
  const registers = ptrace.getRegisters(tid);
  return registers?.systemCall === SYS_CLONE && registers.low(CALL_FLAGS) === untracedFlags;
}
