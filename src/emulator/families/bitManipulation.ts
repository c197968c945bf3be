/** BMI1, BMI2, ADX and CRC32 (Intel SDM vol. 2). Their shifts and MULX leave the flags alone. */
import { type RegisterWidth, type Value } from '../ir/ir';
import { type Family, type Lift } from '../ir/lift';
import { type Flag } from '../machine/registers';
import {
  add,
  and,
  below,
  call,
  constant,
  FALSE,
  flag,
  isNotZero,
  isZero,
  negate,
  not,
  or,
  select,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  signBit,
  subtract,
  truncate,
  xor,
  zeroExtend,
} from '../ir/values';
import { rotateRight } from './shifts';

/** The lowest `count` bits of `width`: all of them for a count of the width or more. `count`: 8 bits. */
function lowestOnes(count: Value, width: RegisterWidth): Value {
  const ones = subtract(shiftLeft(constant(width, 1), zeroExtend(count, width)), constant(width, 1));
  return select(below(count, constant(8, width)), ones, constant(width, -1n));
}

/** BLSI, BLSMSK, BLSR: the lowest one of the source, isolated, masked up to, or reset. */
function lowestOne(combine: (value: Value) => Value, carry: (value: Value) => Value): Lift {
  return (lifting) => {
    const value = lifting.read(1);
    const result = combine(value);
    lifting.write(0, result);
    lifting.setFlags({ ZF: isZero(result), SF: signBit(result), OF: FALSE, CF: carry(value) });
    lifting.undefine('AF', 'PF');
  };
}

function minusOne(value: Value): Value {
  return subtract(value, constant(value.width, 1));
}

function shiftWithoutFlags(shift: (value: Value, count: Value) => Value): Lift {
  return (lifting) => {
    const width = lifting.width(0);
    const count = and(lifting.read(2), constant(width, width - 1));
    lifting.write(0, shift(lifting.read(1), count));
  };
}

/** ADCX, ADOX: addition with a carry of its own flag, all others untouched. */
function addThrough(carry: Flag): Lift {
  return (lifting) => {
    const [left, right] = [lifting.read(0), lifting.read(1)];
    const sum = add(add(left, right), zeroExtend(flag(carry), left.width));
    lifting.write(0, sum);
    lifting.setFlags({ [carry]: signBit(or(and(left, right), and(or(left, right), not(sum)))) });
  };
}

export const bitManipulation: Family = {
  andn(lifting) {
    const result = and(not(lifting.read(1)), lifting.read(2));
    lifting.write(0, result);
    lifting.setFlags({ ZF: isZero(result), SF: signBit(result), OF: FALSE, CF: FALSE });
    lifting.undefine('AF', 'PF');
  },
  bextr(lifting) {
    const width = lifting.width(0);
    const control = lifting.read(2);
    const start = truncate(control, 8);
    const length = truncate(shiftRight(control, 8), 8);
    const shifted = shiftRight(lifting.read(1), zeroExtend(start, width));
    const field = and(shifted, lowestOnes(length, width));
    const result = select(below(start, constant(8, width)), field, constant(width, 0));
    lifting.write(0, result);
    lifting.setFlags({ ZF: isZero(result), CF: FALSE, OF: FALSE });
    lifting.undefine('AF', 'SF', 'PF');
  },
  blsi: lowestOne((value) => and(negate(value), value), isNotZero),
  blsmsk: lowestOne((value) => xor(minusOne(value), value), isZero),
  blsr: lowestOne((value) => and(minusOne(value), value), isZero),
  bzhi(lifting) {
    const width = lifting.width(0);
    const index = truncate(lifting.read(2), 8);
    const result = and(lifting.read(1), lowestOnes(index, width));
    lifting.write(0, result);
    const beyond = not(below(index, constant(8, width)));
    lifting.setFlags({ ZF: isZero(result), SF: signBit(result), CF: beyond, OF: FALSE });
    lifting.undefine('AF', 'PF');
  },
  pdep: (lifting) => lifting.write(0, call('depositBits', lifting.width(0), lifting.read(1), lifting.read(2))),
  pext: (lifting) => lifting.write(0, call('extractBits', lifting.width(0), lifting.read(1), lifting.read(2))),
  sarx: shiftWithoutFlags(shiftRightSigned),
  shlx: shiftWithoutFlags(shiftLeft),
  shrx: shiftWithoutFlags(shiftRight),
  rorx(lifting) {
    const count = zeroExtend(lifting.read(2), lifting.width(0));
    lifting.write(0, rotateRight(lifting.read(1), count));
  },
  adcx: addThrough('CF'),
  adox: addThrough('OF'),
  crc32(lifting) {
    const data = lifting.read(1);
    const checksum = truncate(lifting.read(0), 32);
    const result = call('crc32', 32, checksum, data, constant(64, data.width));
    lifting.write(0, zeroExtend(result, lifting.width(0)));
  },
};
