/**
 * What the engine traces: processes, their threads, and the memory that a process runs in. What exec and the creation
 * of a child make of each of their fields stands in execAndFork.ts.
 */
import { AddressTable } from './addressTable';
import { Landings } from './landings';
import { Retries } from './retries';
import { ThreadState } from './threadState';
import { type BreakpointRecord, type ThreadRecord } from '../tracing/ledger';
import { type ProcessMemory } from '../linux/memory';
import { TwinPlaces, type TwinPlace } from './twinPlaces';
import type { Prepared } from '../../emulator/emulator';
import { USER_REGISTERS_BYTES, UserRegister } from '../../emulator/machine/state';
import type { Origin } from './probeOrigin';
import type { SiteId, OnHit, Counts } from '../../contract/messages';
import type { Agent } from '../agent/agent';
import { noCounts } from './counts';
import { type Probe } from './probe';

/** One traced thread. */
export class Task {
  readonly state: ThreadState<Breakpoint, TwinStep>;
  /** Where it was made to repeat a system call, and since when it was again and again: see interruptions.ts. */
  repeatedAt = -1;
  repeatsSince = -1;
  readonly landings = new Landings();
  readonly retries = new Retries();
  /** It keeps SIGTRAP blocked, which INT3 undoes each time: see sigtrap.ts. */
  blocksSigtrap = false;
  /** It may have done so only for the time of a handler, which its next SIGTRAP tells. */
  blockUnconfirmed = false;
  /** Whether the kernel kills it if the engine ends without having released it: see protection.ts. */
  diesWithEngine: 'no' | 'perhaps' | 'yes' = 'no';
  /**
   * The flags with which it is about to create a child, without CLONE_UNTRACED: see untraced.ts. -1: it is not creating
   * one.
   */
  untracedFlags = -1;
  /** The client knows about it. */
  announced = false;

  constructor(
    readonly tid: number,
    readonly process: Process,
    /** What is being done with it. */
    readonly record: ThreadRecord,
  ) {
    this.state = new ThreadState(tid);
    if (process.leaving) this.state.leave();
  }
}

/**
 * The memory of a process, or of several that share it (vfork, CLONE_VM), with the breakpoints in it. Nothing of it
 * outlives exec, and a fork's copy begins with nothing of it: either makes another.
 */
export class AddressSpace {
  /** Processes that run in it. The last one to go closes it. */
  users = 1;
  readonly twins = new TwinPlaces();
  /** INT3s that could not be removed, by address. */
  readonly leftovers = new Map<number, Breakpoint>();

  constructor(
    readonly memory: ProcessMemory,
    /** Armed ones and removed ones: a thread's trap can have been raised before the removal. */
    readonly breakpoints = new AddressTable<Breakpoint>(),
  ) {}
}

export class Process {
  readonly tasks = new Map<number, Task>();
  /** Sites that the client can still query, including ones that are no longer armed anywhere. */
  readonly sites = new Set<Site>();
  /** Processes that it creates are traced, too. Its sites are forgotten when it ends. */
  follow = false;
  /** A launched program that was not released yet: it must not run before its client has set its probes. */
  awaitsStart = false;
  /** It has, or had, more threads than one. */
  hadThreads = false;
  /** False for a program in 32-bit code, which exec may have put in the place of another. */
  is64Bit = true;
  #leaving = false;
  /** The client does not know about it and never will: attaching to it failed. */
  unannounced = false;
  // What it does with SIGTRAP itself: see sigtrap.ts.
  sigtrapExamined = false;
  ignoresSigtrap = false;
  handlesSigtrap = false;
  /** It has received one that was not INT3's. */
  seesForeignSigtrap = false;

  constructor(
    readonly pid: number,
    /** Replaced by exec. */
    public space: AddressSpace,
    /**
     * The traced process whose memory this one borrows until it calls exec or exits; the client does not know it, and
     * its hits count for that process.
     */
    public memoryOwner?: Process,
  ) {}

  /** It is being released: see detaching.ts. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** Releases it, and its threads with it, those also that are still to come. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    for (const { state } of this.tasks.values()) state.leave();
  }

  /**
   * Asks /proc about the leader, and about the other threads if it does not know: a leader that has ended has no
   * memory, and no program.
   */
  ask<T>(read: (tid: number) => T | undefined): T | undefined {
    for (const tid of [this.pid, ...this.tasks.keys()]) {
      const answer = read(tid);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }
}

/** One process fewer uses this memory. */
export function leaveSpace(space: AddressSpace): void {
  if (--space.users > 0) return;
  // The descriptor's number may be another memory's soon.
  for (const breakpoint of space.breakpoints.values()) breakpoint.removeRecord();
  space.memory.close();
}

/** The instruction under a breakpoint; a refused one never gets a breakpoint. */
export type Displaced = Exclude<Prepared, { readonly execution: 'refused' }>;

/** How many bytes around an instruction say whether memory still is what it was; more than the longest instruction. */
export const WITNESS_BYTES = 16;

export class Breakpoint {
  /** In the order in which they were armed. */
  readonly sites: Site[] = [];
  /** It has no sites any more, but its INT3 could not be removed: threads still pass it, and the engine tries again. */
  stuck = false;
  /** Threads that run the displaced instruction themselves; the byte is out while there are any. */
  asides = 0;
  /** Its record in the ledger; undefined before INT3 is first written, and if the ledger is full. */
  record: BreakpointRecord | undefined;
  /** Registers that emulating the displaced instruction may change, as offsets in user_regs_struct. */
  readonly changed: readonly number[];

  constructor(
    readonly address: number,
    /** The text from the address on, without any INT3: up to {@link WITNESS_BYTES}. */
    readonly text: Uint8Array,
    readonly displaced: Displaced,
    readonly origin: Origin,
  ) {
    this.changed = displaced.writes.map((name) => UserRegister[name]);
  }

  /** INT3 stands there, except while {@link asides} have it removed. */
  get armed(): boolean {
    return this.sites.length > 0 || this.stuck;
  }

  /** The byte that INT3 displaces. */
  get original(): number {
    return this.text[0]!;
  }

  /** Its memory is gone, or another breakpoint is in its place. */
  removeRecord(): void {
    this.record?.remove();
    this.record = undefined;
  }
}

export class Site {
  readonly counts = noCounts();
  /** The memory it was armed in; after exec its process has another. */
  readonly space: AddressSpace;

  constructor(
    readonly id: SiteId,
    readonly probe: Probe,
    readonly process: Process,
    readonly breakpoint: Breakpoint,
    readonly agent: Agent,
    readonly onHit: OnHit,
  ) {
    this.space = process.space;
  }

  /** Adds one to a count of the site and of its probe. */
  count(what: keyof Counts): void {
    this.counts[what]++;
    this.probe.counts[what]++;
  }
}

/** A thread on its way over a twin. */
export class TwinStep {
  /** Its own, as INT3 left them. */
  readonly registers = new Uint8Array(USER_REGISTERS_BYTES);
  tries = 0;

  constructor(
    public breakpoint: Breakpoint,
    public place: TwinPlace,
  ) {}
}
