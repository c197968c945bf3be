/**
 * The ledger: what a guardian must know if the engine is killed at this very moment. The engine keeps it in its own
 * memory and writes it as things happen, a store each; the guardian reads it from outside. This is its layout, for
 * both. A record says nothing until its last word is written.
 */

/** Offsets from the start of the ledger, in bytes; u32 unless said otherwise. */
export const LedgerHeader = {
  /** How many records of each table are, or were, in use. */
  threads: 0,
  breakpoints: 4,
  /** The thread on whose registers and memory the displaced instruction is being executed. */
  hand: 8,
  /** Of that execution: bits of {@link Store}. */
  store: 12,
  /** A thread's record that nobody reads: for those that find no other. */
  scrap: 16,
  /** The guardian writes its process id here when it watches. */
  guardian: 32,
  /**
   * The extended state of the thread in {@link LedgerHeader.hand} before the instruction: how many bytes, and their
   * address (u64).
   */
  extendedBytes: 36,
  extendedState: 40,
} as const;

/** A thread's record: offsets, u32 each. */
export const ThreadRecordLayout = {
  pid: 0,
  /** One of {@link ThreadPhase}. */
  phase: 4,
  /** 0: nothing of this record is valid. */
  tid: 8,
  /** What wait4(2) has said of it, and the engine has yet to look at; 0: nothing. */
  report: 12,
  bytes: 16,
} as const;

/** A breakpoint's record: offsets. */
export const BreakpointRecordLayout = {
  /** Without any INT3: at most 16 bytes. */
  text: 0,
  /** u64. */
  address: 16,
  /** The engine's descriptor of the memory, u32. */
  memory: 24,
  /**
   * u8 each: lengths of the text and of the displaced instruction, one of {@link BreakpointState}, and nothing. Written
   * last, as one u32.
   */
  textLength: 28,
  instructionLength: 29,
  state: 30,
  bytes: 32,
} as const;

export const LEDGER_BYTES = 1 << 20;
const THREADS = 8192;
const THREAD_RECORDS = 64;
const BREAKPOINT_RECORDS = THREAD_RECORDS + THREADS * ThreadRecordLayout.bytes;

/**
 * Where the records of a kind lie, and how many there may be. `count`: the field of the header that says how many there
 * are.
 */
export const LedgerTables = {
  threads: {
    start: THREAD_RECORDS,
    bytes: ThreadRecordLayout.bytes,
    capacity: THREADS,
    count: LedgerHeader.threads,
  },
  breakpoints: {
    start: BREAKPOINT_RECORDS,
    bytes: BreakpointRecordLayout.bytes,
    capacity: Math.floor((LEDGER_BYTES - BREAKPOINT_RECORDS) / BreakpointRecordLayout.bytes),
    count: LedgerHeader.breakpoints,
  },
} as const;
export type LedgerTable = (typeof LedgerTables)[keyof typeof LedgerTables];

/** What the engine is doing with a thread. */
export const ThreadPhase = {
  /** It runs, or has stopped and the engine has not looked at it yet. */
  running: 0,
  /** It stands behind INT3, and the displaced instruction was not executed. */
  atInt3: 1,
  /** Its registers are to be those in the engine's arena, whatever of them it has already. */
  finishing: 2,
  /** It has the registers of a twin. */
  onTwin: 3,
  /** It stands still together with its process. */
  groupStopped: 4,
  /** It executes one instruction of its own, or has: a SIGTRAP is the step's, and it stands where it can go on. */
  stepping: 5,
  /** It stands where it can go on, or runs on from there: a SIGTRAP is INT3's, as of one that is running. */
  settled: 6,
} as const;
export type ThreadPhase = (typeof ThreadPhase)[keyof typeof ThreadPhase];

/**
 * What of the thread's state the instruction that is being executed may have changed already; its registers come last.
 */
export const Store = {
  none: 0,
  /** Its operand in memory. */
  memory: 1,
  /** The extended state. */
  extended: 2,
} as const;

/** Whether INT3 is to be where a record says. 0: nothing of the record is valid. */
export const BreakpointState = { armed: 1, gone: 2 } as const;

/** The guardian's exit status less this is the errno for which it can't trace the engine. */
export const GUARDIAN_REFUSED = 128;

/** The guardian's exit status where it can't write to the engine's memory: so it could not put back a byte either. */
export const GUARDIAN_UNHEARD = 3;
