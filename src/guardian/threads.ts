/**
 * The threads that the engine has stopped and knows of when it is killed. The kernel lets them continue as they are:
 * after INT3, in the middle of an instruction, or with registers that are half set. So each gets a SIGSTOP, which stops
 * it before it runs. When the engine is gone, the guardian traces each thread for a moment and puts it where it
 * belongs. It ends a thread whose progress is unknown.
 *
 * Threads stopped at an INT3 that was never reported to the engine carry their SIGTRAP. If they survive it, they are
 * treated like the others: see rescue.ts.
 */
import { RED_ZONE_BYTES } from '../base/x86';
import { ThreadPhase } from '../contract/ledger';
import { Layout } from '../engine/tracing/arena';
import { type Stop, stopOf } from '../engine/linux/proc';
import { type Ptrace } from '../engine/tracing/ptrace';
import { setExtendedState } from '../engine/linux/registerSets';
import { Signal } from '../engine/linux/signals';
import { type Waiter } from '../engine/tracing/wait';
import { killThread } from '../engine/linux/processes';
import { kill } from '../engine/linux/processes';
import { isEnd, STOPPED_BY_SIGTRAP } from '../engine/linux/waitStatus';
import { UserRegister } from '../emulator/machine/state';
import { type BreakpointEntry, type Hand, type ThreadEntry } from './ledger';
import { haltRunning, othersHaveTraps } from './halt';
import { type Rescue } from './rescue';
import { withMemory } from './targetMemory';

/**
 * How many nested handlers are followed back: the kernel may deliver this many signals before SIGSTOP. A bound on the
 * search: beyond it the thread is ended, like any whose progress is unknown.
 */
const FRAMES = 16;
/** RSP and RIP in struct rt_sigframe, which RSP points to where a handler begins (asm/sigframe.h, asm/sigcontext.h). */
const FRAME_RSP = 168;
const FRAME_RIP = 176;
const FRAME_BYTES = 184;

/** To go to an address, with the extended state that it had; to get the registers in the engine's arena. */
type Remedy = { readonly rip: number; readonly extendedState?: Buffer | undefined } | { readonly registers: Buffer };

/** `nothing`: it can continue where it stands. `end`: how far it got is unknown. */
type Need = Remedy | 'nothing' | 'end';

interface StoppedThread {
  readonly pid: number;
  readonly tid: number;
  /** Where it stood. */
  readonly rip: number;
  readonly remedy: Remedy;
}

export class Threads {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #breakpoints: readonly BreakpointEntry[];
  readonly #hand: Hand;
  readonly #rescue: Rescue;
  readonly #textIsWhole: boolean;
  readonly #stoppedThreads: StoppedThread[] = [];
  /** Processes in which some thread was sent SIGSTOP. */
  readonly #halted = new Set<number>();
  /** Processes that were stopped before. */
  readonly #stoppedProcesses = new Set<number>();

  /** `textIsWhole`: no INT3 stands any more. */
  constructor(
    ptrace: Ptrace,
    waiter: Waiter,
    breakpoints: readonly BreakpointEntry[],
    hand: Hand,
    rescue: Rescue,
    textIsWhole: boolean,
  ) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#breakpoints = breakpoints;
    this.#hand = hand;
    this.#rescue = rescue;
    this.#textIsWhole = textIsWhole;
  }

  /** While the engine hangs: stops the threads that must not run as they are. */
  keep(threads: readonly ThreadEntry[]): void {
    const processes = new Map<number, ThreadEntry[]>();
    for (const thread of threads) {
      const others = processes.get(thread.pid);
      if (others === undefined) processes.set(thread.pid, [thread]);
      else others.push(thread);
    }
    for (const [pid, ofProcess] of processes) this.#keepProcess(pid, ofProcess);
  }

  #keepProcess(pid: number, threads: readonly ThreadEntry[]): void {
    const look = (): ReadonlyMap<number, Stop | undefined> =>
      new Map(threads.map(({ tid }) => [tid, stopOf(pid, tid)]));
    let stops = look();
    const asked = new Set<number>();
    let mayBeRescued = false;
    if (this.#textIsWhole && [...stops.values()].some((stop) => stop?.untold === Signal.SIGTRAP)) {
      mayBeRescued = haltRunning(pid, asked);
      stops = look();
    }
    if (asked.size > 0) this.#halted.add(pid);
    const trapped: StoppedThread[] = [];
    let helper: number | undefined;
    for (const thread of threads) {
      const { tid, phase } = thread;
      if (phase === ThreadPhase.groupStopped) this.#stoppedProcesses.add(pid);
      // Its registers are not its own, whatever its stop is for.
      if (phase === ThreadPhase.onTwin) end(pid);
      const stop = stops.get(tid);
      if (stop === undefined || (stop.untold === Signal.SIGSTOP && asked.has(tid))) helper = tid;
      else if (stop.untold === Signal.SIGTRAP && stop.rip !== undefined) {
        const rip = phase === ThreadPhase.stepping ? stop.rip : stop.rip - 1;
        trapped.push({ pid, tid, rip: stop.rip, remedy: { rip } });
      } else if (stop.untold === 0) this.#keepStopped(thread, stop.rip);
    }
    if (mayBeRescued) this.#entrust(pid, trapped, helper);
  }

  /** Its stop was reported to the engine. `rip`: `undefined` if the guardian may not read it. */
  #keepStopped(thread: ThreadEntry, rip: number | undefined): void {
    const { pid, tid, phase } = thread;
    if (phase === ThreadPhase.onTwin) return;
    const need = rip === undefined ? this.#needOfUnknown(thread) : this.#needOf(thread, rip);
    if (need === 'nothing') return;
    if (need === 'end' || rip === undefined) {
      end(pid);
      return;
    }
    this.#stop({ pid, tid, rip, remedy: need });
  }

  /** It meets SIGSTOP before it runs. */
  #stop(thread: StoppedThread): void {
    const { pid, tid } = thread;
    this.#halted.add(pid);
    this.#stoppedThreads.push(thread);
    killThread(pid, tid, Signal.SIGSTOP);
  }

  /**
   * Threads with a SIGTRAP that no tracer has taken. A SIGTRAP that is not INT3's is left to the program. So is the
   * whole process if a thread other than these has a SIGTRAP pending: it would lose it, and continue.
   */
  #entrust(pid: number, stopped: readonly StoppedThread[], helper: number | undefined): void {
    if (helper === undefined || !stopped.every((thread) => this.#hasMetInt3(thread))) return;
    const tids = stopped.map(({ tid }) => tid);
    if (othersHaveTraps(pid, tids) || !this.#rescue.takeIn(pid, tids, helper)) return;
    for (const thread of stopped) this.#stop(thread);
  }

  #hasMetInt3({ tid, rip, remedy }: StoppedThread): boolean {
    if ('rip' in remedy && remedy.rip === rip) return true;
    const breakpoint = this.#breakpointBehind(rip);
    return breakpoint !== undefined && isThere(tid, breakpoint);
  }

  /** When the engine is gone: repairs the threads, and lets them run. */
  release(): void {
    for (const thread of this.#stoppedThreads) this.#repair(thread);
    this.#rescue.release();
    for (const pid of this.#halted) {
      if (!this.#stoppedProcesses.has(pid)) kill(pid, Signal.SIGCONT);
    }
  }

  #needOf(thread: ThreadEntry, rip: number): Need {
    const { tid, phase } = thread;
    const inHand = this.#hand.tid === tid;
    if (phase === ThreadPhase.finishing) return inHand ? { registers: this.#hand.registers } : 'end';
    // The step's flag may still be set, and would stop it once more; to be let go by a tracer clears it.
    if (phase === ThreadPhase.stepping || phase === ThreadPhase.settled) return { rip };
    const breakpoint = this.#breakpointBehind(rip);
    if (breakpoint === undefined) return phase === ThreadPhase.atInt3 ? 'end' : 'nothing';
    // After a one-byte instruction, a thread can stand there without INT3.
    const hasMetInt3 =
      phase === ThreadPhase.atInt3 ||
      breakpoint.instructionLength > 1 ||
      (phase === ThreadPhase.running && this.#wasTrapped(thread));
    if (!hasMetInt3) return 'nothing';
    if (!isThere(tid, breakpoint)) return 'end';
    if (phase !== ThreadPhase.atInt3 || !inHand) return { rip: breakpoint.address };
    // Repeating the instruction would store again, over what other threads may have stored since.
    if (this.#hand.stored !== undefined && !this.#isOwnStack(this.#hand.stored)) return 'end';
    return { rip: breakpoint.address, extendedState: this.#hand.extendedState };
  }

  /** Under Yama the guardian can neither read nor change the thread's registers. */
  #needOfUnknown(thread: ThreadEntry): Need {
    const { phase } = thread;
    if (phase === ThreadPhase.atInt3 || phase === ThreadPhase.finishing) return 'end';
    return phase === ThreadPhase.running && this.#wasTrapped(thread) ? 'end' : 'nothing';
  }

  /** Whether a stop that was reported to the engine, but not handled yet, was for a SIGTRAP. */
  #wasTrapped({ report }: ThreadEntry): boolean {
    return (report !== 0 ? report : this.#hand.waitStatus) === STOPPED_BY_SIGTRAP;
  }

  #breakpointBehind(rip: number): BreakpointEntry | undefined {
    return this.#breakpoints.find(({ address }) => address === rip - 1);
  }

  /** Below the stack pointer of the thread in hand, where no other thread has data. */
  #isOwnStack({ address, bytes }: NonNullable<Hand['stored']>): boolean {
    const stack = Number(this.#hand.registers.readBigUInt64LE(UserRegister.rsp));
    return address + bytes <= stack && address + RED_ZONE_BYTES >= stack;
  }

  #repair(thread: StoppedThread): void {
    const { pid, tid } = thread;
    if (this.#ptrace.seize(tid, 0) !== 0) {
      // It is gone, or may not be traced: it is ended, rather than left to run from where it stands.
      end(pid);
      return;
    }
    this.#ptrace.interrupt(tid);
    const status = this.#waiter.waitFor(tid);
    if (status === undefined || isEnd(status)) return;
    if (!this.#putRight(thread)) end(pid);
    this.#ptrace.detach(tid, status.kind === 'signal' && status.signal !== Signal.SIGSTOP ? status.signal : 0);
  }

  #putRight({ tid, rip, remedy }: StoppedThread): boolean {
    const registers = this.#ptrace.getRegisters(tid);
    if (registers === undefined) return true;
    if (registers.ip !== rip) {
      const isMovable = 'rip' in remedy && remedy.extendedState === undefined;
      return isMovable && this.#moveInFrame(tid, registers.sp, rip, remedy.rip);
    }
    if ('rip' in remedy) {
      if (remedy.extendedState !== undefined && !this.#setExtendedState(tid, remedy.extendedState)) return false;
      return this.#ptrace.pokeUser(tid, UserRegister.rip, remedy.rip) === 0;
    }
    registers.bytes.set(remedy.registers);
    return this.#ptrace.setRegisters(tid) === 0;
  }

  /** Through the arena's output area, which has no other use here. */
  #setExtendedState(tid: number, state: Buffer): boolean {
    const { arena } = this.#ptrace;
    arena.u8.set(state, Layout.output);
    arena.setNumber(Layout.localVector, arena.address(Layout.output));
    arena.setNumber(Layout.localVector + 8, state.length);
    return setExtendedState(tid, arena.address(Layout.localVector)) === 0;
  }

  /** Handlers were entered in the meantime: the first one's frame says where the thread returns to. */
  #moveInFrame(tid: number, sp: number, from: number, to: number): boolean {
    const found = withMemory(tid, (memory) => {
      let stack = sp;
      for (let depth = 0; depth < FRAMES; depth++) {
        const frame = memory.read(stack, FRAME_BYTES);
        if (frame.length < FRAME_BYTES) return false;
        if (Number(frame.readBigUInt64LE(FRAME_RIP)) === from) {
          const place = Buffer.alloc(8);
          place.writeBigUInt64LE(BigInt(to));
          return memory.write(stack + FRAME_RIP, place) === 0;
        }
        stack = Number(frame.readBigUInt64LE(FRAME_RSP));
      }
      return false;
    });
    return found ?? true;
  }
}

/** By the one signal that no program lives through: SIGTRAP may be ignored by the time that it comes to it. */
function end(pid: number): void {
  kill(pid, Signal.SIGKILL);
}

/** Whether the thread's memory holds the text of that breakpoint. */
function isThere(tid: number, { address, text }: BreakpointEntry): boolean {
  const now = withMemory(tid, (memory) => memory.read(address, text.length));
  return now?.equals(text) ?? false;
}
