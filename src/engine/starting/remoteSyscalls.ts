/**
 * System calls made by a stopped process on the engine's behalf. Only for processes that the engine started itself and
 * that will never run code of their own again: their text is overwritten.
 */
import { systemCallError } from '../linux/errno';
import { errno } from '../linux/libc';
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { type Waiter } from '../tracing/wait';
import { type WaitStatus } from '../linux/waitStatus';

/** `syscall`, in the first bytes of a word. */
const SYSCALL_INSTRUCTION = 0x050fn;

/** Arguments of a system call, in their order. */
const ARGUMENTS = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'] as const;

export type InjectedResult =
  /** What the call returned: negative errno values are errors. */
  | { readonly returned: number }
  /** The process stopped for something else instead: exec, or its end. */
  | { readonly stopped: WaitStatus | undefined };

export class RemoteSyscalls {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #pid: number;
  readonly #instruction: number;

  /** `pid` is in a ptrace-stop and traced with {@link TraceOption.sysGood}. */
  constructor(ptrace: Ptrace, waiter: Waiter, pid: number) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#pid = pid;
    this.#instruction = this.#registers().ip;
    this.#check('PTRACE_POKETEXT', ptrace.pokeText(pid, this.#instruction, SYSCALL_INSTRUCTION));
  }

  /** Makes one system call. Arguments are safe integers. */
  call(number: number, ...values: readonly number[]): InjectedResult {
    const registers = this.#registers();
    ARGUMENTS.forEach((name, index) => registers.set(name, values[index] ?? 0));
    registers.result = number;
    registers.ip = this.#instruction;
    // No system call is to be restarted (arch_do_signal_or_restart in the kernel).
    registers.systemCall = -1;
    this.#check('PTRACE_SETREGS', this.#ptrace.setRegisters(this.#pid));
    const entered = this.#run();
    if (entered?.kind !== 'syscall') return { stopped: entered };
    const left = this.#run();
    if (left?.kind !== 'syscall') return { stopped: left };
    return { returned: this.#registers().result };
  }

  #registers(): Registers {
    const registers = this.#ptrace.getRegisters(this.#pid);
    if (registers === undefined) throw systemCallError('PTRACE_GETREGS', errno(), { pid: this.#pid });
    return registers;
  }

  #run(): WaitStatus | undefined {
    this.#check('PTRACE_SYSCALL', this.#ptrace.resumeToSyscall(this.#pid));
    return this.#waiter.waitFor(this.#pid);
  }

  #check(call: string, failure: number): void {
    if (failure !== 0) throw systemCallError(call, failure, { pid: this.#pid });
  }
}
