/**
 * Rows of the table that call frame information stands for (DWARF 5 §6.4.1): how to find the caller's registers where
 * the program counter is in [low, high).
 */

/** How to compute the canonical frame address: a register plus an offset, or an expression that leaves it. */
export type CfaRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: number }
  | { readonly kind: 'expression'; readonly expression: Uint8Array };

/** Where the caller's value of a register is. Offsets are in bytes. */
export type RegisterRule =
  /** It can't be recovered. */
  | { readonly kind: 'undefined' }
  /** It is still in the register. */
  | { readonly kind: 'sameValue' }
  /** In memory at CFA + offset. */
  | { readonly kind: 'offset'; readonly offset: number }
  /** It is CFA + offset. */
  | { readonly kind: 'valueOffset'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number }
  /** In memory at the address that the expression leaves, which begins with the CFA on its stack. */
  | { readonly kind: 'expression'; readonly expression: Uint8Array }
  /** It is what the expression leaves. */
  | { readonly kind: 'valueExpression'; readonly expression: Uint8Array }
  /**
   * Nothing is said: the ABI rules. By the System V ABI for x86-64 (§3.2.1) rbx, rbp and r12 to r15 are still in their
   * registers, rsp is the CFA, and the others can't be recovered.
   */
  | { readonly kind: 'architectural' };

export interface UnwindRow {
  /** Link-time addresses that the row holds for: [low, high). */
  readonly low: number;
  readonly high: number;
  /** Undefined where instructions define none. */
  readonly cfa: CfaRule | undefined;
  /** By DWARF register number; what is not in it is `architectural`. */
  readonly rules: ReadonlyMap<number, RegisterRule>;
  /** The DWARF register whose rule gives the return address. */
  readonly returnRegister: number;
  /** The frame was interrupted (augmentation S): it returns to the instruction to run, not to the one after a call. */
  readonly isSignalFrame: boolean;
}

const ARCHITECTURAL: RegisterRule = { kind: 'architectural' };

export function ruleOf({ rules }: Pick<UnwindRow, 'rules'>, register: number): RegisterRule {
  return rules.get(register) ?? ARCHITECTURAL;
}
