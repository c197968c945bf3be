/** How results set the status flags (Intel SDM vol. 1 §3.4.3.1): one place for all families. */
import { type Value } from '../ir/ir';
import { type Flag } from '../machine/registers';
import { and, below, bit, FALSE, isZero, not, or, parity, signBit, xor } from '../ir/values';

type Flags = Partial<Record<Flag, Value>>;

/** Those that depend on the result alone. */
export function resultFlags(result: Value): Flags {
  return { ZF: isZero(result), SF: signBit(result), PF: parity(result) };
}

/** AND, OR, XOR, TEST; AF is undefined. */
export function logicFlags(result: Value): Flags {
  return { ...resultFlags(result), CF: FALSE, OF: FALSE };
}

/** Of `left + right`, without the carry flag, as INC has it. */
export function incrementFlags(left: Value, right: Value, result: Value): Flags {
  return {
    ...resultFlags(result),
    AF: bit(xor(xor(left, right), result), 4),
    OF: signBit(and(xor(left, result), xor(right, result))),
  };
}

/** Of `left - right`, without the carry flag, as DEC has it. */
export function decrementFlags(left: Value, right: Value, result: Value): Flags {
  return {
    ...resultFlags(result),
    AF: bit(xor(xor(left, right), result), 4),
    OF: signBit(and(xor(left, right), xor(left, result))),
  };
}

export function addFlags(left: Value, right: Value, result: Value): Flags {
  return { ...incrementFlags(left, right, result), CF: below(result, left) };
}

/** Of `left + right + CF`: a carry comes out where both have a one, or one has and the sum lost it. */
export function addWithCarryFlags(left: Value, right: Value, result: Value): Flags {
  const carries = or(and(left, right), and(or(left, right), not(result)));
  return { ...incrementFlags(left, right, result), CF: signBit(carries) };
}

export function subtractFlags(left: Value, right: Value, result: Value): Flags {
  return { ...decrementFlags(left, right, result), CF: below(left, right) };
}

/** Of `left - right - CF`. */
export function subtractWithBorrowFlags(left: Value, right: Value, result: Value): Flags {
  const borrows = or(and(not(left), right), and(or(not(left), right), result));
  return { ...decrementFlags(left, right, result), CF: signBit(borrows) };
}
