/**
 * System calls made by a stopped process on the engine's behalf. Only for processes that the engine started itself and
 * that will never run code of their own again: their text is overwritten.
 */
import { State, UserRegister } from '../../emulator/machine/state';
import { type Arena } from '../tracing/arena';
import { systemCallError } from '../linux/errno';
import { type Ptrace } from '../tracing/ptrace';
import { type Waiter } from '../tracing/wait';
import { type WaitStatus } from '../linux/waitStatus';

/** `syscall`, in the first bytes of a word. */
const SYSCALL_INSTRUCTION = 0x050fn;

/** Arguments of a system call, in their order. */
// prettier-ignore
const ARGUMENTS = [UserRegister.rdi, UserRegister.rsi, UserRegister.rdx, UserRegister.r10, UserRegister.r8, UserRegister.r9];

export type InjectedResult =
  /** What the call returned: negative errno values are errors. */
  | { readonly returned: number }
  /** The process stopped for something else instead: exec, or its end. */
  | { readonly stopped: WaitStatus | undefined };

export class RemoteSyscalls {
  readonly #arena: Arena;
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #pid: number;
  readonly #instruction: number;

  /** `pid` is in a ptrace-stop and traced with {@link TraceOption.sysGood}. */
  constructor(ptrace: Ptrace, waiter: Waiter, pid: number) {
    this.#arena = ptrace.arena;
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#pid = pid;
    this.#check('PTRACE_GETREGS', ptrace.getRegisters(pid));
    this.#instruction = this.#arena.number(State.registers + UserRegister.rip);
    this.#check('PTRACE_POKETEXT', ptrace.pokeText(pid, this.#instruction, SYSCALL_INSTRUCTION));
  }

  /** Makes one system call. Arguments are safe integers. */
  call(number: number, ...values: readonly number[]): InjectedResult {
    this.#check('PTRACE_GETREGS', this.#ptrace.getRegisters(this.#pid));
    const { view } = this.#arena;
    const set = (field: number, value: number): void => view.setBigInt64(State.registers + field, BigInt(value), true);
    ARGUMENTS.forEach((field, index) => set(field, values[index] ?? 0));
    set(UserRegister.rax, number);
    set(UserRegister.rip, this.#instruction);
    // No system call is to be restarted (arch_do_signal_or_restart in the kernel).
    set(UserRegister.orig_rax, -1);
    this.#check('PTRACE_SETREGS', this.#ptrace.setRegisters(this.#pid));
    const entered = this.#run();
    if (entered?.kind !== 'syscall') return { stopped: entered };
    const left = this.#run();
    if (left?.kind !== 'syscall') return { stopped: left };
    this.#check('PTRACE_GETREGS', this.#ptrace.getRegisters(this.#pid));
    return { returned: Number(view.getBigInt64(State.registers + UserRegister.rax, true)) };
  }

  #run(): WaitStatus | undefined {
    this.#check('PTRACE_SYSCALL', this.#ptrace.resumeToSyscall(this.#pid));
    return this.#waiter.waitFor(this.#pid);
  }

  #check(call: string, failure: number): void {
    if (failure !== 0) throw systemCallError(call, failure, { pid: this.#pid });
  }
}
