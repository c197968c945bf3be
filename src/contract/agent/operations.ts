/**
 * The agent: a small stack language that decides and collects at a hit. The client compiles conditions and log
 * expressions to it, the engine verifies it and runs it on the thread that stopped. It can read registers and memory,
 * compute, and append to the hit record; it can't write, jump back or loop, so every program ends.
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
  /** Pops a value, appends its low `size` bytes to the capture. */
  | { readonly op: 'capture'; readonly size: AccessSize }
  /** Pops an address, appends `size` bytes from there. */
  | { readonly op: 'captureMemory'; readonly size: number }
  /**
   * Pops an address, appends the characters of `unit` bytes up to one that is 0 (not included). Truncated if none of
   * the first `limit` bytes ends it.
   */
  | { readonly op: 'captureString'; readonly limit: number; readonly unit?: 1 | 2 | 4 }
  /** Pops a length in bytes, then an address; appends that many bytes, at most `limit`. */
  | { readonly op: 'captureSlice'; readonly limit: number };

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

export const AGENT_LIMITS = {
  /** Deepest operand stack. */
  stack: 64,
  /** Operations in one program part. */
  operations: 4096,
  captures: 64,
  /** Bytes that one capture may hold. */
  captureBytes: 4096,
  /** Bytes that all captures of a hit may hold together, each rounded up to 8. */
  hitBytes: 32768,
} as const;
