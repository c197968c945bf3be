/** Single bits (BT, BTS, BTR, BTC) and counting them (BSF, BSR, TZCNT, LZCNT, POPCNT). */
import { type Value } from '../ir/ir';
import { type Family, type Lift, type Lifting } from '../ir/lift';
import {
  and,
  constant,
  countOnes,
  FALSE,
  isNotZero,
  isZero,
  leadingZeros,
  not,
  or,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  signExtend,
  subtract,
  trailingZeros,
  truncate,
  xor,
} from '../ir/values';

/** The bit goes to CF; `change` makes the new value from the old and a mask with that bit, if there is one. */
function bitTest(change?: (value: Value, bit: Value) => Value): Lift {
  return (lifting) => {
    const width = lifting.width(0);
    const index = lifting.read(1);
    const target = lifting.operand(0);
    const address = target.kind === 'memory' ? lifting.address(target, byteOffset(lifting, index)) : undefined;
    const value = address === undefined ? lifting.read(0) : lifting.load(address, width);

    const within = BigInt(width - 1);
    const count = index.op === 'constant' ? constant(width, index.value & within) : and(index, constant(width, within));
    if (change !== undefined) {
      const changed = change(value, shiftLeft(constant(width, 1), count));
      if (address === undefined) lifting.write(0, changed);
      else lifting.store(address, changed);
    }
    lifting.setFlags({ CF: truncate(shiftRight(value, count), 1) });
    lifting.undefine('OF', 'SF', 'AF', 'PF');
  };
}

/** A bit index in a register reaches beyond the operand, both ways; it moves the address by whole operands. */
function byteOffset(lifting: Lifting, index: Value): Value | undefined {
  if (index.op === 'constant') return undefined;
  const width = lifting.width(0);
  const operands = shiftRightSigned(signExtend(index, 64), Math.log2(width));
  return shiftLeft(operands, Math.log2(width / 8));
}

/**
 * BSF, BSR: if there is no bit, ZF is set and the destination keeps its value. Some processors clear the upper half of
 * a 32-bit destination then (Intel SDM vol. 2, BSF), so the thread does that itself.
 */
function bitScan(find: (value: Value) => Value): Lift {
  return (lifting) => {
    const value = lifting.read(1);
    if (value.width === 32) lifting.guard(isNotZero(value));
    lifting.write(0, find(value), isNotZero(value));
    lifting.setFlags({ ZF: isZero(value) });
    lifting.undefine('CF', 'OF', 'SF', 'AF', 'PF');
  };
}

function countZeros(count: (value: Value) => Value): Lift {
  return (lifting) => {
    const value = lifting.read(1);
    const zeros = count(value);
    lifting.write(0, zeros);
    lifting.setFlags({ CF: isZero(value), ZF: isZero(zeros) });
    lifting.undefine('OF', 'SF', 'AF', 'PF');
  };
}

export const bits: Family = {
  bt: bitTest(),
  bts: bitTest(or),
  btr: bitTest((value, bit) => and(value, not(bit))),
  btc: bitTest(xor),
  bsf: bitScan(trailingZeros),
  bsr: bitScan((value) => subtract(constant(value.width, value.width - 1), leadingZeros(value))),
  tzcnt: countZeros(trailingZeros),
  lzcnt: countZeros(leadingZeros),
  popcnt(lifting) {
    const value = lifting.read(1);
    lifting.write(0, countOnes(value));
    lifting.setFlags({ ZF: isZero(value), CF: FALSE, OF: FALSE, SF: FALSE, AF: FALSE, PF: FALSE });
  },
};
