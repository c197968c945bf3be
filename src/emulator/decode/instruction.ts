/**
 * A decoded instruction as plain data: everything that lifting needs, without the decoder's objects. Everything that
 * depends on the instruction's address is relative to the address after it, so that equal bytes give equal records.
 */
import { type Flag, type GeneralRegister, type SegmentRegister } from '../machine/registers';

export interface RegisterOperand {
  readonly kind: 'register';
  readonly register: GeneralRegister;
  /** In bits. */
  readonly width: 8 | 16 | 32 | 64;
  /** ah, ch, dh, bh: bits 8 to 15. */
  readonly high: boolean;
}

export interface ImmediateOperand {
  readonly kind: 'immediate';
  /** Already extended to `width` as the instruction does it; 0 … 2^width-1. */
  readonly value: bigint;
  readonly width: 8 | 16 | 32 | 64;
}

export interface MemoryOperand {
  readonly kind: 'memory';
  /** In bits; 0 if nothing is accessed (lea, nop). */
  readonly width: number;
  /** Only these two have a base other than 0 in 64-bit mode. */
  readonly segment: 'fs' | 'gs' | undefined;
  readonly base: GeneralRegister | 'rip' | undefined;
  readonly index: GeneralRegister | undefined;
  readonly scale: 1 | 2 | 4 | 8;
  /** Signed. With base `rip`: from the address after the instruction. */
  readonly displacement: bigint;
  readonly addressSize: 32 | 64;
}

/** The target of a direct branch. */
export interface TargetOperand {
  readonly kind: 'target';
  /** Bytes from the address after the instruction. */
  readonly displacement: bigint;
}

export interface SegmentOperand {
  readonly kind: 'segment';
  readonly register: SegmentRegister;
}

/** A register of another kind: vector, x87, mask, control… */
export interface OtherOperand {
  readonly kind: 'other';
}

export type Operand =
  RegisterOperand | ImmediateOperand | MemoryOperand | TargetOperand | SegmentOperand | OtherOperand;

export interface Instruction {
  /** Lower case; instructions of one name may take quite different operands (movsd). */
  readonly mnemonic: string;
  /** The exact form, by iced's name for it: `Add_rm32_imm8`. */
  readonly code: string;
  /** In bytes. */
  readonly length: number;
  readonly operands: readonly Operand[];
  readonly lock: boolean;
  readonly repeat: 'rep' | 'repne' | undefined;
  /** 66 without REX.W: a 16-bit operand where the form has one. */
  readonly operandSizePrefix: boolean;
  readonly privileged: boolean;
  /** Changes cs: far call, jump or return, iret. */
  readonly far: boolean;
  /** One operand is a vector of addresses. */
  readonly gather: boolean;
  /** Architecturally undefined afterwards. */
  readonly undefinedFlags: readonly Flag[];
}
