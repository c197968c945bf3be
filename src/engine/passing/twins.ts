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
import { State, USER_REGISTERS_BYTES, UserRegister } from '../../emulator/machine/state';
import { type Arena, Layout } from '../tracing/arena';
import { SidestepError } from '../../base/errors';
import { assert } from '../../base/assert';
import { TwinStep, type Breakpoint } from '../tracees/tracees';
import { findTwin } from './twinSearch';
import { type TwinPlace } from '../tracees/twinPlaces';
import { type Ptrace } from '../tracing/ptrace';
import { Signal } from '../linux/signals';
import { type Waiter } from '../tracing/wait';
import { awaitReport } from '../threads/awaitStop';
import { type AddressSpace, type Task } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';
import { noteRegisters } from '../threads/rewind';
import { blockSigtrap } from '../threads/sigtrap';
import { type StepAside } from './stepAside';
import { FAULTS } from '../linux/signals';
import { type TargetMemory } from '../tracing/targetMemory';

const RIP = State.registers + UserRegister.rip;
const RSP = State.registers + UserRegister.rsp;
const SI_CODE = Layout.siginfo + 8;

/**
 * How often a swap is tried before the thread steps aside. Other threads can change the memory before each try. More
 * tries cost a stop each; stepping aside lets other threads pass unnoticed for a moment.
 */
const MAX_TRIES = 64;

/** What the thread had done when it stopped; its own registers, as they must be then, are in the arena. */
type Progress = 'executed' | 'missed' | 'before' | 'gone';

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
  readonly #registers: Uint8Array;
  readonly #spare: TwinStep[] = [];

  constructor({ ptrace, waiter, tasks, memory, stepAside, state }: TwinParts) {
    this.#arena = ptrace.arena;
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#tasks = tasks;
    this.#memory = memory;
    this.#stepAside = stepAside;
    this.#state = state;
    this.#registers = this.#arena.u8.subarray(Layout.registers, Layout.registers + USER_REGISTERS_BYTES);
  }

  /**
   * The registers in the arena are the thread's, RIP one byte after the site. False, with nothing done: there is no
   * twin (any more), or it would fault.
   */
  begin(task: Task, breakpoint: Breakpoint): boolean {
    const place = this.#placeFor(task, breakpoint);
    if (place === undefined) return false;
    const step = this.#spare.pop() ?? new TwinStep(breakpoint, place);
    step.breakpoint = breakpoint;
    step.place = place;
    step.tries = 0;
    step.registers.set(this.#registers);
    if (this.#start(task, step)) return true;
    this.#spare.push(step);
    return false;
  }

  /**
   * The thread has stopped because of a signal. True: that was the twin's, and the thread runs again. False: the signal
   * is another one, and the caller's.
   */
  finish(task: Task): boolean {
    const step = task.twin!;
    const progress = this.#settle(task, step);
    if (progress === 'gone') return true;
    const signal = this.#ownSignal(task, progress);
    if (signal === 0) {
      this.#putBack(task, step, progress, true);
      return false;
    }
    if (progress === 'missed' && ++step.tries < MAX_TRIES && this.#start(task, step)) return true;
    if (progress === 'missed' || (progress === 'before' && signal !== Signal.SIGTRAP)) {
      // The real instruction raises the real fault; and nothing disturbs it.
      this.#spare.push(step);
      this.#stepAside.begin(task, step.breakpoint);
      return true;
    }
    this.#putBack(task, step, progress, true);
    this.#ptrace.resume(task.tid, 0);
    if (!task.awaitsStepTrap) task.record.phase = ThreadPhase.running;
    return true;
  }

  /**
   * The thread has stopped for another reason than a signal, or is being released: it is put back. True: the signal
   * that it stopped for, if it did, was the twin's own.
   */
  interrupt(task: Task, forSignal: boolean): boolean {
    const step = task.twin;
    if (step === undefined) return false;
    const progress = this.#settle(task, step);
    if (progress === 'gone') return false;
    if (!forSignal) task.awaitsStepTrap = progress !== 'before';
    const own = forSignal && this.#ownSignal(task, progress) !== 0;
    this.#putBack(task, step, progress, forSignal);
    return own;
  }

  /** No thread may be on a twin where INT3 is about to be written. Throws `memory-unreachable`. */
  leave(space: AddressSpace, address: number): void {
    space.twins.avoid(address);
    for (const task of this.#tasks.tasks.values()) {
      const place = task.twin?.place;
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

  /** The thread's own registers are in the arena. */
  #start(task: Task, step: TwinStep): boolean {
    const { place, breakpoint, registers } = step;
    this.#memory.select(task.tid, task.process.space.memory);
    if (!this.#state.enter(liftedOf(breakpoint), place.way, place.code, registers)) return false;
    this.#arena.setNumber(RIP, place.address);
    task.twin = step;
    task.record.phase = ThreadPhase.onTwin;
    this.#ptrace.setRegisters(task.tid);
    this.#ptrace.step(task.tid, 0);
    return true;
  }

  /** Takes the thread off the twin; its own registers, in the arena, are still to be set. */
  #settle(task: Task, step: TwinStep): Progress {
    const { place, breakpoint, registers } = step;
    task.twin = undefined;
    if (this.#ptrace.getRegisters(task.tid) !== 0) return 'gone';
    if (this.#arena.number(RIP) !== place.end) {
      this.#registers.set(registers);
      return 'before';
    }
    return this.#state.leave(liftedOf(breakpoint), place.way, place.code, registers) ? 'executed' : 'missed';
  }

  /**
   * The signal that the thread stopped for, if the twin raised it, or an INT3 in it; else 0. The step's own trap may
   * still be due then, unless a SIGTRAP that was sent has swallowed it.
   */
  #ownSignal(task: Task, progress: Progress): number {
    if (this.#ptrace.getSiginfo(task.tid) !== 0) return 0;
    const signal = this.#arena.i32[Layout.siginfo >>> 2]!;
    const fromKernel = this.#arena.i32[SI_CODE >>> 2]! > 0;
    if (signal === Signal.SIGTRAP) return fromKernel ? signal : 0;
    task.awaitsStepTrap = progress !== 'before';
    return fromKernel && progress === 'before' && FAULTS.has(signal) ? signal : 0;
  }

  /**
   * Restores the thread's own registers: after the instruction, or before it, where its next arrival is not another
   * hit. `forSignal`: it has stopped for a signal.
   */
  #putBack(task: Task, step: TwinStep, progress: Progress, forSignal: boolean): void {
    if (progress !== 'executed') {
      const { address } = step.breakpoint;
      this.#arena.setNumber(RIP, address);
      task.retries.note(address, this.#arena.number(RSP));
    }
    noteRegisters(this.#arena, task);
    this.#ptrace.setRegisters(task.tid);
    task.record.phase = forSignal || task.awaitsStepTrap ? ThreadPhase.stepping : ThreadPhase.running;
    this.#spare.push(step);
    // The trap that is due must come through.
    if (task.blocksSigtrap && !task.awaitsStepTrap) blockSigtrap(this.#ptrace, task);
  }
}

/** What a breakpoint on an atomic instruction does without being atomic. */
function liftedOf({ displaced }: Breakpoint): Execute {
  assert(displaced.execution === 'twin', 'the instruction has a twin');
  return displaced.lifted;
}
