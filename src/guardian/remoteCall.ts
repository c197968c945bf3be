/** Makes a thread call rt_sigaction(2) for SIGTRAP, and puts it back where it was. */
import { RED_ZONE_BYTES } from '../base/x86';
import { Errno } from '../engine/linux/errno';
import { type ProcessMemory } from '../engine/linux/memory';
import { type Ptrace, TraceOption } from '../engine/tracing/ptrace';
import { type Registers } from '../engine/tracing/registers';
import { Signal } from '../engine/linux/signals';
import { type Waiter } from '../engine/tracing/wait';
import { killThread } from '../engine/linux/processes';
import { decodeWaitStatus, isEnd, type WaitStatus } from '../engine/linux/waitStatus';
import { withMemory } from './targetMemory';
import { USER_REGISTERS_BYTES } from '../emulator/machine/state';

const SYS_RT_SIGACTION = 13;
/** The kernel's struct sigaction: handler, flags, restorer and mask, u64 each. */
const ACTION_BYTES = 32;
const SIGSET_BYTES = 8;

export class RemoteCall {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #pid: number;
  readonly #tid: number;
  readonly #instruction: number;
  readonly #registers = new Uint8Array(USER_REGISTERS_BYTES);
  /** Signals that arrived in the meantime; delivered at the end. */
  readonly #signals: number[] = [];
  #isTraced = false;

  /** `instruction`: the address of a system call instruction in the process. */
  constructor(ptrace: Ptrace, waiter: Waiter, pid: number, tid: number, instruction: number) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#pid = pid;
    this.#tid = tid;
    this.#instruction = instruction;
  }

  /**
   * Traces the thread as soon as no other tracer does, and stops it. Never sleeps; false if performance.now() reached
   * `until` first.
   */
  begin(until: number): boolean {
    for (let failure = this.#seize(); failure !== 0; failure = this.#seize()) {
      if (failure !== Errno.EPERM || performance.now() > until) return false;
    }
    this.#isTraced = true;
    this.#ptrace.interrupt(this.#tid);
    return this.#await(until) !== undefined;
  }

  /** Sets the process's action on SIGTRAP: SIG_DFL or SIG_IGN. */
  setTrapAction(handler: number, until: number): boolean {
    const registers = this.#isTraced ? this.#ptrace.getRegisters(this.#tid) : undefined;
    if (registers === undefined) return false;
    this.#registers.set(registers.bytes);
    return withMemory(this.#tid, (memory) => this.#setAction(memory, registers, handler, until)) ?? false;
  }

  #setAction(memory: ProcessMemory, registers: Registers, handler: number, until: number): boolean {
    const stack = registers.sp - RED_ZONE_BYTES - ACTION_BYTES;
    const place = stack - (stack % ACTION_BYTES);
    const before = memory.read(place, ACTION_BYTES);
    const action = Buffer.alloc(ACTION_BYTES);
    action.writeBigUInt64LE(BigInt(handler));
    const done = memory.write(place, action) === 0 && this.#call(registers, place, until);
    memory.write(place, before);
    return done;
  }

  /** Lets the thread continue as if nothing had happened. */
  end(): void {
    if (this.#isTraced) this.#ptrace.detach(this.#tid, 0);
    for (const signal of this.#signals) killThread(this.#pid, this.#tid, signal);
  }

  #seize(): number {
    return this.#ptrace.seize(this.#tid, TraceOption.sysGood);
  }

  /** `registers`: the thread's, which it gets back in the end. */
  #call(registers: Registers, action: number, until: number): boolean {
    registers.result = SYS_RT_SIGACTION;
    registers.set('rdi', Signal.SIGTRAP);
    registers.set('rsi', action);
    registers.set('rdx', 0);
    registers.set('r10', SIGSET_BYTES);
    registers.ip = this.#instruction;
    // No system call is to be restarted (arch_do_signal_or_restart in the kernel).
    registers.systemCall = -1;
    this.#ptrace.setRegisters(this.#tid);
    const isMade = this.#toSystemCall(until) && this.#toSystemCall(until);
    const result = isMade ? this.#ptrace.getRegisters(this.#tid)?.result : undefined;
    // A stop that restarts the system call that the thread was in.
    this.#ptrace.interrupt(this.#tid);
    this.#ptrace.resume(this.#tid, 0);
    this.#await(until);
    registers.bytes.set(this.#registers);
    this.#ptrace.setRegisters(this.#tid);
    return result === 0;
  }

  #toSystemCall(until: number): boolean {
    for (;;) {
      this.#ptrace.resumeToSyscall(this.#tid);
      const status = this.#await(until);
      if (status === undefined) return false;
      if (status.kind === 'syscall') return true;
    }
  }

  /** The thread's next stop. */
  #await(until: number): WaitStatus | undefined {
    for (let reported = this.#waiter.pollFor(this.#tid); !reported; reported = this.#waiter.pollFor(this.#tid)) {
      if (reported === undefined || performance.now() > until) return undefined;
    }
    const status = decodeWaitStatus(this.#waiter.status);
    if (isEnd(status)) return undefined;
    if (status.kind === 'signal' && status.signal !== Signal.SIGSTOP) this.#signals.push(status.signal);
    return status;
  }
}
