/**
 * The ledger: what a guardian must know if the engine is killed at this very moment. The engine keeps it in its own
 * memory and updates it with plain stores; the guardian reads it from outside. Both use this layout. A record is valid
 * only once its last word is written.
 */

/** Offsets from the start of the ledger, in bytes; u32 unless said otherwise. */
export const LedgerHeader = {
  /** How many records of each table are, or were, in use. */
  threads: 0,
  breakpoints: 4,
  /** The thread on whose registers and memory the displaced instruction is being executed. */
  hand: 8,
  /** What that execution may have changed: bits of {@link Store}. */
  store: 12,
  /** A thread's record that the guardian does not read: for threads beyond the table's capacity. */
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
  /** 0: the record is not valid. */
  tid: 8,
  /** The wait4(2) status that the engine has not handled yet; 0 if there is none. */
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
   * Four u8: the lengths of the text and of the displaced instruction, a {@link BreakpointState}, and 0. Written last,
   * as one u32.
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
  /** It stands after INT3, and the displaced instruction was not executed. */
  atInt3: 1,
  /** It must end up with the registers in the engine's arena; some of them may be set already. */
  finishing: 2,
  /** It has the registers of a twin. */
  onTwin: 3,
  /** It has stopped together with its process (group-stop). */
  groupStopped: 4,
  /**
   * It is executing one instruction of its own, or has executed it. A SIGTRAP belongs to that step, and the thread can
   * continue from where it stands.
   */
  stepping: 5,
  /** It stands where it can go on, or runs on from there: a SIGTRAP is INT3's, as of one that is running. */
  settled: 6,
} as const;
export type ThreadPhase = (typeof ThreadPhase)[keyof typeof ThreadPhase];

/** What the instruction in progress may already have changed of the thread's state. Registers are written last. */
export const Store = {
  none: 0,
  /** Its operand in memory. */
  memory: 1,
  /** The extended state. */
  extended: 2,
} as const;

/** Whether INT3 should be where a record says. 0: the record is not valid. */
export const BreakpointState = { armed: 1, gone: 2 } as const;

/** The guardian's exit status minus this is the errno with which tracing the engine failed. */
export const GUARDIAN_REFUSED = 128;

/** The guardian's exit status if it can't write to the engine's memory, and so could not restore a byte either. */
export const GUARDIAN_UNHEARD = 3;
