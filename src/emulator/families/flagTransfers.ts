/** Single flags (CLC, STC, CMC, CLD, STD) and flags moved to and from AH and the stack (LAHF, SAHF, PUSHF, POPF). */
import { type Value } from '../ir/ir';
import { type Family, type Lifting } from '../ir/lift';
import { FLAG_BITS, FLAGS, type Flag } from '../machine/registers';
import {
  and,
  bit,
  constant,
  FALSE,
  flag,
  isZero,
  not,
  or,
  register,
  shiftLeft,
  TRUE,
  truncate,
  wholeFlags,
  xor,
  zeroExtend,
} from '../ir/values';
import { push, stackPointerPlus } from './stack';

/** The flags of the lowest byte. */
const LAHF_FLAGS: readonly Flag[] = ['CF', 'PF', 'AF', 'ZF', 'SF'];

/** Bit 1 of RFLAGS is always set. */
const RESERVED_ONE = 2;

/** RF and VM read as 0 (Intel SDM vol. 2, PUSHF). */
const PUSHED = constant(64, ~((1n << 16n) | (1n << 17n)));

/** TF must trap in the thread itself; PTRACE_SETREGS does not set NT and ID (FLAG_MASK in arch/x86/kernel/ptrace.c). */
const OUT_OF_REACH = (1n << 8n) | (1n << 14n) | (1n << 21n);

function flagsFrom(value: Value, flags: readonly Flag[]): Partial<Record<Flag, Value>> {
  return Object.fromEntries(flags.map((name) => [name, bit(value, FLAG_BITS[name])]));
}

function width(lifting: Lifting): 16 | 64 {
  return lifting.instruction.operandSizePrefix ? 16 : 64;
}

export const flagTransfers: Family = {
  clc: (lifting) => lifting.setFlags({ CF: FALSE }),
  stc: (lifting) => lifting.setFlags({ CF: TRUE }),
  cmc: (lifting) => lifting.setFlags({ CF: not(flag('CF')) }),
  cld: (lifting) => lifting.setFlags({ DF: FALSE }),
  std: (lifting) => lifting.setFlags({ DF: TRUE }),
  lahf(lifting) {
    const terms = LAHF_FLAGS.map((name) => shiftLeft(zeroExtend(flag(name), 8), FLAG_BITS[name]));
    lifting.set('rax', terms.reduce(or, constant(8, RESERVED_ONE)), { high: true });
  },
  sahf: (lifting) => lifting.setFlags(flagsFrom(register('rax', 8, true), LAHF_FLAGS)),
  pushf,
  pushfq: pushf,
  popf,
  popfq: popf,
};

function pushf(lifting: Lifting): void {
  push(lifting, truncate(and(wholeFlags, PUSHED), width(lifting)));
}

function popf(lifting: Lifting): void {
  const bits = width(lifting);
  const popped = lifting.load(register('rsp'), bits);
  const outOfReach = constant(bits, OUT_OF_REACH);
  lifting.guard(isZero(and(xor(popped, truncate(wholeFlags, bits)), outOfReach)));
  lifting.set('rsp', stackPointerPlus(bits / 8));
  lifting.setFlags(
    flagsFrom(
      popped,
      FLAGS.filter((name) => FLAG_BITS[name] < bits),
    ),
  );
}
