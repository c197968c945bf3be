/**
 * Atomic instructions, which only the thread itself can execute: it is given other registers, stepped over the twin of
 * the displaced instruction somewhere else in its text, and given its own registers back with the twin's result. INT3
 * stays where it is.
 *
 * Whatever stops the thread on the way, it is put back before anything else happens: after the displaced instruction if
 * the twin was executed, before it if not. So the twin's registers stay invisible to handlers and debuggers.
 */
import { ThreadPhase } from '../../contract/ledger';
import { type Execute } from '../../emulator/emulator';
import { type TwinState } from '../../emulator/twin/twinState';
import { type Arena, Layout } from '../tracing/arena';
import { SidestepError } from '../../base/errors';
import { assert, assertExists } from '../../base/assert';
import { TwinStep, type Breakpoint } from '../tracees/tracees';
import { findTwin } from './twinSearch';
import { type TwinPlace } from '../tracees/twinPlaces';
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { Signal } from '../linux/signals';
import { type Waiter } from '../tracing/wait';
import { awaitReport } from '../threads/awaitStop';
import { type AddressSpace, type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';
import { noteRegisters, noteRunning, noteSettled } from '../threads/phases';
import { blockSigtrap } from '../threads/sigtrap';
import { type StepAside } from './stepAside';
import { FAULTS } from '../linux/signals';
import { type TargetMemory } from '../tracing/targetMemory';

/**
 * How often a swap is tried before the thread steps aside. Other threads can change the memory before each try. More
 * tries cost a stop each; stepping aside lets other threads pass unnoticed for a moment.
 */
const MAX_TRIES = 64;

/** What the thread had done when it stopped. */
type Progress = 'executed' | 'missed' | 'before';

export interface TwinParts {
  readonly ptrace: Ptrace;
  readonly waiter: Waiter;
  readonly tasks: TaskTable;
  readonly memory: TargetMemory;
  readonly stepAside: StepAside;
  /** The emulator's. */
  readonly state: TwinState;
}

export class Twins {
  readonly #arena: Arena;
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #tasks: TaskTable;
  readonly #memory: TargetMemory;
  readonly #stepAside: StepAside;
  readonly #state: TwinState;
  readonly #spare: TwinStep[] = [];

  constructor({ ptrace, waiter, tasks, memory, stepAside, state }: TwinParts) {
    this.#arena = ptrace.arena;
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#tasks = tasks;
    this.#memory = memory;
    this.#stepAside = stepAside;
    this.#state = state;
  }

  /**
   * The registers are the thread's, RIP one byte after the site. False, with nothing done: there is no twin (any
   * more), or it would fault.
   */
  begin(task: Task, breakpoint: Breakpoint, registers: Registers): boolean {
    const place = this.#placeFor(task, breakpoint);
    if (place === undefined) return false;
    const step = this.#spare.pop() ?? new TwinStep(breakpoint, place);
    step.breakpoint = breakpoint;
    step.place = place;
    step.tries = 0;
    step.registers.set(registers.bytes);
    if (this.#start(task, step, registers)) return true;
    this.#spare.push(step);
    return false;
  }

  /**
   * The thread has stopped because of a signal. True: that was the twin's, and the thread runs again. False: the signal
   * is another one, and the caller's.
   */
  finish(task: Task): boolean {
    const step = assertExists(task.state.twinStep, 'the twin');
    const registers = this.#leaveTwin(task);
    if (registers === undefined) return true;
    const progress = this.#settle(step, registers);
    const signal = this.#ownSignal(task, progress);
    if (signal === 0) {
      this.#putBack(task, step, registers, progress, true);
      return false;
    }
    if (progress === 'missed' && ++step.tries < MAX_TRIES && this.#start(task, step, registers)) return true;
    if (progress === 'missed' || (progress === 'before' && signal !== Signal.SIGTRAP)) {
      // The real instruction raises the real fault; and nothing disturbs it.
      this.#spare.push(step);
      this.#stepAside.begin(task, step.breakpoint, registers);
      return true;
    }
    this.#putBack(task, step, registers, progress, true);
    this.#ptrace.resume(task.tid, 0);
    noteRunning(task);
    return true;
  }

  /**
   * The thread has stopped for another reason than a signal, or is being released: it is put back. True: the signal
   * that it stopped for, if it did, was the twin's own.
   */
  interrupt(task: Task, forSignal: boolean): boolean {
    const step = task.state.twinStep;
    if (step === undefined) return false;
    const registers = this.#leaveTwin(task);
    if (registers === undefined) return false;
    const progress = this.#settle(step, registers);
    if (!forSignal && progress !== 'before') task.state.expectTrap();
    const own = forSignal && this.#ownSignal(task, progress) !== 0;
    this.#putBack(task, step, registers, progress, forSignal);
    return own;
  }

  /** No thread may be on a twin where INT3 is about to be written. Throws `memory-unreachable`. */
  leave(space: AddressSpace, address: number): void {
    space.twins.avoid(address);
    for (const task of this.#tasks.tasks.values()) {
      const place = task.state.twinStep?.place;
      if (place === undefined || task.process.space !== space) continue;
      if (address < place.address || address >= place.end) continue;
      const report = awaitReport(this.#waiter, task.tid);
      if (report === 'reported') this.#waiter.putBack(task.tid);
      if (report !== 'asleep') continue;
      throw new SidestepError(
        'memory-unreachable',
        `thread ${task.tid} is using the instruction there as a twin and is waiting for memory; try again`,
        { place: { pid: task.process.pid, tid: task.tid } },
      );
    }
  }

  /** The place, if its bytes still are what they were. */
  #placeFor({ process }: Task, { displaced }: Breakpoint): TwinPlace | undefined {
    if (displaced.execution !== 'twin') return undefined;
    const { space } = process;
    const known = space.twins.byPlan.get(displaced.twin);
    if (known !== undefined && this.#isIntact(space, known)) return known;
    return space.twins.isDue(displaced.twin) ? findTwin(process, displaced.twin) : undefined;
  }

  #isIntact(space: AddressSpace, { address, bytes }: TwinPlace): boolean {
    const { length } = bytes;
    if (space.memory.readTo(this.#arena.address(Layout.twin), address, length) !== length) return false;
    for (let at = 0; at < length; at++) if (this.#arena.u8[Layout.twin + at] !== bytes[at]) return false;
    return true;
  }

  /** The registers are the thread's own. */
  #start(task: Task, step: TwinStep, registers: Registers): boolean {
    const { place, breakpoint } = step;
    this.#memory.select(task.tid, task.process.space.memory);
    if (!this.#state.enter(liftedOf(breakpoint), place.way, place.code, step.registers)) return false;
    registers.ip = place.address;
    task.state.stepOnTwin(step);
    task.record.phase = ThreadPhase.onTwin;
    this.#ptrace.setRegisters(task.tid);
    this.#ptrace.step(task.tid, 0);
    return true;
  }

  /** The thread's registers, which may still be the twin's; `undefined`: it was killed. */
  #leaveTwin(task: Task): Registers | undefined {
    task.state.endStep();
    return this.#ptrace.getRegisters(task.tid);
  }

  /** Makes of the twin's registers the thread's own, which are still to be set. */
  #settle({ place, breakpoint, registers: own }: TwinStep, registers: Registers): Progress {
    if (registers.ip !== place.end) {
      registers.bytes.set(own);
      return 'before';
    }
    return this.#state.leave(liftedOf(breakpoint), place.way, place.code, own) ? 'executed' : 'missed';
  }

  /**
   * The signal that the thread stopped for, if the twin raised it, or an INT3 in it; else 0. The step's own trap may
   * still be due then, unless a SIGTRAP that was sent has swallowed it.
   */
  #ownSignal(task: Task, progress: Progress): number {
    const siginfo = this.#ptrace.getSiginfo(task.tid);
    if (siginfo === undefined) return 0;
    const { signal, isFromKernel } = siginfo;
    if (signal === Signal.SIGTRAP) return isFromKernel ? signal : 0;
    if (progress !== 'before') task.state.expectTrap();
    return isFromKernel && progress === 'before' && FAULTS.has(signal) ? signal : 0;
  }

  /**
   * Restores the thread's own registers: after the instruction, or before it, where its next arrival is not another
   * hit. `forSignal`: it has stopped for a signal.
   */
  #putBack(task: Task, step: TwinStep, registers: Registers, progress: Progress, forSignal: boolean): void {
    if (progress !== 'executed') {
      const { address } = step.breakpoint;
      registers.ip = address;
      task.retries.note(address, registers.sp);
    }
    noteRegisters(this.#arena, task);
    this.#ptrace.setRegisters(task.tid);
    const { isTrapDue } = task.state;
    if (forSignal) noteSettled(task);
    else noteRunning(task);
    this.#spare.push(step);
    // The trap that is due must come through.
    if (task.blocksSigtrap && !isTrapDue) blockSigtrap(this.#ptrace, task);
  }
}

/** What a breakpoint on an atomic instruction does without being atomic. */
function liftedOf({ displaced }: Breakpoint): Execute {
  assert(displaced.execution === 'twin', 'the instruction has a twin');
  return displaced.lifted;
}
