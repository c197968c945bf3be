/**
 * The threads that the engine has stopped and knows of when it is killed. The kernel lets them go on as they are:
 * behind INT3, which is in the middle of an instruction, or with registers that are half set. So each gets a SIGSTOP,
 * which it meets before it runs; when the engine is gone, it is traced for a moment and put where it belongs. One of
 * which nobody knows what it has done already is ended.
 *
 * A thread that has run into INT3, and of which wait4(2) has not told the engine yet, takes its SIGTRAP with it. It is
 * treated like the others if it lives through that: see rescue.ts.
 */
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
import { State, UserRegister } from '../emulator/machine/state';
import { type BreakpointEntry, type Hand, type ThreadEntry } from './ledger';
import { haltRunning, othersHaveTraps } from './halt';
import { type Rescue } from './rescue';
import { withMemory } from './targetMemory';

const RIP = State.registers + UserRegister.rip;
const RSP = State.registers + UserRegister.rsp;

/** Handlers that may have been entered one upon another before SIGSTOP's turn comes. */
const FRAMES = 16;
/** RSP and RIP in struct rt_sigframe, which RSP points to where a handler begins (asm/sigframe.h, asm/sigcontext.h). */
const FRAME_RSP = 168;
const FRAME_RIP = 176;
const FRAME_BYTES = 184;

/** To go to an address, with the extended state that it had; to get the registers in the engine's arena. */
type Remedy = { readonly rip: number; readonly extendedState?: Buffer | undefined } | { readonly registers: Buffer };

/** `nothing`: it stands where it can go on. `end`: nobody knows what it has done already. */
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
  /** Processes that stand still by themselves. */
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

  /** While the engine hangs: keeps from running what must not run as it is. */
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
      // Whatever it stops for, or will: it has registers that are not its own.
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

  /** The engine has been told of its stop. `rip`: `undefined` where the guardian may not know it. */
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
   * Threads with a SIGTRAP that nobody has taken from them. One that is not INT3's is the program's own affair, and if
   * another thread than these has one to come, it would lose it, and go on.
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

  /** When the engine is gone: puts them right, and lets them run. */
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
    // Behind one byte a thread can stand without INT3.
    const hasMetInt3 =
      phase === ThreadPhase.atInt3 ||
      breakpoint.instructionLength > 1 ||
      (phase === ThreadPhase.running && this.#wasTrapped(thread));
    if (!hasMetInt3) return 'nothing';
    if (!isThere(tid, breakpoint)) return 'end';
    if (phase !== ThreadPhase.atInt3 || !inHand) return { rip: breakpoint.address };
    // What it has stored it would store again, over what others may have stored since.
    if (this.#hand.stored !== undefined && !this.#isOwnStack(this.#hand.stored)) return 'end';
    return { rip: breakpoint.address, extendedState: this.#hand.extendedState };
  }

  /** Yama lets the guardian see neither the thread's registers nor change them. */
  #needOfUnknown(thread: ThreadEntry): Need {
    const { phase } = thread;
    if (phase === ThreadPhase.atInt3 || phase === ThreadPhase.finishing) return 'end';
    return phase === ThreadPhase.running && this.#wasTrapped(thread) ? 'end' : 'nothing';
  }

  /** Of a stop that the engine knew of, and had done nothing about: whether it was for a SIGTRAP. */
  #wasTrapped({ report }: ThreadEntry): boolean {
    return (report !== 0 ? report : this.#hand.waitStatus) === STOPPED_BY_SIGTRAP;
  }

  #breakpointBehind(rip: number): BreakpointEntry | undefined {
    return this.#breakpoints.find(({ address }) => address === rip - 1);
  }

  /** Below the stack pointer of the thread in hand: nobody else has anything there. */
  #isOwnStack({ address, bytes }: NonNullable<Hand['stored']>): boolean {
    const stack = Number(this.#hand.registers.readBigUInt64LE(UserRegister.rsp));
    return address + bytes <= stack && address + RED_ZONE_BYTES >= stack;
  }

  #repair(thread: StoppedThread): void {
    const { pid, tid } = thread;
    if (this.#ptrace.seize(tid, 0) !== 0) {
      // It is gone, or may not be traced: then it ends, rather than run where it stands.
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
    const { arena } = this.#ptrace;
    if (this.#ptrace.getRegisters(tid) !== 0) return true;
    if (arena.number(RIP) !== rip) {
      return 'rip' in remedy && remedy.extendedState === undefined && this.#moveInFrame(tid, rip, remedy.rip);
    }
    if ('rip' in remedy) {
      if (remedy.extendedState !== undefined && !this.#setExtendedState(tid, remedy.extendedState)) return false;
      return this.#ptrace.pokeUser(tid, UserRegister.rip, remedy.rip) === 0;
    }
    arena.u8.set(remedy.registers, Layout.registers);
    return this.#ptrace.setRegisters(tid) === 0;
  }

  /** By way of the arena's output, which is not used otherwise here. */
  #setExtendedState(tid: number, state: Buffer): boolean {
    const { arena } = this.#ptrace;
    arena.u8.set(state, Layout.output);
    arena.setNumber(Layout.localVector, arena.address(Layout.output));
    arena.setNumber(Layout.localVector + 8, state.length);
    return setExtendedState(tid, arena.address(Layout.localVector)) === 0;
  }

  /** Handlers were entered meanwhile: the thread comes back to where the first one's frame says. */
  #moveInFrame(tid: number, from: number, to: number): boolean {
    const found = withMemory(tid, (memory) => {
      let stack = this.#ptrace.arena.number(RSP);
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

/** What a thread may use below its stack pointer (System V ABI, AMD64, §3.2.2); a push or call goes no farther. */
const RED_ZONE_BYTES = 128;

/** By the one signal that no program lives through: SIGTRAP may be ignored by the time that it comes to it. */
function end(pid: number): void {
  kill(pid, Signal.SIGKILL);
}

/** Whether the thread's memory holds the text of that breakpoint. */
function isThere(tid: number, { address, text }: BreakpointEntry): boolean {
  const now = withMemory(tid, (memory) => memory.read(address, text.length));
  return now?.equals(text) ?? false;
}
