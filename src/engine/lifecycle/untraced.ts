/**
 * Children that are created with CLONE_UNTRACED (clone(2)). The kernel would not report them to the engine, and the
 * first INT3 in their memory would kill them. The flag is removed at the entry of the C library's function clone: the
 * child is traced, cleaned of INT3 and released like any other that is not followed, and it is never followed.
 */
import { State, UserRegister } from '../../emulator/machine/state';
import { type Ptrace } from '../tracing/ptrace';
import { type Task } from '../tracees/tracees';

const SYS_CLONE = 56;

/** linux/sched.h */
const CLONE_UNTRACED = 0x80_0000;

/** The function's third argument, an int, and the system call's first. */
const FUNCTION_FLAGS = (State.registers + UserRegister.rdx) >>> 2;
const CALL_FLAGS = (State.registers + UserRegister.rdi) >>> 2;
const ORIG_RAX = (State.registers + UserRegister.orig_rax) >>> 2;

/** The thread is entering the function clone; its registers are in the arena. Allocates nothing. */
export function keepTraced(ptrace: Ptrace, task: Task): void {
  const { u32 } = ptrace.arena;
  const flags = u32[FUNCTION_FLAGS]!;
  task.untracedFlags = -1;
  if ((flags & CLONE_UNTRACED) === 0) return;
  task.untracedFlags = (flags & ~CLONE_UNTRACED) >>> 0;
  u32[FUNCTION_FLAGS] = task.untracedFlags;
  ptrace.setRegisters(task.tid);
}

/**
 * Whether the child that the thread has just created was to be untraced: the function may have failed, and another call
 * created it.
 */
export function wasToBeUntraced(ptrace: Ptrace, task: Task): boolean {
  const { untracedFlags, tid } = task;
  task.untracedFlags = -1;
  if (untracedFlags < 0 || ptrace.getRegisters(tid) !== 0) return false;
  const { u32 } = ptrace.arena;
  return u32[ORIG_RAX] === SYS_CLONE && u32[CALL_FLAGS] === untracedFlags;
}
