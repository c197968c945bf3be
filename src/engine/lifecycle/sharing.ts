/**
 * Whether a new process runs in its creator's memory. kcmp(2) says so, where the kernel has it and a container allows
 * it. Elsewhere the system call does in which the creator has stopped: clone(2) with CLONE_VM, clone3(2) with it,
 * vfork(2).
 */
import { type Ptrace } from '../tracing/ptrace';
import { sharesMemory } from '../linux/kcmp';
import { type Task } from '../tracees/tracees';

const CLONE_VM = 0x100;

/** System calls by number (asm/unistd_64.h). */
const SYS_CLONE = 56;
const SYS_FORK = 57;
const SYS_VFORK = 58;
const SYS_CLONE3 = 435;

/** struct clone_args begins with the flags, a u64 (linux/sched.h). */
const FLAGS_BYTES = 8;

/** `creator` has stopped because it created the child; `how`: the kind of its event. */
export function borrowsMemory(ptrace: Ptrace, creator: Task, child: number, how: 'clone' | 'fork' | 'vfork'): boolean {
  return sharesMemory(creator.tid, child) ?? sharedByFlags(ptrace, creator) ?? how === 'vfork';
}

function sharedByFlags(ptrace: Ptrace, { tid, process }: Task): boolean | undefined {
  const registers = ptrace.getRegisters(tid);
  switch (registers?.systemCall) {
    case SYS_CLONE:
      return (registers.low('rdi') & CLONE_VM) !== 0;
    case SYS_CLONE3: {
      const flags = process.space.memory.read(registers.get('rdi'), FLAGS_BYTES);
      return flags.length < FLAGS_BYTES ? undefined : (flags.readUInt32LE() & CLONE_VM) !== 0;
    }
    case SYS_FORK:
      return false;
    case SYS_VFORK:
      return true;
    default:
      return undefined;
  }
}
