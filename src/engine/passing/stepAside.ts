/**
 * Stepping aside: where emulating an instruction would fault, or memory can't be reached from outside, the thread runs
 * the real one. The byte is restored, and the thread is rewound to the site and stepped over that one instruction. At
 * the stop that follows, for the step or the fault, INT3 is written again. Other threads can pass unnoticed in the
 * meantime; these moments are counted.
 */
import { ThreadPhase } from '../../contract/ledger';
import { hex } from '../../base/address';
import { type Breakpoints } from '../text/breakpoints';
import { type Breakpoint } from '../tracees/tracees';
import { errnoText } from '../linux/errno';
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { FAULTS, Signal } from '../linux/signals';
import { type Events } from '../client/events';
import { noteRegisters, noteRunning, noteSettled } from '../threads/phases';
import { blockSigtrap } from '../threads/sigtrap';
import { type Task } from '../tracees/tracees';

export class StepAside {
  readonly #ptrace: Ptrace;
  readonly #breakpoints: Breakpoints;
  readonly #events: Events;

  constructor(ptrace: Ptrace, breakpoints: Breakpoints, events: Events) {
    this.#ptrace = ptrace;
    this.#breakpoints = breakpoints;
    this.#events = events;
  }

  /**
   * The registers are the thread's, RIP one byte after the site. If the byte can't be restored, the thread runs into
   * INT3 again, and the engine tries again.
   */
  begin(task: Task, breakpoint: Breakpoint, registers: Registers): void {
    const failure = this.#breakpoints.withdraw(task.process.space, breakpoint, task.tid);
    registers.ip = breakpoint.address;
    noteRegisters(this.#ptrace.arena, task);
    this.#ptrace.setRegisters(task.tid);
    if (failure !== 0) {
      this.#putOff(task, breakpoint, registers, failure);
      return;
    }
    for (const site of breakpoint.sites) site.count('steppedAside');
    task.record.phase = ThreadPhase.stepping;
    task.state.stepAside(breakpoint);
    this.#ptrace.step(task.tid, 0);
  }

  /**
   * The thread has stopped because of a signal; `trapped`: of a SIGTRAP. True: it was the step's end, and the thread
   * runs again. False: the signal is another one, the instruction's own fault among them, and the caller's.
   */
  finish(task: Task, trapped: boolean): boolean {
    const wasAside = this.interrupt(task, trapped);
    if (!wasAside && task.retries.isEmpty) return false;
    const siginfo = this.#ptrace.getSiginfo(task.tid);
    if (siginfo === undefined) return false;
    const { signal, isFromKernel } = siginfo;
    if (wasAside && signal === Signal.SIGTRAP && isFromKernel) {
      noteSettled(task);
      this.#ptrace.resume(task.tid, 0);
      noteRunning(task);
      return true;
    }
    // A thread that returns after a fault retries the instruction: that is another hit, as in every debugger. The fault
    // may be reported only after another stop, a group-stop for instance, if both were due.
    const registers = isFromKernel && FAULTS.has(signal) ? this.#ptrace.getRegisters(task.tid) : undefined;
    if (registers !== undefined) task.retries.take(registers.ip, registers.sp);
    return false;
  }

  /**
   * The thread has stopped, for any reason: INT3 is written again. If it has not executed the instruction yet, its next
   * arrival there is the same hit; if it has, the step's SIGTRAP is still pending, unless this is it (`trapped`), or a
   * SIGTRAP that was sent has swallowed it. False: it was not aside.
   */
  interrupt(task: Task, trapped: boolean): boolean {
    const breakpoint = task.state.asideAt;
    if (breakpoint === undefined) return false;
    task.state.endStep();
    this.#breakpoints.reinsert(task.process.space, breakpoint, task.tid);
    const registers = this.#ptrace.getRegisters(task.tid);
    if (registers === undefined) return true;
    if (registers.ip === breakpoint.address) {
      task.retries.note(breakpoint.address, registers.sp);
    } else {
      if (breakpoint.displaced.length === 1) task.landings.note(breakpoint.address + 1, registers.sp);
      if (!trapped) task.state.expectTrap();
    }
    const { isTrapDue } = task.state;
    if (!trapped && !isTrapDue) task.record.phase = ThreadPhase.running;
    // What is still to come must come through.
    if (task.blocksSigtrap && !isTrapDue) blockSigtrap(this.#ptrace, task);
    return true;
  }

  #putOff(task: Task, { address }: Breakpoint, registers: Registers, failure: number): void {
    this.#events.warn(
      `thread ${task.tid} waits at ${hex(BigInt(address))}, because the code there can't be restored: ${errnoText(failure)}`,
      task.process,
    );
    task.retries.note(address, registers.sp);
    if (task.blocksSigtrap) blockSigtrap(this.#ptrace, task);
    noteSettled(task);
    this.#ptrace.resume(task.tid, 0);
    noteRunning(task);
  }
}
