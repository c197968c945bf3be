/**
 * The threads that the engine has stopped and knows of when it is killed. The kernel lets them go on as they are: behind INT3, which is
 * in the middle of an instruction, or with registers that are half set. So each gets a SIGSTOP, which it meets before it runs; when the
 * engine is gone, it is traced for a moment and put where it belongs.
 *
 * A thread that has run into INT3 without the engine's having been told takes its SIGTRAP with it. It is treated like the others if it lives
 * through that: see ward.ts.
 */
import { Layout } from '../engine/arena';
import { Doing, Store } from '../engine/guard/ledger';
import { ProcessMemory } from '../engine/linux/memory';
import { stopOf } from '../engine/linux/proc';
import { type Ptrace } from '../engine/linux/ptrace';
import { Signal } from '../engine/linux/signals';
import { kill, killThread, type Waiter } from '../engine/linux/wait';
import { isEnd, STOPPED_BY_SIGTRAP } from '../engine/linux/waitStatus';
import { State, UserRegister } from '../emulator/state';
import { type BreakpointLine, type Hand, type ThreadLine } from './ledger';
import { type Ward } from './ward';

const RIP = State.registers + UserRegister.rip;
const RSP = State.registers + UserRegister.rsp;

/** Handlers that may have been entered one upon another before SIGSTOP's turn comes. */
const FRAMES = 16;
/** RSP and RIP in struct rt_sigframe, which RSP points to where a handler begins (asm/sigframe.h, asm/sigcontext.h). */
const FRAME_RSP = 168;
const FRAME_RIP = 176;
const FRAME_BYTES = 184;

/** What a thread needs: to go back to the site, the registers in the engine's arena, nothing, or an end, because nobody knows what it has done. */
type Need = { readonly rewind: number } | { readonly registers: Buffer } | 'nothing' | 'end';

interface Patient {
  readonly pid: number;
  readonly tid: number;
  /** Where it stood. */
  readonly rip: number;
  readonly need: Exclude<Need, string>;
}

export class Threads {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #breakpoints: readonly BreakpointLine[];
  readonly #hand: Hand;
  readonly #ward: Ward;
  readonly #patients: Patient[] = [];
  /** Processes that stand still by themselves. */
  readonly #stopped = new Set<number>();

  constructor(ptrace: Ptrace, waiter: Waiter, breakpoints: readonly BreakpointLine[], hand: Hand, ward: Ward) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#breakpoints = breakpoints;
    this.#hand = hand;
    this.#ward = ward;
  }

  /** While the engine hangs: keeps from running what must not run as it is. */
  keep(threads: readonly ThreadLine[]): void {
    const trapped = new Map<number, Patient[]>();
    const helpers = new Map<number, number>();
    for (const thread of threads) {
      const { pid, tid, doing } = thread;
      if (doing === Doing.stopped) this.#stopped.add(pid);
      const stop = stopOf(pid, tid);
      if (stop === undefined) helpers.set(pid, tid);
      if (stop?.untold === Signal.SIGTRAP) {
        trapped.set(pid, [...(trapped.get(pid) ?? []), { pid, tid, rip: stop.rip, need: { rewind: stop.rip - 1 } }]);
      }
      if (stop?.untold !== 0) continue;
      const { rip } = stop;
      const need = this.#needOf(thread, rip);
      if (need === 'nothing') continue;
      if (need !== 'end') this.#patients.push({ pid, tid, rip, need });
      killThread(pid, tid, need === 'end' ? Signal.SIGTRAP : Signal.SIGSTOP);
    }
    for (const [pid, patients] of trapped) this.#entrust(pid, patients, helpers.get(pid));
  }

  /** Threads with a SIGTRAP that nobody has taken from them. One that is not INT3's is the program's own affair. */
  #entrust(pid: number, patients: readonly Patient[], helper: number | undefined): void {
    if (helper === undefined || !patients.every((patient) => this.#hasMetInt3(patient))) return;
    const tids = patients.map(({ tid }) => tid);
    if (!this.#ward.takeIn(pid, tids, helper)) return;
    this.#patients.push(...patients);
    for (const tid of tids) killThread(pid, tid, Signal.SIGSTOP);
  }

  #hasMetInt3({ tid, rip }: Patient): boolean {
    return this.#breakpoints.some((line) => line.address === rip - 1 && isThere(tid, line));
  }

  /** When the engine is gone: puts them right, and lets them run. */
  release(): void {
    for (const patient of this.#patients) this.#treat(patient);
    this.#ward.release();
    for (const pid of new Set(this.#patients.map((patient) => patient.pid))) {
      if (!this.#stopped.has(pid)) kill(pid, Signal.SIGCONT);
    }
  }

  #needOf({ tid, doing }: ThreadLine, rip: number): Need {
    const inHand = this.#hand.tid === tid;
    if (doing === Doing.onTwin) return 'end';
    if (doing === Doing.executed && inHand) return { registers: this.#hand.registers };
    const line = this.#breakpoints.find(({ address }) => address === rip - 1);
    if (line === undefined || !isThere(tid, line)) return 'nothing';
    // Behind one byte a thread can stand without INT3; whether this one has met it, the last report says.
    const isSure = doing === Doing.atInt3 || line.instructionLength > 1;
    if (!isSure && this.#hand.waitStatus !== STOPPED_BY_SIGTRAP) return 'nothing';
    if (doing === Doing.atInt3 && inHand && this.#hasUpdated(tid)) return 'end';
    return { rewind: line.address };
  }

  /** Whether the instruction, which would do it again, has changed memory. */
  #hasUpdated(tid: number): boolean {
    const { store, operand } = this.#hand;
    if (store !== Store.updates) return false;
    const now = withMemory(tid, (memory) => memory.read(operand.address, operand.bytes.length));
    return now === undefined || now.equals(operand.bytes);
  }

  #treat(patient: Patient): void {
    const { pid, tid } = patient;
    if (this.#ptrace.seize(tid, 0) !== 0) {
      // It is gone, or may not be traced: then it ends as it would have without a guardian, rather than run where it stands.
      killThread(pid, tid, Signal.SIGTRAP);
      return;
    }
    this.#ptrace.interrupt(tid);
    const status = this.#waiter.waitFor(tid);
    if (status === undefined || isEnd(status)) return;
    if (!this.#putRight(patient)) killThread(pid, tid, Signal.SIGTRAP);
    this.#ptrace.detach(tid, status.kind === 'signal' && status.signal !== Signal.SIGSTOP ? status.signal : 0);
  }

  #putRight({ tid, rip, need }: Patient): boolean {
    const { arena } = this.#ptrace;
    if (this.#ptrace.getRegisters(tid) !== 0) return true;
    if (arena.number(RIP) !== rip) return 'rewind' in need && this.#rewindInFrame(tid, rip, need.rewind);
    if ('rewind' in need) return this.#ptrace.pokeUser(tid, UserRegister.rip, need.rewind) === 0;
    arena.u8.set(need.registers, Layout.registers);
    return this.#ptrace.setRegisters(tid) === 0;
  }

  /** Handlers were entered meanwhile: the thread comes back to where the first one's frame says. */
  #rewindInFrame(tid: number, from: number, to: number): boolean {
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

/** Whether the thread's memory holds the text of that line. */
function isThere(tid: number, { address, text }: BreakpointLine): boolean {
  const now = withMemory(tid, (memory) => memory.read(address, text.length));
  return now?.equals(text) ?? false;
}

function withMemory<T>(tid: number, use: (memory: ProcessMemory) => T): T | undefined {
  const memory = ProcessMemory.open(tid);
  if (memory === undefined) return undefined;
  try {
    return use(memory);
  } finally {
    memory.close();
  }
}
