/**
 * Releases a process: restores its text, then stops every thread for a moment (PTRACE_DETACH requires it), clears an
 * unreported trap of INT3, and detaches from the thread where it was.
 */
import { type Arming } from '../arming/arming';
import { type NewTasks } from './newTasks';
import { type Breakpoint } from '../tracees/tracees';
import { INT3 } from '../../base/x86';
import { type ExitAndExec } from './exitAndExec';
import { isEntering, repeatForGood } from '../threads/interruptions';
import { awaitReport } from '../threads/awaitStop';
import { readStatus, signalSet } from '../linux/proc';
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { SI_KERNEL, Signal, signalBit } from '../linux/signals';
import { type Waiter } from '../tracing/wait';
import { decodeWaitStatus, isEnd } from '../linux/waitStatus';
import { rewind } from '../threads/rewind';
import { type StepAside } from '../passing/stepAside';
import { type Twins } from '../passing/twins';
import { blockSigtrap, hasMetInt3, isIgnored, settleDoubt } from '../threads/sigtrap';
import { isStale } from '../threads/staleStops';
import { type Process, type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';

const TRAP = BigInt(signalBit(Signal.SIGTRAP));

export interface DetachingParts {
  readonly ptrace: Ptrace;
  readonly waiter: Waiter;
  readonly tasks: TaskTable;
  readonly arming: Arming;
  readonly newTasks: NewTasks;
  readonly exitAndExec: ExitAndExec;
  readonly stepAside: StepAside;
  readonly twins: Twins;
}

export class Detaching {
  readonly #parts: DetachingParts;
  constructor(parts: DetachingParts) {
    this.#parts = parts;
  }

  /**
   * Releases a process and those that borrow its memory. False: they stay, because some of their text can't be
   * restored.
   */
  depart(process: Process): boolean {
    return this.departAll([process]);
  }

  departAll(processes: Iterable<Process>): boolean {
    const { tasks, arming, newTasks } = this.#parts;
    const together = [...processes].flatMap((process) => [
      process,
      ...[...tasks.processes.values()].filter(({ memoryOwner }) => memoryOwner === process),
    ]);
    for (const process of together) arming.disarmProcess(process);
    const clean = together.filter((process) => arming.isClean(process));
    for (const process of clean) process.leave();
    for (const process of clean) for (const task of process.tasks.values()) this.#ask(task);
    for (const process of clean) this.#drain(process);
    newTasks.settle();
    return clean.length === together.length;
  }

  /** A thread of a leaving process ({@link Process.leaving}) has something to report, its status is the waiter's. */
  onStop(task: Task): void {
    const { ptrace, waiter, newTasks, exitAndExec, stepAside, twins } = this.#parts;
    const status = decodeWaitStatus(waiter.status);
    if (isEnd(status)) {
      exitAndExec.onEnd(task, status);
      return;
    }
    if (status.kind !== 'exec' && isStale(ptrace, task)) return;
    const signal = status.kind === 'signal' ? status.signal : 0;
    const stepped = task.state.asideAt !== undefined || task.state.isTrapDue;
    stepAside.interrupt(task, signal === Signal.SIGTRAP);
    const wasOnTwin = task.state.twinStep !== undefined;
    const ownSignal = twins.interrupt(task, signal !== 0);
    if (task.state.isTrapDue) {
      if (signal !== Signal.SIGTRAP) {
        // Released now, the thread would receive it.
        ptrace.resume(task.tid, signal);
        return;
      }
      task.state.takeTrap();
    }
    switch (status.kind) {
      case 'clone':
      case 'fork':
      case 'vfork':
        ptrace.interrupt(newTasks.onCreated(task, status.kind));
        ptrace.interrupt(task.tid);
        return;
      case 'signal':
        if (wasOnTwin) this.#letGo(task, ownSignal ? 0 : signal);
        else if (signal === Signal.SIGTRAP) this.#letGoAtTrap(task, stepped);
        else {
          // As at a hit: see onIllegalInstruction.
          const registers = signal === Signal.SIGILL ? ptrace.getRegisters(task.tid) : undefined;
          const behind = breakpointBehind(task, registers);
          if (registers && behind && behind.displaced.length > 1) this.#rewind(task, registers, behind);
          this.#letGoWith(task, signal);
        }
        return;
      case 'trapStop':
      case 'groupStop':
        this.#letGoInterrupted(task, status.kind);
        return;
      case 'syscall':
        this.#letGoFromSystemCall(task);
        return;
      default:
        this.#letGo(task, 0);
    }
  }

  /** Held threads are released at once; the others are asked to stop. */
  #ask(task: Task): void {
    const { ptrace } = this.#parts;
    const { doing } = task.state;
    if (!task.state.isKeptStopped) {
      ptrace.interrupt(task.tid);
      return;
    }
    if (isStale(ptrace, task)) return;
    const at = doing.kind === 'held' ? doing.at : undefined;
    const registers = at && ptrace.getRegisters(task.tid);
    if (at && registers) this.#rewind(task, registers, at);
    this.#letGo(task, 0);
  }

  #drain(process: Process): void {
    const { waiter } = this.#parts;
    // Threads that appear in the meantime are at the end of the map.
    for (const task of process.tasks.values()) {
      while (process.tasks.get(task.tid) === task) {
        const report = awaitReport(waiter, task.tid);
        if (report === 'asleep') {
          // On a twin it waits for memory, and would continue with registers that are not its own.
          if (task.state.twinStep !== undefined) continue;
          // It is released when it stops, or by the kernel if the engine ends first.
          break;
        }
        if (report === 'reported') this.onStop(task);
        else this.#onMissing(task);
      }
    }
  }

  /**
   * Threads go without a word when one of them calls exec: that one has the leader's number then, and is about to stop.
   */
  #onMissing(task: Task): void {
    const { process } = task;
    if (task.tid !== process.pid) this.#parts.tasks.addTask(process, process.pid);
    this.#forget(task);
  }

  /** `stepped`: the trap may be that of a step. */
  #letGoAtTrap(task: Task, stepped: boolean): void {
    const { ptrace } = this.#parts;
    if (task.blockUnconfirmed) settleDoubt(task);
    if (stepped && task.blocksSigtrap) blockSigtrap(ptrace, task);
    const code = ptrace.getSiginfo(task.tid)?.code ?? 0;
    const signal = (stepped && code > 0) || isIgnored(task) ? 0 : Signal.SIGTRAP;
    const registers = ptrace.getRegisters(task.tid);
    const breakpoint = breakpointBehind(task, registers);
    if (registers === undefined || breakpoint === undefined || isOfProgram(task, breakpoint)) {
      this.#letGo(task, signal);
      return;
    }
    const isOwn = code === SI_KERNEL;
    // One that was sent may have swallowed INT3's own.
    if (isOwn || (code <= 0 && hasMetInt3(task, breakpoint, registers.sp, stepped)))
      this.#rewind(task, registers, breakpoint);
    this.#letGo(task, isOwn ? 0 : signal);
  }

  /**
   * Interrupted between INT3 and the report of its trap: that report is handled first. Once released, it takes part in
   * a group-stop again.
   */
  #letGoInterrupted(task: Task, kind: 'trapStop' | 'groupStop'): void {
    const { ptrace } = this.#parts;
    const isBehind = breakpointBehind(task, ptrace.getRegisters(task.tid)) !== undefined;
    if (isBehind && hasPendingTrap(task.tid)) ptrace.resume(task.tid, 0);
    else if (kind === 'trapStop') this.#letGoWith(task, 0);
    else this.#letGo(task, 0);
  }

  /** On entry to or exit from a call that it repeats. */
  #letGoFromSystemCall(task: Task): void {
    const { ptrace } = this.#parts;
    const registers = ptrace.getRegisters(task.tid);
    if (registers === undefined || !isEntering(registers)) {
      this.#letGoWith(task, 0);
      return;
    }
    // Released here, its call would be interrupted (__ptrace_unlink in kernel/ptrace.c); and this stop has taken the
    // place of the one that was asked for (ptrace_stop in kernel/signal.c).
    ptrace.resume(task.tid, 0);
    ptrace.interrupt(task.tid);
  }

  /** `signal`: what it has stopped for, 0 for none. */
  #letGoWith(task: Task, signal: number): void {
    repeatForGood(this.#parts.ptrace, task, signal);
    this.#letGo(task, signal);
  }

  #rewind(task: Task, registers: Registers, breakpoint: Breakpoint): void {
    const { ptrace } = this.#parts;
    rewind(ptrace, task, registers, breakpoint.address);
    if (task.blocksSigtrap) blockSigtrap(ptrace, task);
  }

  #letGo(task: Task, signal: number): void {
    this.#parts.ptrace.detach(task.tid, signal);
    this.#forget(task);
  }

  #forget(task: Task): void {
    const { tasks, newTasks } = this.#parts;
    const { process } = task;
    tasks.removeTask(task);
    if (process.tasks.size > 0) return;
    newTasks.onCreatorsGone(process);
    tasks.removeProcess(process);
  }
}

/** The breakpoint whose INT3 the thread would have executed last; `undefined`: none, or it was killed. */
function breakpointBehind({ process }: Task, registers: Registers | undefined): Breakpoint | undefined {
  return registers && process.space.breakpoints.get(registers.ip - 1);
}

/** The engine's INT3 was removed: the program has written the one that stands there now. */
function isOfProgram({ process }: Task, { address }: Breakpoint): boolean {
  return process.space.memory.read(address, 1)[0] === INT3;
}

/** One that waits because it is blocked is not INT3's, which unblocks it. */
function hasPendingTrap(tid: number): boolean {
  const status = readStatus(tid);
  return status !== undefined && (signalSet(status, 'SigPnd') & ~signalSet(status, 'SigBlk') & TRAP) !== 0n;
}
