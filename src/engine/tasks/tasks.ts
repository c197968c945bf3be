/** What the engine traces: processes, their threads, and the memory that a process runs in. */
import { type Breakpoint } from '../sites/breakpoints';
import { type Site } from '../sites/probes';
import { AddressTable } from '../sites/addressTable';
import { Landings } from '../hit/landings';
import { Retries } from '../hit/retries';
import { type Ledger, type ThreadRecord } from '../guard/ledger';
import { type TwinStep } from '../hit/twins';
import { type ProcessMemory } from '../linux/memory';
import { TwinPlaces } from '../sites/twinPlaces';

/** One traced thread. */
export class Task {
  /** How many `release`s it waits for; 0: it runs. It is held in a ptrace-stop. */
  holds = 0;
  /** It is held at this breakpoint's site, its displaced instruction not executed yet. */
  heldAt: Breakpoint | undefined;
  /** It runs the displaced instruction of this breakpoint itself; the next stop ends that. */
  aside: Breakpoint | undefined;
  /** It is on its way over the twin of a displaced instruction, with other registers than its own; the next stop ends that. */
  twin: TwinStep | undefined;
  /** It has made a step that was interrupted before its SIGTRAP was reported: that is still to come. */
  trapDue = false;
  /** It has stopped together with its process, for a signal. */
  inGroupStop = false;
  /** Where it was made to repeat a system call, and since when it was again and again: see interruptions.ts. */
  repeatedAt = -1;
  repeatsSince = -1;
  readonly landings = new Landings();
  readonly retries = new Retries();
  /** It keeps SIGTRAP blocked, which INT3 undoes each time: see sigtrap.ts. */
  blocksSigtrap = false;
  /** It may have done so only for the time of a handler, which its next SIGTRAP tells. */
  doubtsBlock = false;
  /** The kernel kills it if the engine ends without having let it go: see guard.ts. */
  diesWithEngine = false;
  /** The flags with which it is about to create a child, CLONE_UNTRACED having been taken out of them: see untraced.ts. -1: none. */
  untracedFlags = -1;
  /** The client was told of it. */
  announced = false;

  constructor(
    readonly tid: number,
    readonly process: Process,
    /** What is being done with it. */
    readonly record: ThreadRecord,
  ) {}
}

/** The memory of a process, or of several that share it (vfork, CLONE_VM), with the breakpoints in it. */
export class AddressSpace {
  /** Processes that run in it. The last one to go closes it. */
  users = 1;
  readonly twins = new TwinPlaces();
  /** Where an INT3 stands that could not be taken out. */
  readonly leftovers = new Map<number, Breakpoint>();

  constructor(
    readonly memory: ProcessMemory,
    /** Armed ones, and those that were: a thread's trap can be older than the moment they went. */
    readonly breakpoints = new AddressTable<Breakpoint>(),
  ) {}
}

export class Process {
  readonly tasks = new Map<number, Task>();
  /** Those that the client still asks about: also such that stand nowhere any more. */
  readonly sites = new Set<Site>();
  /** Processes that it creates are traced, too. Its sites are forgotten when it ends. */
  follow = false;
  /** A program that is launched, and was not let go yet: it must not run without the probes that its client has yet to set. */
  awaitsStart = false;
  /** It has, or had, more threads than one. */
  hadThreads = false;
  /** False for a program in 32-bit code, which exec may have put in the place of another. */
  is64Bit = true;
  /** It is being let go: see departures.ts. */
  leaving = false;
  /** The client was not told of it, and never will be: it could not be attached to. */
  secret = false;
  // What it does with SIGTRAP itself: see sigtrap.ts.
  sigtrapExamined = false;
  ignoresSigtrap = false;
  handlesSigtrap = false;
  /** It has got one that was not INT3's. */
  getsSigtrap = false;

  constructor(
    readonly pid: number,
    /** Replaced by exec. */
    public space: AddressSpace,
    /**
     * The traced process whose memory this one borrows until it calls exec or exits; the client does not know it, and its hits
     * count for the lender.
     */
    public lender?: Process,
  ) {}

  /** Asks /proc about the leader, and about the other threads if it does not know: a leader that has ended has no memory, and no program. */
  ask<T>(read: (tid: number) => T | undefined): T | undefined {
    for (const tid of [this.pid, ...this.tasks.keys()]) {
      const answer = read(tid);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }
}

/** Every traced process and thread by number. */
export class TaskTable {
  readonly processes = new Map<number, Process>();
  readonly tasks = new Map<number, Task>();
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  addProcess(process: Process): Process {
    this.processes.set(process.pid, process);
    return process;
  }

  /** The process's thread, new if it was not known. */
  addTask(process: Process, tid: number): Task {
    const known = this.tasks.get(tid);
    if (known?.process === process) return known;
    const task = new Task(tid, process, this.#ledger.thread(process.pid, tid));
    this.tasks.set(tid, task);
    process.tasks.set(tid, task);
    process.hadThreads ||= process.tasks.size > 1;
    return task;
  }

  removeTask(task: Task): void {
    if (this.tasks.get(task.tid) === task) this.tasks.delete(task.tid);
    if (task.process.tasks.delete(task.tid)) this.#ledger.removeThread(task.record);
  }

  /** Forgets a process and its threads; closes its memory if nobody else runs in it. */
  removeProcess(process: Process): void {
    for (const task of [...process.tasks.values()]) this.removeTask(task);
    if (this.processes.get(process.pid) === process) this.processes.delete(process.pid);
    leaveSpace(process.space);
  }
}

/** One process fewer runs in this memory. */
export function leaveSpace(space: AddressSpace): void {
  if (--space.users > 0) return;
  // The descriptor's number may be another memory's soon.
  for (const breakpoint of space.breakpoints.values()) breakpoint.removeRecord();
  space.memory.close();
}
