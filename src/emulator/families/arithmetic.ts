/** Addition, subtraction, comparison, increment, negation; XADD and the three CMPXCHG without LOCK. */
import { type Value } from '../ir/ir';
import { type Family, type Lifting } from '../ir/lift';
import {
  add,
  and,
  constant,
  equal,
  flag,
  isZero,
  negate,
  not,
  register,
  select,
  subtract,
  zeroExtend,
} from '../ir/values';
import {
  addFlags,
  addWithCarryFlags,
  decrementFlags,
  incrementFlags,
  subtractFlags,
  subtractWithBorrowFlags,
} from './arithmeticFlags';

export const arithmetic: Family = {
  add(lifting) {
    const [left, right] = [lifting.read(0), lifting.read(1)];
    const sum = add(left, right);
    lifting.write(0, sum);
    lifting.setFlags(addFlags(left, right, sum));
  },
  adc(lifting) {
    const [left, right] = [lifting.read(0), lifting.read(1)];
    const sum = add(add(left, right), zeroExtend(flag('CF'), left.width));
    lifting.write(0, sum);
    lifting.setFlags(addWithCarryFlags(left, right, sum));
  },
  sub(lifting) {
    const [left, right] = [lifting.read(0), lifting.read(1)];
    const difference = subtract(left, right);
    lifting.write(0, difference);
    lifting.setFlags(subtractFlags(left, right, difference));
  },
  sbb(lifting) {
    const [left, right] = [lifting.read(0), lifting.read(1)];
    const difference = subtract(subtract(left, right), zeroExtend(flag('CF'), left.width));
    lifting.write(0, difference);
    lifting.setFlags(subtractWithBorrowFlags(left, right, difference));
  },
  cmp(lifting) {
    const [left, right] = [lifting.read(0), lifting.read(1)];
    lifting.setFlags(subtractFlags(left, right, subtract(left, right)));
  },
  inc(lifting) {
    const value = lifting.read(0);
    const one = constant(value.width, 1);
    const sum = add(value, one);
    lifting.write(0, sum);
    lifting.setFlags(incrementFlags(value, one, sum));
  },
  dec(lifting) {
    const value = lifting.read(0);
    const one = constant(value.width, 1);
    const difference = subtract(value, one);
    lifting.write(0, difference);
    lifting.setFlags(decrementFlags(value, one, difference));
  },
  neg(lifting) {
    const value = lifting.read(0);
    const zero = constant(value.width, 0);
    const negated = negate(value);
    lifting.write(0, negated);
    lifting.setFlags({ ...subtractFlags(zero, value, negated), CF: not(isZero(value)) });
  },
  xadd(lifting) {
    const [target, source] = [lifting.read(0), lifting.read(1)];
    const sum = add(target, source);
    // The sum last: it wins where both operands are one register.
    lifting.write(1, target);
    lifting.write(0, sum);
    lifting.setFlags(addFlags(target, source, sum));
  },
  cmpxchg: compareAndExchange,
  cmpxchg8b: (lifting) => compareAndExchangePair(lifting, 32),
  cmpxchg16b(lifting) {
    // A general protection fault where the operand is not aligned.
    lifting.guard(isZero(and(lifting.address(lifting.memory(0)), constant(64, 15))));
    compareAndExchangePair(lifting, 64);
  },
};

function compareAndExchange(lifting: Lifting): void {
  const target = lifting.operand(0);
  const [current, replacement] = [lifting.read(0), lifting.read(1)];
  const expected = register('rax', lifting.width(0));
  const same = equal(expected, current);
  if (target.kind === 'memory') {
    // Memory is written in both cases (Intel SDM vol. 2, CMPXCHG).
    lifting.write(0, select(same, replacement, current));
    lifting.set('rax', current, { when: not(same) });
  } else if (target.kind === 'register' && target.register === 'rax' && !target.high) {
    // The accumulator compared with itself.
    lifting.write(0, replacement);
  } else {
    // Whether a comparison that fails clears the upper half of a 32-bit destination is up to the processor.
    if (current.width === 32) lifting.guard(same);
    lifting.write(0, replacement, same);
    lifting.set('rax', current, { when: not(same) });
  }
  lifting.setFlags(subtractFlags(expected, current, subtract(expected, current)));
}

/** EDX:EAX or RDX:RAX is expected, ECX:EBX or RCX:RBX replaces it. */
function compareAndExchangePair(lifting: Lifting, width: 32 | 64): void {
  const address = lifting.address(lifting.memory(0));
  const [low, high] = lifting.loadBlock(address, 2, width) as [Value, Value];
  const same = and(equal(register('rax', width), low), equal(register('rdx', width), high));
  // Memory is written in both cases (Intel SDM vol. 2, CMPXCHG8B).
  const replace = (current: Value, by: 'rbx' | 'rcx'): Value => select(same, register(by, width), current);
  lifting.store(address, replace(low, 'rbx'), replace(high, 'rcx'));
  lifting.set('rax', low, { when: not(same) });
  lifting.set('rdx', high, { when: not(same) });
  lifting.setFlags({ ZF: same });
}
