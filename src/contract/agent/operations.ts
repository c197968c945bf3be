/**
 * The agent: a small stack language that decides and collects at a hit. The client compiles conditions and log
 * expressions to it, the engine verifies it and runs it on the thread that stopped. It can read registers and memory,
 * compute, and append to the hit record; it can't write. Its loops are bounded twice, each by a limit of its own and
 * all of a hit by their {@link AGENT_LIMITS.fuel}, so every program ends, and soon.
 *
 * All stack values are 64 bits wide; floating-point operations take and leave the bits of a double.
 */

/** The fields of user_regs_struct (sys/user.h) that a program may read. `rip` is the address of the site. */
// prettier-ignore
export const AGENT_REGISTERS = [
  'rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
  'rip', 'eflags', 'fs_base', 'gs_base',
] as const;

export type AgentRegister = (typeof AGENT_REGISTERS)[number];

/**
 * Pop two (the second operand is on top), push one. Division by zero ends the program: {@link CaptureStatus}; -2^63 /
 * -1 wraps. Shift counts are taken modulo 64.
 */
// prettier-ignore
export const BINARY_OPERATIONS = [
  'add', 'sub', 'mul', 'divS', 'divU', 'remS', 'remU', 'and', 'or', 'xor', 'shl', 'shrS', 'shrU',
  'eq', 'ne', 'ltS', 'ltU', 'leS', 'leU', 'gtS', 'gtU', 'geS', 'geU',
  'addF', 'subF', 'mulF', 'divF', 'eqF', 'neF', 'ltF', 'leF', 'gtF', 'geF',
] as const;

/** Pop one, push one. `fromS`/`fromU`: integer → double, `toS`/`toU`: double → integer, truncating and saturating. */
// prettier-ignore
export const UNARY_OPERATIONS = [
  'neg', 'not', 'isZero', 'negF', 'singleToDouble', 'doubleToSingle', 'fromS', 'fromU', 'toS', 'toU',
] as const;

export type BinaryOperation = (typeof BINARY_OPERATIONS)[number];
export type UnaryOperation = (typeof UNARY_OPERATIONS)[number];
export type AccessSize = 1 | 2 | 4 | 8;

export type AgentOperation =
  | { readonly op: 'const'; readonly value: bigint }
  | { readonly op: 'register'; readonly register: AgentRegister }
  /** Pushes `size` bytes of xmm`register` from byte `offset` on, zero-extended. */
  | { readonly op: 'vector'; readonly register: number; readonly offset: number; readonly size: 4 | 8 }
  /** Pops an address, pushes the `size` bytes there, zero-extended. Unreadable memory ends the program. */
  | { readonly op: 'load'; readonly size: AccessSize }
  /**
   * Ends the program: the value is not available here; the client knows `reason` by its number. It replaces the
   * operation that would push the value.
   */
  | { readonly op: 'missing'; readonly reason: number }
  /** Replaces the top by its low `bits` bits, zero- or sign-extended to 64. */
  | { readonly op: 'extend'; readonly bits: number; readonly signed: boolean }
  | { readonly op: BinaryOperation }
  | { readonly op: UnaryOperation }
  | { readonly op: 'dup' }
  | { readonly op: 'drop' }
  | { readonly op: 'swap' }
  /**
   * Pops a condition; the branch up to `else` runs if it is not 0, the one from `else` to `end` if it is. Both must
   * push exactly one value.
   */
  | { readonly op: 'if' }
  | { readonly op: 'else' }
  | { readonly op: 'end' }
  /** Pushes a variable: each part of a program has {@link AGENT_LIMITS.locals} of its own, which begin as 0. */
  | { readonly op: 'get'; readonly local: number }
  /** Pops a value into a variable. */
  | { readonly op: 'set'; readonly local: number }
  /** Pops a condition; what follows up to `else` or `end` runs if it is not 0, what follows `else` if it is. */
  | { readonly op: 'when' }
  /**
   * Runs what follows up to its `end` again and again, until a `leave`. After `limit` times it ends and what it is part
   * of is truncated; a condition that reaches the limit fails.
   */
  | { readonly op: 'loop'; readonly limit: number }
  /** Pops a condition and leaves the innermost loop if it is not 0. */
  | { readonly op: 'leave' }
  /** Pops a value onto the part's stack of saved values: of nodes that a walk comes back to. */
  | { readonly op: 'save' }
  /** Pushes the value that was saved last, and forgets it; 0 if there is none. */
  | { readonly op: 'restore' }
  /** Pushes how many values are saved. */
  | { readonly op: 'saved' }
  /**
   * The first operation of a capture that loops: all that it appends has room in so many bytes. What does not fit ends
   * the capture, truncated.
   */
  | { readonly op: 'room'; readonly bytes: number }
  /**
   * What follows up to its `end` appends to a frame, a capture inside of the capture: {@link FRAME_HEADER_BYTES}. If it
   * can't go on (unreadable memory, a division by zero, a value that is missing), only the frame ends, after the bytes
   * that it has; `end` is where the program goes on.
   */
  | { readonly op: 'frame' }
  /** Pops a value, appends its low `size` bytes to the capture. */
  | { readonly op: 'capture'; readonly size: AccessSize }
  /** Pops an address, appends `size` bytes from there. */
  | { readonly op: 'captureMemory'; readonly size: number }
  /**
   * Pops an address, appends the characters of `unit` bytes up to one that is 0 (not included). Truncated if none of
   * the first `limit` bytes ends it.
   */
  | { readonly op: 'captureString'; readonly limit: number; readonly unit?: 1 | 2 | 4 }
  /**
   * Pops a length in bytes, then an address; appends that many bytes, at most `limit`. In a frame, what could be read
   * stays there when the rest can't.
   */
  | { readonly op: 'captureSlice'; readonly limit: number };

/** What reading memory burns: a system call takes about as long as so many other operations together. */
export const READ_FUEL = 16;

/** The program that runs at a hit of one site. */
export interface AgentProgram {
  /**
   * Leaves one value; 0 means the hit is counted but not reported. One that can't be evaluated counts as 0 and as a
   * failed condition.
   */
  readonly condition?: readonly AgentOperation[];
  /** Each leaves an empty stack and fills one capture of the hit record. */
  readonly captures: readonly (readonly AgentOperation[])[];
}

/**
 * How a capture ended. The bytes of an `unreadable` one are the u64 address that could not be read; those of a
 * `missing` one are the u64 reason.
 */
export const CaptureStatus = { complete: 0, truncated: 1, unreadable: 2, divisionByZero: 3, missing: 4 } as const;
export type CaptureStatus = (typeof CaptureStatus)[keyof typeof CaptureStatus];

/**
 * A frame begins with a u16 {@link FrameStatus} and a u16 length in bytes of what follows. One that failed has the
 * bytes that it had collected until then, and after them (within the length) the u64 that a capture of that status
 * would have: the address, the reason, or 0. A frame that was open when the capture ended goes on to the end of what
 * holds it.
 */
export const FRAME_HEADER_BYTES = 4;

/** {@link CaptureStatus} of a frame, or `open`: the capture ended in it. */
export const FrameStatus = { ...CaptureStatus, open: 5 } as const;
export type FrameStatus = (typeof FrameStatus)[keyof typeof FrameStatus];

export const AGENT_LIMITS = {
  /** Deepest operand stack. */
  stack: 64,
  /** Variables of one program part. */
  locals: 32,
  /** Values that a part can save: walks of balanced trees of 2^32 nodes need 64, and one may be in another. */
  saved: 128,
  /** Loops in each other, and frames in each other. */
  loopDepth: 8,
  frameDepth: 32,
  /** Times that one loop can run. */
  iterations: 4096,
  /**
   * What all loops of a condition, and all of a hit's captures together, may burn. One pass burns the operations in
   * the loop, those of inner loops aside: 1 each, {@link READ_FUEL} where it reads memory. 20,000 is at most 1,250
   * reads, or about 2 ms of the thread's time: ten lists of 50 elements and their texts.
   */
  fuel: 20_000,
  /** Operations in one program part. */
  operations: 4096,
  captures: 64,
  /** Bytes that one capture may hold. */
  captureBytes: 4096,
  /** Bytes that all captures of a hit may hold together, each rounded up to 8. */
  hitBytes: 32768,
} as const;
