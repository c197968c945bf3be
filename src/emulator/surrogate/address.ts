/**
 * Where a memory operand lies, from the registers of a thread: the sum of {@link effectiveAddress}, for plans, which
 * are not compiled.
 */
import { type MemoryOperand } from '../decode/instruction';
import { State, UserRegister, type UserRegisterName } from '../machine/state';

export interface OperandAddress {
  /** Within the segment: what the x87 remembers. */
  readonly effective: bigint;
  readonly linear: bigint;
}

/** `state`: a {@link State} whose registers are as INT3 left them; `length`: of the instruction, in bytes. */
export function operandAddress(operand: MemoryOperand, length: number, state: DataView): OperandAddress {
  const value = (name: UserRegisterName) => state.getBigUint64(State.registers + UserRegister[name], true);
  let sum = operand.displacement;
  if (operand.base === 'rip') sum += value('rip') + BigInt(length - 1);
  else if (operand.base !== undefined) sum += value(operand.base);
  if (operand.index !== undefined) sum += value(operand.index) * BigInt(operand.scale);
  const effective = BigInt.asUintN(operand.addressSize, sum);
  const base = operand.segment === undefined ? 0n : value(`${operand.segment}_base`);
  return { effective, linear: BigInt.asUintN(64, base + effective) };
}
