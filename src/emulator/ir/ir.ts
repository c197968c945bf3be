/**
 * Micro-operations: what an instruction does, as data. The function that runs at a hit (compile), the effects (effects)
 * and a text for people (listing) are all derived from this list.
 *
 * **An instruction is a simultaneous assignment.** Every value is computed from the state before the instruction. Loads
 * and guards come first, then the store, then register writes, in the order of the list. If a load, guard or store
 * fails, nothing has changed.
 *
 * Values are expressions with explicit widths, pure except for loaded values. An object that is used in several places
 * is computed once.
 */
import { type Flag, type GeneralRegister, type SegmentRegister } from '../machine/registers';

/** In bits; 1 for truth values and flags. */
export type Width = 1 | 8 | 16 | 32 | 64;

export type RegisterWidth = 8 | 16 | 32 | 64;

/** Results are modulo 2^width. Shift counts are taken modulo 64; bits shifted beyond the width are lost. */
export type BinaryOperator =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'and'
  | 'or'
  | 'xor'
  | 'shiftLeft'
  | 'shiftRight'
  | 'shiftRightSigned'
  /** Unsigned. The divisor must not be 0: guard before. */
  | 'divide'
  | 'remainder';

/** Functions of 64-bit values that are too long to be expressions; narrower arguments are zero-extended. */
export type RuntimeFunction =
  /** (left, right): the upper half of the unsigned 128-bit product. */
  | 'multiplyHigh'
  /** (high, low, divisor): of the unsigned dividend high:low. High must be below the divisor: guard before. */
  | 'quotient128'
  /** (source, mask): PDEP and PEXT. */
  | 'depositBits'
  | 'extractBits'
  /** (checksum, data, bits of the data): CRC-32C, the checksum of 32 bits. */
  | 'crc32';

/** Width 1 from two values of equal width. */
export type Comparison = 'equal' | 'below';

export type UnaryOperator =
  | 'not'
  | 'negate'
  /** Of a value 0: its width. */
  | 'leadingZeros'
  | 'trailingZeros'
  | 'countOnes'
  /** To a wider width, or the lower bits of it. */
  | 'zeroExtend'
  | 'signExtend'
  | 'truncate'
  /** Width 1: whether the lowest byte has an even number of ones. */
  | 'parity';

export type Value =
  | { readonly op: 'constant'; readonly width: Width; readonly value: bigint }
  | {
      readonly op: 'register';
      readonly width: RegisterWidth;
      readonly register: GeneralRegister;
      /** Bits 8 to 15 (width 8). */
      readonly high: boolean;
    }
  | { readonly op: 'segmentBase'; readonly width: 64; readonly segment: 'fs' | 'gs' }
  | { readonly op: 'selector'; readonly width: 16; readonly segment: SegmentRegister }
  | { readonly op: 'flag'; readonly width: 1; readonly flag: Flag }
  /** RFLAGS whole. */
  | { readonly op: 'flags'; readonly width: 64 }
  /** The address after the instruction. */
  | { readonly op: 'next'; readonly width: 64 }
  | { readonly op: 'loaded'; readonly width: RegisterWidth; readonly name: string }
  | { readonly op: UnaryOperator; readonly width: Width; readonly value: Value }
  | { readonly op: BinaryOperator; readonly width: Width; readonly left: Value; readonly right: Value }
  | { readonly op: Comparison; readonly width: 1; readonly left: Value; readonly right: Value }
  | {
      readonly op: 'select';
      readonly width: Width;
      readonly condition: Value;
      readonly whenTrue: Value;
      readonly whenFalse: Value;
    }
  | {
      readonly op: 'call';
      readonly width: RegisterWidth;
      readonly name: RuntimeFunction;
      readonly arguments: readonly Value[];
    };

export type LoadedValue = Extract<Value, { op: 'loaded' }>;

export type Statement =
  /** Reads consecutive values from memory. */
  | { readonly kind: 'load'; readonly address: Value; readonly into: readonly LoadedValue[] }
  /** Steps aside unless the condition (width 1) holds: the thread must run the instruction itself. */
  | { readonly kind: 'guard'; readonly condition: Value }
  /** Writes consecutive values to memory. At most one, after all loads and guards. */
  | { readonly kind: 'store'; readonly address: Value; readonly values: readonly Value[] }
  /**
   * 32 bits clear the upper half, 8 and 16 keep the other bits (Intel SDM vol. 1 §3.4.1.1). With `when`: only if it
   * holds.
   */
  | {
      readonly kind: 'setRegister';
      readonly register: GeneralRegister;
      readonly width: RegisterWidth;
      readonly high: boolean;
      readonly value: Value;
      readonly when: Value | undefined;
    }
  | { readonly kind: 'setFlag'; readonly flag: Flag; readonly value: Value; readonly when: Value | undefined }
  /** Architecturally undefined afterwards; left as they are. */
  | { readonly kind: 'undefine'; readonly flags: readonly Flag[] }
  /** RIP becomes the target instead of the next instruction's address. */
  | { readonly kind: 'jump'; readonly target: Value }
  /**
   * A whole repeated string instruction; only guards may precede it. It repeats the body, an assignment of its own that
   * decrements RCX, while RCX is not 0 and `until` (checked after each round) doesn't hold. After a failure in a round,
   * the earlier rounds are done; with `until`, nothing is done, because processors differ in the flags that a fault
   * leaves, those before the instruction or those of the last round (Intel SDM vol. 2, REP, against what AMD's do).
   */
  | {
      readonly kind: 'repeat';
      readonly body: MicroOperations;
      /** How much of RCX counts: the address size. */
      readonly counter: 32 | 64;
      readonly until: Value | undefined;
      /** Many rounds of the body at once, if that is possible. */
      readonly block: Block | undefined;
    };

/**
 * What many rounds of MOVS or STOS do together while DF is 0: `bytes` a round. RDI, and for a copy RSI, advance as the
 * rounds would advance them.
 */
export type Block =
  | { readonly kind: 'copy'; readonly from: Value; readonly to: Value; readonly bytes: number }
  | { readonly kind: 'fill'; readonly to: Value; readonly value: Value; readonly bytes: number };

export type MicroOperations = readonly Statement[];

/** The values that a value is computed from. */
export function operandsOf(value: Value): readonly Value[] {
  if ('value' in value && typeof value.value === 'object') return [value.value];
  if ('left' in value) return [value.left, value.right];
  if (value.op === 'select') return [value.condition, value.whenTrue, value.whenFalse];
  return value.op === 'call' ? value.arguments : [];
}

/**
 * The values that a statement uses, outermost ones only; none for a repetition, whose rounds are statements of their
 * own.
 */
export function valuesOf(statement: Statement): readonly Value[] {
  switch (statement.kind) {
    case 'load':
      return [statement.address];
    case 'guard':
      return [statement.condition];
    case 'store':
      return [statement.address, ...statement.values];
    case 'setRegister':
    case 'setFlag':
      return statement.when === undefined ? [statement.value] : [statement.value, statement.when];
    case 'undefine':
    case 'repeat':
      return [];
    case 'jump':
      return [statement.target];
  }
}
