/**
 * What exec keeps of a process and its thread, and what a child has of its creator: a row for every field, or it does
 * not compile.
 */
import { ThreadPhase } from '../../contract/ledger';
import { type AddressSpace, type Process, type Task } from './tracees';

/** The program that a process has become. */
export interface NewImage {
  readonly space: AddressSpace;
  readonly is64Bit: boolean;
}

interface Fate<Of, Value> {
  /** `to`: what it is in a program that has just begun. */
  readonly exec: 'kept' | { readonly to: Value } | ((it: Of, image: NewImage) => void);
  /** `own`: what it is by itself in what is new. */
  readonly birth: 'own' | 'inherited' | ((child: Of, parent: Of) => void);
}

/** All that an object has but its methods. */
type FieldOf<Of> = { [Name in keyof Of]: Of[Name] extends (...given: never[]) => unknown ? never : Name }[keyof Of];
type Fates<Of> = { readonly [Name in FieldOf<Of>]: Fate<Of, Of[Name]> };

/** What it is known by, and what others put into it. */
const IDENTITY = { exec: 'kept', birth: 'own' } as const;

/** Of a thread: the one that is left after exec; and one that another has created, in whichever process. */
const TASK: Fates<Task> = {
  tid: IDENTITY,
  process: IDENTITY,
  record: { exec: ({ record }) => void (record.phase = ThreadPhase.running), birth: 'own' },
  state: { exec: ({ state }) => state.exec(), birth: 'own' },
  // A handler that forks returns in the child, too: to where the creator was put.
  landings: {
    exec: ({ landings }) => landings.clear(),
    birth: (child, { landings }) => child.landings.inherit(landings),
  },
  // The child executes the instruction by itself, which is another hit.
  retries: { exec: ({ retries }) => retries.clear(), birth: 'own' },
  repeatedAt: { exec: { to: -1 }, birth: 'own' },
  repeatsSince: { exec: { to: -1 }, birth: 'own' },
  // The mask outlives exec; it is looked at again before the new program's first probe.
  blocksSigtrap: { exec: { to: false }, birth: 'inherited' },
  blockUnconfirmed: { exec: { to: false }, birth: 'inherited' },
  // The kernel gives a child the options that its creator had just then (ptrace_init_task in include/linux/ptrace.h).
  // After exec they are those of the thread that has called it: ExitAndExec sets them anew.
  diesWithEngine: {
    exec: { to: 'no' },
    birth: (child, { diesWithEngine }) => void (child.diesWithEngine = diesWithEngine === 'no' ? 'no' : 'perhaps'),
  },
  untracedFlags: { exec: { to: -1 }, birth: 'own' },
  announced: IDENTITY,
};

/** Of a process. A child may have a copy of its memory, or borrow it. */
const PROCESS: Fates<Process> = {
  pid: IDENTITY,
  tasks: IDENTITY,
  // The client still asks about them.
  sites: IDENTITY,
  space: { exec: (process, { space }) => void (process.space = space), birth: 'own' },
  // Who is traced further after exec has none by then: see Following.separate.
  memoryOwner: IDENTITY,
  follow: { exec: 'kept', birth: 'inherited' },
  awaitsStart: IDENTITY,
  hadThreads: { exec: { to: false }, birth: 'own' },
  is64Bit: { exec: (process, { is64Bit }) => void (process.is64Bit = is64Bit), birth: 'inherited' },
  leaving: IDENTITY,
  unannounced: IDENTITY,
  // A signal that was ignored still is after exec: it is looked at again before the new program's first probe.
  sigtrapExamined: { exec: { to: false }, birth: 'inherited' },
  ignoresSigtrap: { exec: { to: false }, birth: 'inherited' },
  handlesSigtrap: { exec: { to: false }, birth: 'inherited' },
  seesForeignSigtrap: { exec: { to: false }, birth: 'inherited' },
};

/** The process runs another program, and `leader` is all that is left of its threads: it is held. */
export function execProcess(process: Process, leader: Task, image: NewImage): void {
  exec(PROCESS, process, image);
  exec(TASK, leader, image);
}

/** A new process, whose memory is a copy of its creator's or the very same. */
export function inheritProcess(child: Process, parent: Process): void {
  inherit(PROCESS, child, parent);
}

/** A new thread, of its creator's process or of another. */
export function inheritTask(child: Task, creator: Task): void {
  inherit(TASK, child, creator);
}

function exec<Of>(fates: Fates<Of>, it: Of, image: NewImage): void {
  for (const name of namesOf(fates)) {
    const { exec: fate } = fates[name];
    if (typeof fate === 'function') fate(it, image);
    else if (typeof fate === 'object') it[name] = fate.to;
  }
}

function inherit<Of>(fates: Fates<Of>, child: Of, parent: Of): void {
  for (const name of namesOf(fates)) {
    const { birth: fate } = fates[name];
    if (typeof fate === 'function') fate(child, parent);
    else if (fate === 'inherited') child[name] = parent[name];
  }
}

function namesOf<Of>(fates: Fates<Of>): FieldOf<Of>[] {
  return Object.keys(fates) as FieldOf<Of>[];
}
