/**
 * The flow of control through machine code: the interface between a decoder and the readers of symbols, which don't
 * decode themselves. All addresses are link-time addresses.
 */

/** What a machine instruction says about the next one. */
export interface FlowInstruction {
  readonly address: number;
  /** In bytes. */
  readonly length: number;
  /**
   * `next`: the next one in memory; `pad`: likewise, but the instruction does nothing; `call`: the next in memory,
   * after a call; `jump`: the target; `branch`: the target or the next in memory; `indirect`: a target that is not in
   * the bytes; `return`: the caller's next one; `end`: no instruction of this function; `invalid`: the same, the bytes
   * are no instruction.
   */
  readonly kind: 'next' | 'pad' | 'call' | 'jump' | 'branch' | 'indirect' | 'return' | 'end' | 'invalid';
  /** Equal for instructions that do the same with operands of the same kinds. */
  readonly operation: number;
  /** Whether it does more than copy to registers, or writes memory. */
  readonly changes: boolean;
  /** Whether it does one thing to several values: `move` where it only loads or stores them. */
  readonly packed: 'operation' | 'move' | undefined;
  /** Of a direct jump, branch or call. */
  readonly target: number | undefined;
  /** A constant address that it loads into a register. */
  readonly constant: number | undefined;
  /** The address that a register is loaded from, where that is constant. */
  readonly loadedFrom: number | undefined;
  /** Of an indirect jump, and of what may load its target: where the target is from. */
  readonly selects?: JumpSource | undefined;
  /** The general register that it writes as its first operand, by DWARF's number. */
  readonly sets?: number | undefined;
  /** The one that it adds to that. */
  readonly adds?: number | undefined;
  /** What it stores in the stack frame; `unknown` if it may write the frame in some other way. */
  readonly store: FrameStore | 'unknown' | undefined;
}

/** Where a jump's target is from. */
export type JumpSource =
  /** A general register, by DWARF's number. */
  | { readonly kind: 'register'; readonly register: number }
  /** A word at a fixed address. */
  | { readonly kind: 'slot' }
  /** One of the distances to the cases of a switch, or so says the instruction: its own function's code. */
  | { readonly kind: 'cases' }
  /** One of the addresses in a table, which a register points to if it is not said where: cases, or functions. */
  | { readonly kind: 'addresses'; readonly table: number | undefined };

/** A store at a distance from rbp or rsp. Registers have DWARF's numbers. */
export interface FrameStore {
  readonly base: number;
  readonly displacement: bigint;
  /** In bytes. */
  readonly size: number;
  /** The register whose low bytes are stored; undefined for a constant. */
  readonly register: number | undefined;
}

/** Reads the instructions of `code`, which lies at `start`, one after the other. */
export type ReadFlow = (code: Uint8Array, start: number) => readonly FlowInstruction[];
