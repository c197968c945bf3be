/**
 * Handles a hit: the thread that ran into INT3 has stopped; its registers are read, every probe of that address runs
 * its agent, the displaced instruction is executed on the registers, and the thread continues after it. Nothing here
 * allocates.
 */
import { hex } from '../../base/address';
import { HIT_HEADER_BYTES } from '../../contract/hits';
import { ThreadPhase } from '../../contract/ledger';
import { type Arena } from '../tracing/arena';
import { ConditionResult } from '../agent/agent';
import { type Breakpoints } from '../text/breakpoints';
import { type Breakpoint } from '../tracees/tracees';
import { INT3 } from '../../base/x86';
import { type Clock } from '../tracing/clock';
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { SI_KERNEL, Signal, TRAP_TRACE } from '../linux/signals';
import { killThread } from '../linux/processes';
import { type Events } from '../client/events';
import { type Outbox } from '../client/outbox';
import { type ProbeTable } from '../tracees/probeTable';
import { type Site } from '../tracees/tracees';
import { noteRunning, noteSettled } from '../threads/phases';
import { rewind } from '../threads/rewind';
import { type ShadowStacks } from '../passing/shadowStacks';
import { blockSigtrap, hasMetInt3, isIgnored, settleDoubt } from '../threads/sigtrap';
import { type StepAside } from '../passing/stepAside';
import { type TargetMemory } from '../tracing/targetMemory';
import { isStale } from '../threads/staleStops';
import { type Task } from '../tracees/tracees';
import { keepTraced } from '../lifecycle/untraced';
import { type Twins } from '../passing/twins';

/**
 * Up to this many changed registers are written by PTRACE_POKEUSER, one call each; from three on, a single
 * PTRACE_SETREGS for all costs less. It depends on the cost of a system call, so a new machine may shift it.
 */
const POKED_REGISTERS = 2;

const NS_PER_MS = 1_000_000;

export interface HitParts {
  readonly arena: Arena;
  readonly ptrace: Ptrace;
  readonly memory: TargetMemory;
  readonly breakpoints: Breakpoints;
  readonly probes: ProbeTable;
  readonly outbox: Outbox;
  readonly events: Events;
  readonly clock: Clock;
  readonly stepAside: StepAside;
  readonly twins: Twins;
  readonly shadowStacks: ShadowStacks;
  /** The client's limit of reports was reached. */
  readonly onLimit: () => void;
}

export class Hits {
  readonly #arena: Arena;
  readonly #ptrace: Ptrace;
  readonly #memory: TargetMemory;
  readonly #breakpoints: Breakpoints;
  readonly #probes: ProbeTable;
  readonly #outbox: Outbox;
  readonly #events: Events;
  readonly #clock: Clock;
  readonly #stepAside: StepAside;
  readonly #twins: Twins;
  readonly #shadowStacks: ShadowStacks;
  readonly #onLimit: () => void;

  constructor(parts: HitParts) {
    this.#arena = parts.arena;
    this.#ptrace = parts.ptrace;
    this.#memory = parts.memory;
    this.#breakpoints = parts.breakpoints;
    this.#probes = parts.probes;
    this.#outbox = parts.outbox;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#stepAside = parts.stepAside;
    this.#twins = parts.twins;
    this.#shadowStacks = parts.shadowStacks;
    this.#onLimit = parts.onLimit;
  }

  /**
   * A thread has stopped because of a SIGTRAP. `now`: performance.now(). If it is killed in the meantime, every request
   * fails without harm.
   */
  onTrap(task: Task, now: number): void {
    const { tid } = task;
    let hasStepped = false;
    if (task.state.now.kind !== 'running') {
      hasStepped = task.state.asideAt !== undefined || task.state.isTrapDue;
      if (this.#endsStep(task)) return;
    }
    if (task.blockUnconfirmed) settleDoubt(task);
    const registers = this.#ptrace.getRegisters(tid);
    if (registers === undefined) return;
    const { space } = task.process;
    const address = registers.ip - 1;
    const breakpoint = space.breakpoints.get(address);
    if (breakpoint === undefined) {
      if (!isStale(this.#ptrace, task) && !this.#isInCopy(task, registers, address)) this.#deliver(task);
      return;
    }
    let sent = false;
    if (
      breakpoint.displaced.length === 1 ||
      task.process.seesForeignSigtrap ||
      task.blocksSigtrap ||
      !breakpoint.armed
    ) {
      sent = this.#wasSent(tid);
      if (sent && !hasMetInt3(task, breakpoint, registers.sp, hasStepped)) {
        this.#deliver(task);
        return;
      }
    }
    if (!breakpoint.armed) {
      this.#onVanished(task, breakpoint, registers, sent);
      return;
    }
    // First: what the ledger says of the hand may be of this thread's last hit.
    this.#memory.select(tid, space.memory);
    task.record.phase = ThreadPhase.atInt3;
    if (!task.retries.take(address, registers.sp)) this.#visit(task, breakpoint, registers, now);
    if (task.state.now.kind === 'held') return;
    this.#pass(task, breakpoint, registers, sent);
  }

  /**
   * A thread has stopped because of a SIGILL. One that was sent is the only signal that comes before a SIGTRAP that was
   * sent (next_signal in kernel/signal.c), and that can have swallowed INT3's own: the thread is rewound, and runs into
   * INT3 when it returns from the handler. After a one-byte instruction it may stand there for other reasons.
   */
  onIllegalInstruction(task: Task): void {
    const { space } = task.process;
    if (this.#ptrace.getSiginfo(task.tid)?.isFromKernel !== false) return;
    const registers = this.#ptrace.getRegisters(task.tid);
    if (registers === undefined) return;
    const breakpoint = space.breakpoints.get(registers.ip - 1);
    if (breakpoint === undefined || breakpoint.displaced.length === 1) return;
    if (!breakpoint.armed && space.memory.read(breakpoint.address, 1)[0] === INT3) return;
    rewind(this.#ptrace, task, registers, breakpoint.address);
    if (task.blocksSigtrap) blockSigtrap(this.#ptrace, task);
  }

  /** Releases a thread that was held, at a breakpoint or at its program's start. */
  release(task: Task, at: Breakpoint | undefined): void {
    if (isStale(this.#ptrace, task)) return;
    if (at === undefined) {
      this.#ptrace.resume(task.tid, 0);
      return;
    }
    const registers = this.#ptrace.getRegisters(task.tid);
    if (registers === undefined) return;
    this.#memory.select(task.tid, task.process.space.memory);
    this.#pass(task, at, registers, false);
  }

  /**
   * The thread was on its way over an instruction. True: the stop was the end of that, and was handled. False: the
   * SIGTRAP is another one, which is still to be handled.
   */
  #endsStep(task: Task): boolean {
    const { now } = task.state;
    if (now.kind === 'aside') return this.#stepAside.finish(task, true);
    if (now.kind === 'onTwin') {
      if (!this.#twins.finish(task)) this.#deliver(task);
      return true;
    }
    return task.state.isTrapDue && this.#takeDueTrap(task);
  }

  #visit(task: Task, breakpoint: Breakpoint, registers: Registers, now: number): void {
    let vectors = false;
    const { sites } = breakpoint;
    // Sites can go while this runs: when the limit is reached. An index below the length needs no check, here and
    // below; a `for … of` would make an iterator.
    for (let at = 0; at < sites.length; at++) {
      const site = sites[at] as Site;
      const { agent, probe } = site;
      site.count('hits');
      if (agent.usesVectors && !vectors) {
        this.#ptrace.getVectors(task.tid);
        vectors = true;
      }
      if (agent.condition !== undefined) {
        const result = agent.condition();
        if (result === ConditionResult.failed) site.count('failedConditions');
        if (result !== ConditionResult.true) continue;
      }
      site.count('matched');
      if (!probe.wantsMatch()) continue;
      if (site.onHit === 'report' || site.onHit === 'note') this.#report(task, site, now);
      else if (site.onHit === 'hold') this.#hold(task, site);
      else if (site.onHit === 'trace') keepTraced(this.#ptrace, task, registers);
    }
  }

  #report(task: Task, site: Site, now: number): void {
    if (!this.#outbox.makeRoom(site.agent.recordBytes)) {
      site.count('lost');
      return;
    }
    if (!task.announced) this.#events.announce(task);
    const start = this.#outbox.begin();
    const end = site.agent.capture(start + HIT_HEADER_BYTES);
    const { u32 } = this.#arena;
    const word = start >>> 2;
    const { hits } = site.probe.counts;
    u32[word] = end - start;
    u32[word + 1] = site.id;
    u32[word + 2] = site.probe.id;
    u32[word + 3] = site.process.pid;
    u32[word + 4] = task.tid;
    u32[word + 5] = site.agent.captures;
    this.#clock.write(now, this.#arena, start + 24);
    this.#arena.setNumber(start + 32, hits);
    this.#arena.setNumber(start + 40, Math.round(now * NS_PER_MS));
    this.#outbox.commit(end);
    site.count('reported');
    if (site.onHit === 'report' && --this.#probes.reportsLeft <= 0) this.#onLimit();
  }

  #hold(task: Task, site: Site): void {
    task.state.hold(site.breakpoint);
    this.#events.announce(task);
    this.#events.say({ event: 'held', pid: site.process.pid, tid: task.tid, site: site.id });
  }

  /**
   * Executes the displaced instruction and resumes the thread. `sent`: INT3's trap has merged with a SIGTRAP that was
   * sent.
   */
  #pass(task: Task, breakpoint: Breakpoint, registers: Registers, sent: boolean): void {
    const { displaced } = breakpoint;
    const byThread = displaced.changesShadowStack && this.#shadowStacks.has(task.tid);
    if (byThread || displaced.execute() !== 0) {
      if (sent) this.#sendAgain(task);
      if (displaced.execution === 'twin' && this.#twins.begin(task, breakpoint, registers)) return;
      this.#stepAside.begin(task, breakpoint, registers);
      return;
    }
    task.record.phase = ThreadPhase.finishing;
    this.#writeBack(task.tid, breakpoint, registers);
    if (displaced.length === 1) task.landings.note(breakpoint.address + 1, registers.sp);
    if (task.blocksSigtrap) blockSigtrap(this.#ptrace, task);
    this.#resume(task, sent);
  }

  #writeBack(tid: number, { changed }: Breakpoint, registers: Registers): void {
    if (changed.length <= POKED_REGISTERS && areExact(registers, changed)) {
      for (let at = 0; at < changed.length; at++) {
        const field = changed[at] as number;
        this.#ptrace.pokeUser(tid, field, registers.word(field));
      }
    } else {
      this.#ptrace.setRegisters(tid);
    }
  }

  /**
   * The SIGTRAP that has merged with INT3's, for a thread that is about to make a step: before the step, whose own trap
   * would swallow it. Where it is blocked, it must not come instead of the step, again and again.
   */
  #sendAgain(task: Task): void {
    if (task.blocksSigtrap) blockSigtrap(this.#ptrace, task);
    killThread(task.process.pid, task.tid, Signal.SIGTRAP);
  }

  #resume(task: Task, sent: boolean): void {
    if (sent && task.blocksSigtrap) killThread(task.process.pid, task.tid, Signal.SIGTRAP);
    this.#ptrace.resume(task.tid, sent && !task.blocksSigtrap && !isIgnored(task) ? Signal.SIGTRAP : 0);
    noteRunning(task);
  }

  /** The SIGTRAP of a step that was interrupted by something else. False: one that was sent has swallowed it. */
  #takeDueTrap(task: Task): boolean {
    task.state.takeTrap();
    if (task.blocksSigtrap) blockSigtrap(this.#ptrace, task);
    if (this.#ptrace.getSiginfo(task.tid)?.code !== TRAP_TRACE) {
      task.record.phase = ThreadPhase.running;
      return false;
    }
    noteSettled(task);
    this.#ptrace.resume(task.tid, 0);
    noteRunning(task);
    return true;
  }

  /**
   * INT3 was there when the thread executed it, and is gone now: the thread goes back and runs what is there instead.
   */
  #onVanished(task: Task, breakpoint: Breakpoint, registers: Registers, sent: boolean): void {
    const { address } = breakpoint;
    if (task.process.space.memory.read(address, 1)[0] === INT3) {
      this.#deliver(task);
      return;
    }
    rewind(this.#ptrace, task, registers, address);
    if (task.blocksSigtrap) blockSigtrap(this.#ptrace, task);
    this.#resume(task, sent);
  }

  /** The program has moved or copied its text with an INT3 in it: the thread goes back and runs what belongs there. */
  #isInCopy(task: Task, registers: Registers, address: number): boolean {
    const { process, tid } = task;
    if (this.#wasSent(tid) || !this.#breakpoints.restoreCopy(process.space, address, tid)) return false;
    this.#events.warn(
      `the program has moved or copied its code with a probe in it, to ${hex(BigInt(address))}: the probe was removed there`,
      process,
    );
    rewind(this.#ptrace, task, registers, address);
    if (task.blocksSigtrap) blockSigtrap(this.#ptrace, task);
    this.#resume(task, false);
    return true;
  }

  #wasSent(tid: number): boolean {
    const siginfo = this.#ptrace.getSiginfo(tid);
    return siginfo !== undefined && siginfo.code !== SI_KERNEL;
  }

  /** A SIGTRAP of the program's own. */
  #deliver(task: Task): void {
    task.process.seesForeignSigtrap = true;
    noteSettled(task);
    this.#ptrace.resume(task.tid, isIgnored(task) ? 0 : Signal.SIGTRAP);
    noteRunning(task);
  }
}

/** Whether the registers' values are exact as numbers. */
function areExact(registers: Registers, fields: readonly number[]): boolean {
  for (let at = 0; at < fields.length; at++) if (!registers.isExact(fields[at] as number)) return false;
  return true;
}
