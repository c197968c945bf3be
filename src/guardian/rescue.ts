/**
 * Threads stopped at an INT3 that was never reported to the engine. When the engine is gone, each of them handles its
 * SIGTRAP, which ends the process unless the process ignores SIGTRAP at that moment. So the guardian confines these
 * threads to one processor and keeps that processor busy; in the meantime it makes another thread of the process call
 * rt_sigaction(2). This needs a second processor, and time: plenty with real-time priority (CAP_SYS_NICE), a few
 * milliseconds without.
 */
import { signalBit, Signal } from '../engine/linux/signals';
import { hasEnded, processorOf, readMappings, readStatus, signalSet } from '../engine/linux/proc';
import { type Ptrace } from '../engine/tracing/ptrace';
import { type Waiter } from '../engine/tracing/wait';
import { RemoteCall } from './remoteCall';
import { withMemory } from './targetMemory';
import { allBut, only, Policy, type Schedule, type Scheduling } from './scheduling';

/**
 * The kernel lets real-time threads keep a processor for 950 ms of each second (sched_rt_runtime_us); this stays well
 * below.
 */
const PATIENCE_MS = 500;

const SYSCALL_INSTRUCTION = Buffer.of(0x0f, 0x05);
const TRAP = BigInt(signalBit(Signal.SIGTRAP));

const SIG_DFL = 0;
const SIG_IGN = 1;

/** A thread whose scheduling was changed for a while. */
interface Moved {
  readonly tid: number;
  readonly before: Schedule;
}

export class Rescue {
  readonly #ptrace: Ptrace;
  readonly #waiter: Waiter;
  readonly #scheduling: Scheduling;
  readonly #calls: RemoteCall[] = [];
  readonly #moved: Moved[] = [];
  readonly #processor: number;
  readonly #isRealTime: boolean;

  constructor(ptrace: Ptrace, waiter: Waiter, scheduling: Scheduling) {
    this.#ptrace = ptrace;
    this.#waiter = waiter;
    this.#scheduling = scheduling;
    this.#processor = processorOf(process.pid) ?? 0;
    this.#isRealTime = scheduling.of(0)?.policy === Policy.fifo;
  }

  /**
   * While the engine hangs: prepares threads of a process. `helper`: another thread of it. False: they can't be
   * rescued.
   */
  takeIn(pid: number, tids: readonly number[], helper: number): boolean {
    const status = readStatus(helper);
    if (status === undefined || hasEnded(status)) return false;
    // The program's own handler must not be lost.
    if ((signalSet(status, 'SigCgt') & TRAP) !== 0n) return false;
    const instruction = findSystemCall(helper);
    const others = this.#scheduling.of(helper);
    if (instruction === undefined || others === undefined) return false;
    const elsewhere = allBut(others.processors, this.#processor);
    if (elsewhere === undefined) return false;
    for (const tid of tids) if (!this.#move(tid, only(this.#processor), Policy.batch)) return false;
    if (!this.#move(helper, elsewhere, Policy.fifo)) return false;
    this.#calls.push(new RemoteCall(this.#ptrace, this.#waiter, pid, helper, instruction));
    return true;
  }

  /** Before the engine continues: keeps the threads' processor busy from here on, and moves `engine` to another one. */
  keepBusy(engine: number): void {
    if (this.#calls.length === 0) return;
    const own = this.#scheduling.of(0);
    if (own === undefined) return;
    this.#moved.push({ tid: 0, before: own });
    this.#scheduling.setProcessors(0, only(this.#processor));
    const elsewhere = allBut(own.processors, this.#processor);
    if (elsewhere !== undefined) this.#scheduling.setProcessors(engine, elsewhere);
    if (this.#isRealTime) this.#scheduling.setPolicy(engine, Policy.fifo);
  }

  /** The engine is about to release everything: when this returns, the processes ignore SIGTRAP. */
  protect(): void {
    const until = performance.now() + PATIENCE_MS;
    for (const call of this.#calls) if (call.begin(until)) call.setTrapAction(SIG_IGN, until);
  }

  /** No SIGTRAP is pending any more. */
  release(): void {
    const until = performance.now() + PATIENCE_MS;
    for (const call of this.#calls) {
      call.setTrapAction(SIG_DFL, until);
      call.end();
    }
    for (const { tid, before } of this.#moved) this.#scheduling.restore(tid, before);
  }

  /** True also if the policy can't be set. */
  #move(tid: number, processors: Uint8Array, policy: number): boolean {
    const before = this.#scheduling.of(tid);
    if (before === undefined || before.policy !== Policy.other) return false;
    if (!this.#scheduling.setProcessors(tid, processors)) return false;
    this.#moved.push({ tid, before });
    this.#scheduling.setPolicy(tid, policy);
    return true;
  }
}

/** The kernel's own library for programs, the vDSO, has a system call instruction in every process. */
function findSystemCall(tid: number): number | undefined {
  const library = readMappings(tid)?.find(({ path }) => path === '[vdso]');
  if (library === undefined) return undefined;
  const start = Number(library.start);
  const code = withMemory(tid, (memory) => memory.read(start, Number(library.end) - start));
  const at = code?.indexOf(SYSCALL_INSTRUCTION) ?? -1;
  return at < 0 ? undefined : start + at;
}
