/** PUSH, POP, ENTER, LEAVE, PUSHF, POPF. The stack's address size is always 64 bits in 64-bit mode (Intel SDM vol. 1 §6.2.2). */
import { type Value } from '../ir';
import { type Family, type Lifting } from '../lift';
import { add, constant, register, subtract, zeroExtend } from '../values';

const rsp = register('rsp');
const rbp = register('rbp');

/** Moves RSP by `bytes`. */
export function stackPointerPlus(bytes: number): Value {
  return bytes < 0 ? subtract(rsp, constant(64, -bytes)) : add(rsp, constant(64, bytes));
}

/** Stores a value below the stack and moves RSP there. */
export function push(lifting: Lifting, value: Value): void {
  const top = stackPointerPlus(-value.width / 8);
  lifting.store(top, value);
  lifting.set('rsp', top);
}

export const stack: Family = {
  push(lifting) {
    const operand = lifting.operand(0);
    // A segment register is pushed zero-extended.
    if (operand.kind === 'segment')
      push(lifting, zeroExtend(lifting.read(0), lifting.instruction.operandSizePrefix ? 16 : 64));
    else push(lifting, lifting.read(0));
  },
  pop(lifting) {
    const operand = lifting.operand(0);
    const width = lifting.width(0);
    const value = lifting.load(rsp, width);
    if (operand.kind === 'memory') {
      // The address is computed with RSP as it is after the pop (Intel SDM vol. 2, POP).
      const moved = operand.base === 'rsp' ? constant(64, width / 8) : undefined;
      lifting.store(lifting.address(operand, moved), value);
    }
    // RSP first: the popped value wins where RSP itself is popped.
    lifting.set('rsp', stackPointerPlus(width / 8));
    if (operand.kind === 'register') lifting.set(operand.register, value);
  },
  leave(lifting) {
    const width = lifting.instruction.operandSizePrefix ? 16 : 64;
    const frame = lifting.load(rbp, width);
    lifting.set('rsp', add(rbp, constant(64, width / 8)));
    lifting.set('rbp', frame);
  },
};
