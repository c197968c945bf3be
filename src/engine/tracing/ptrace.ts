/**
 * ptrace(2), one method per request, on the arena's fixed places. ESRCH is normal at any moment, because a thread can
 * be killed while it is stopped: so methods that do something return 0 or an errno, and methods that read return a view
 * of what they have read, or `undefined` where errno(3) says why not. There is one view of each kind: it shows the
 * thread that was read last. Nothing here allocates.
 */
import { type Arena, Layout } from './arena';
import { Registers } from './registers';
import { Siginfo, SignalMask } from './siginfo';
import { libc, errno } from '../linux/libc';

/** Requests of include/uapi/linux/ptrace.h and asm/ptrace-abi.h, x86-64. */
const Request = {
  POKETEXT: 4,
  PEEKUSER: 3,
  POKEUSER: 6,
  CONT: 7,
  SINGLESTEP: 9,
  GETREGS: 12,
  SETREGS: 13,
  GETFPREGS: 14,
  DETACH: 17,
  SYSCALL: 24,
  SETOPTIONS: 0x4200,
  GETEVENTMSG: 0x4201,
  GETSIGINFO: 0x4202,
  GETREGSET: 0x4204,
  SEIZE: 0x4206,
  INTERRUPT: 0x4207,
  LISTEN: 0x4208,
  GETSIGMASK: 0x420a,
  SETSIGMASK: 0x420b,
} as const;

/** PTRACE_O_*: what a tracee stops for besides signals, and what happens to it when its tracer ends. */
export const TraceOption = {
  sysGood: 0x1,
  fork: 0x2,
  vfork: 0x4,
  clone: 0x8,
  exec: 0x10,
  exit: 0x40,
  exitKill: 0x100000,
} as const;

/**
 * Options of every thread of a debuggee: its new threads and children are traced from their first instruction, and exec
 * is seen.
 */
export const DEBUGGEE_OPTIONS =
  TraceOption.sysGood | TraceOption.fork | TraceOption.vfork | TraceOption.clone | TraceOption.exec;

/** Those of a thread that ends with its tracer, whatever ends that: as a launched program does until it is released. */
export const HELD_OPTIONS = DEBUGGEE_OPTIONS | TraceOption.exitKill;

const SIGNAL_MASK_BYTES = 8;

/** A thread's shadow stack pointer, one u64 (elf.h). */
const NT_X86_SHSTK = 0x204;
const SHADOW_STACK_BYTES = 8;

export class Ptrace {
  readonly #registers: number;
  readonly #vectors: number;
  readonly #siginfo: number;
  readonly #signalMask: number;
  readonly #message: number;
  readonly #shadowStackVector: number;
  readonly #views: {
    readonly registers: Registers;
    readonly siginfo: Siginfo;
    readonly signalMask: SignalMask;
  };

  constructor(readonly arena: Arena) {
    this.#registers = arena.address(Layout.registers);
    this.#vectors = arena.address(Layout.vectors);
    this.#siginfo = arena.address(Layout.siginfo);
    this.#signalMask = arena.address(Layout.signalMask);
    this.#message = arena.address(Layout.eventMessage);
    this.#shadowStackVector = arena.address(Layout.shadowStackVector);
    const { buffer } = arena.memory;
    this.#views = {
      registers: new Registers(buffer, Layout.registers),
      siginfo: new Siginfo(buffer, Layout.siginfo),
      signalMask: new SignalMask(buffer, Layout.signalMask),
    };
    arena.setNumber(Layout.shadowStackVector, arena.address(Layout.shadowStack));
    arena.setNumber(Layout.shadowStackVector + 8, SHADOW_STACK_BYTES);
  }

  /** Traces a thread without stopping it. */
  seize(tid: number, options: number): number {
    return done(libc.ptrace(Request.SEIZE, tid, 0, options));
  }

  setOptions(tid: number, options: number): number {
    return done(libc.ptrace(Request.SETOPTIONS, tid, 0, options));
  }

  /**
   * Makes a running thread stop (a `trapStop`); a system call it sleeps in is restarted by the kernel, or see
   * interruptions.ts.
   */
  interrupt(tid: number): number {
    return done(libc.ptrace(Request.INTERRUPT, tid, 0, 0));
  }

  /** Resumes; `signal` is delivered, 0 for none. */
  resume(tid: number, signal: number): number {
    return done(libc.ptrace(Request.CONT, tid, 0, signal));
  }

  /** Resumes for one instruction (or into a signal's handler). */
  step(tid: number, signal: number): number {
    return done(libc.ptrace(Request.SINGLESTEP, tid, 0, signal));
  }

  /** Resumes up to the next entry into or exit from a system call. */
  resumeToSyscall(tid: number): number {
    return done(libc.ptrace(Request.SYSCALL, tid, 0, 0));
  }

  /** Leaves a thread in its group-stop, and reports when that ends. */
  listen(tid: number): number {
    return done(libc.ptrace(Request.LISTEN, tid, 0, 0));
  }

  /** Lets a stopped thread run on untraced. */
  detach(tid: number, signal: number): number {
    return done(libc.ptrace(Request.DETACH, tid, 0, signal));
  }

  /** The thread's registers, at {@link Layout.registers}. */
  getRegisters(tid: number): Registers | undefined {
    return libc.ptrace(Request.GETREGS, tid, 0, this.#registers) < 0 ? undefined : this.#views.registers;
  }

  /** From {@link Layout.registers}. */
  setRegisters(tid: number): number {
    return done(libc.ptrace(Request.SETREGS, tid, 0, this.#registers));
  }

  /**
   * Sets one register: `field` is its offset in user_regs_struct (which begins struct user), `value` a safe integer.
   */
  pokeUser(tid: number, field: number, value: number): number {
    return done(libc.ptrace(Request.POKEUSER, tid, field, value));
  }

  /** struct user_fpregs_struct (the FXSAVE image) → {@link Layout.vectors}. */
  getVectors(tid: number): number {
    return done(libc.ptrace(Request.GETFPREGS, tid, 0, this.#vectors));
  }

  /** Whether the thread has a shadow stack: the kernel says ENODEV if not, and EINVAL if it knows none. */
  hasShadowStack(tid: number): boolean {
    return libc.ptrace(Request.GETREGSET, tid, NT_X86_SHSTK, this.#shadowStackVector) >= 0;
  }

  /** Of the signal that the thread stopped for. */
  getSiginfo(tid: number): Siginfo | undefined {
    return libc.ptrace(Request.GETSIGINFO, tid, 0, this.#siginfo) < 0 ? undefined : this.#views.siginfo;
  }

  /** The number that the event tells which the thread stopped for: that of a new thread, say. */
  getEventMessage(tid: number): number | undefined {
    if (libc.ptrace(Request.GETEVENTMSG, tid, 0, this.#message) < 0) return undefined;
    return this.arena.u32[Layout.eventMessage >>> 2]!;
  }

  /** The blocked signals. */
  getSignalMask(tid: number): SignalMask | undefined {
    const result = libc.ptrace(Request.GETSIGMASK, tid, SIGNAL_MASK_BYTES, this.#signalMask);
    return result < 0 ? undefined : this.#views.signalMask;
  }

  /** To those that the view of {@link getSignalMask} shows. */
  setSignalMask(tid: number): number {
    return done(libc.ptrace(Request.SETSIGMASK, tid, SIGNAL_MASK_BYTES, this.#signalMask));
  }

  /** Writes 8 bytes of a stopped thread's memory, whatever their protection; `word` is read little-endian. */
  pokeText(tid: number, address: number, word: bigint): number {
    return done(libc.ptrace(Request.POKETEXT, tid, address, word));
  }
}

function done(result: number): number {
  return result < 0 ? errno() : 0;
}
