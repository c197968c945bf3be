/** Where compiled functions find what they act on. */

/** Moves the operand between the target and the state. */
export interface Host {
  /**
   * Reads State.operandLength bytes of the target at State.operandAddress into State.operand; false if they can't all
   * be read.
   */
  load(): boolean;
  /** Writes them. All or nothing: if it returns false, memory is unchanged, even if the operand spans two pages. */
  store(): boolean;
}

export interface Machine {
  readonly memory: WebAssembly.Memory;
  /** Of the {@link State} in the memory, in bytes. */
  readonly stateOffset: number;
  readonly host: Host;
}

/**
 * 0: done. 1: step aside; the thread must run the instruction itself, with the registers in the state. These are its
 * own, except after some rounds of a repeated string instruction.
 */
export type Execute = () => 0 | 1;
