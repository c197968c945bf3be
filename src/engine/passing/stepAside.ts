/**
 * Stepping aside: where emulating an instruction would fault, or memory can't be reached from outside, the thread runs
 * the real one. The byte is restored, and the thread is rewound to the site and stepped over that one instruction. At
 * the stop that follows, for the step or the fault, INT3 is written again. Other threads can pass unnoticed in the
 * meantime; these moments are counted.
 */
import { ThreadPhase } from '../../contract/ledger';
import { State, UserRegister } from '../../emulator/machine/state';
import { hex } from '../../base/address';
import { Layout } from '../tracing/arena';
import { type Breakpoints } from '../text/breakpoints';
import { type Breakpoint } from '../tracees/tracees';
import { errnoText } from '../linux/errno';
import { type Ptrace } from '../tracing/ptrace';
import { FAULTS, Signal } from '../linux/signals';
import { type Events } from '../client/events';
import { noteRegisters } from '../threads/rewind';
import { blockSigtrap } from '../threads/sigtrap';
import { type Task } from '../tracees/tracees';

const RIP = State.registers + UserRegister.rip;
const RSP = State.registers + UserRegister.rsp;
const SI_CODE = Layout.siginfo + 8;

export class StepAside {
  readonly #ptrace: Ptrace;
  readonly #breakpoints: Breakpoints;
  readonly #notices: Events;

  constructor(ptrace: Ptrace, breakpoints: Breakpoints, notices: Events) {
    this.#ptrace = ptrace;
    this.#breakpoints = breakpoints;
    this.#notices = notices;
  }

  /**
   * The registers in the arena are the thread's, RIP one byte after the site. If the byte can't be restored, the thread
   * runs into INT3 again, and the engine tries again.
   */
  begin(task: Task, breakpoint: Breakpoint): void {
    const { arena } = this.#ptrace;
    const failure = this.#breakpoints.withdraw(task.process.space, breakpoint, task.tid);
    arena.setNumber(RIP, breakpoint.address);
    noteRegisters(arena, task);
    this.#ptrace.setRegisters(task.tid);
    task.record.phase = ThreadPhase.stepping;
    if (failure !== 0) {
      this.#putOff(task, breakpoint, failure);
      return;
    }
    for (const site of breakpoint.sites) site.count('steppedAside');
    task.aside = breakpoint;
    this.#ptrace.step(task.tid, 0);
  }

  /**
   * The thread has stopped because of a signal; `trapped`: of a SIGTRAP. True: it was the step's end, and the thread
   * runs again. False: the signal is another one, the instruction's own fault among them, and the caller's.
   */
  finish(task: Task, trapped: boolean): boolean {
    const wasAside = this.interrupt(task, trapped);
    if ((!wasAside && task.retries.isEmpty) || this.#ptrace.getSiginfo(task.tid) !== 0) return false;
    const { arena } = this.#ptrace;
    const signal = arena.i32[Layout.siginfo >>> 2]!;
    const fromKernel = arena.i32[SI_CODE >>> 2]! > 0;
    if (wasAside && signal === Signal.SIGTRAP && fromKernel) {
      this.#ptrace.resume(task.tid, 0);
      task.record.phase = ThreadPhase.running;
      return true;
    }
    // A thread that returns after a fault retries the instruction: that is another hit, as in every debugger. The fault
    // may be reported only after another stop, a group-stop for instance, if both were due.
    if (fromKernel && FAULTS.has(signal) && this.#ptrace.getRegisters(task.tid) === 0) {
      task.retries.take(arena.number(RIP), arena.number(RSP));
    }
    return false;
  }

  /**
   * The thread has stopped, for any reason: INT3 is written again. If it has not executed the instruction yet, its next
   * arrival there is the same hit; if it has, the step's SIGTRAP is still pending, unless this is it (`trapped`), or a
   * SIGTRAP that was sent has swallowed it. False: it was not aside.
   */
  interrupt(task: Task, trapped: boolean): boolean {
    const breakpoint = task.aside;
    if (breakpoint === undefined) return false;
    task.aside = undefined;
    this.#breakpoints.reinsert(task.process.space, breakpoint, task.tid);
    if (this.#ptrace.getRegisters(task.tid) !== 0) return true;
    if (this.#ptrace.arena.number(RIP) === breakpoint.address) {
      task.retries.note(breakpoint.address, this.#ptrace.arena.number(RSP));
    } else {
      task.awaitsStepTrap = !trapped;
    }
    if (!trapped && !task.awaitsStepTrap) task.record.phase = ThreadPhase.running;
    // What is still to come must come through.
    if (task.blocksSigtrap && !task.awaitsStepTrap) blockSigtrap(this.#ptrace, task);
    return true;
  }

  #putOff(task: Task, { address }: Breakpoint, failure: number): void {
    this.#notices.warn(
      `thread ${task.tid} waits at ${hex(BigInt(address))}, because the code there can't be restored: ${errnoText(failure)}`,
      task.process,
    );
    task.retries.note(address, this.#ptrace.arena.number(RSP));
    if (task.blocksSigtrap) blockSigtrap(this.#ptrace, task);
    this.#ptrace.resume(task.tid, 0);
    task.record.phase = ThreadPhase.running;
  }
}
