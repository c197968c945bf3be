/**
 * PUSH, POP, ENTER, LEAVE, PUSHF, POPF. The stack's address size is always 64 bits in 64-bit mode (Intel SDM vol. 1
 * §6.2.2).
 */
import { assert } from '../../base/assert';
import { type RegisterWidth, type Value } from '../ir/ir';
import { type Family, type Lifting } from '../ir/lift';
import {
  add,
  below,
  constant,
  isZero,
  not,
  register,
  shiftRight,
  subtract,
  truncate,
  xor,
  zeroExtend,
} from '../ir/values';

/** Pages have 2^12 bytes. */
const PAGE_BITS = 12;

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
  enter,
  leave(lifting) {
    const width = lifting.instruction.operandSizePrefix ? 16 : 64;
    const frame = lifting.load(rbp, width);
    lifting.set('rsp', add(rbp, constant(64, width / 8)));
    lifting.set('rbp', frame);
  },
};

/**
 * Pushes RBP, then as many frame pointers of the enclosing functions as the nesting level says; faults if the new top
 * of the stack can't be written (Intel SDM vol. 2, ENTER). If the top is on the same page as the pushed values, it can
 * be written; otherwise the thread executes the instruction.
 */
function enter(lifting: Lifting): void {
  const [size, level] = [lifting.operand(0), lifting.operand(1)];
  assert(size.kind === 'immediate' && level.kind === 'immediate', 'ENTER has two constants');
  const width = lifting.instruction.operandSizePrefix ? 16 : 64;
  const bytes = width / 8;
  const nesting = Number(level.value % 32n);
  const frame = stackPointerPlus(-bytes);
  const bottom = stackPointerPlus(-bytes * (nesting + 1));
  const top = subtract(bottom, constant(64, size.value));
  lifting.guard(isZero(shiftRight(xor(top, bottom), PAGE_BITS)));
  const saved = register('rbp', width);
  if (nesting === 0) {
    lifting.store(bottom, saved);
  } else {
    const copied = enclosingFrames(lifting, nesting - 1, bottom, width);
    lifting.store(bottom, truncate(frame, width), ...copied, saved);
  }
  lifting.set('rbp', truncate(frame, width));
  lifting.set('rsp', top);
}

/**
 * The `count` values below RBP. They are pushed while being read; if the two areas overlap, the thread executes the
 * instruction itself.
 */
function enclosingFrames(lifting: Lifting, count: number, bottom: Value, width: RegisterWidth): readonly Value[] {
  if (count === 0) return [];
  const bytes = width / 8;
  const source = subtract(rbp, constant(64, bytes * count));
  const last = bytes * count - 1;
  const pushed = bytes * (count + 2);
  const distance = add(subtract(source, bottom), constant(64, last));
  lifting.guard(not(below(distance, constant(64, last + pushed))));
  return lifting.loadBlock(source, count, width);
}
