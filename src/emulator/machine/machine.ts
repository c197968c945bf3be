/** Where compiled functions find what they act on. */

/** Moves the operand between the target and the state. */
export interface Host {
  /**
   * Reads State.operandLength bytes of the target at State.operandAddress into State.operand; false if they can't all
   * be read.
   */
  load(): boolean;
  /** Writes them. All or nothing: if it gives false, memory is as it was, also where the operand lies on two pages. */
  store(): boolean;
}

export interface Machine {
  readonly memory: WebAssembly.Memory;
  /** Of the {@link State} in the memory, in bytes. */
  readonly stateOffset: number;
  readonly host: Host;
}

/**
 * 0: done. 1: step aside; the registers in the state are those with which the thread shall run the instruction itself.
 * Those are the ones it had, but for a repeated string instruction of which a part is done.
 */
export type Execute = () => 0 | 1;
