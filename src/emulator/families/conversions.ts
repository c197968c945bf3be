/** Sign extension of the accumulator: CBW, CWDE, CDQE within RAX; CWD, CDQ, CQO into RDX. */
import { type RegisterWidth } from '../ir/ir';
import { type Family, type Lift } from '../ir/lift';
import { register, shiftRightSigned, signExtend } from '../ir/values';

function widen(from: RegisterWidth, to: RegisterWidth): Lift {
  return (lifting) => lifting.set('rax', signExtend(register('rax', from), to));
}

function spreadSign(width: RegisterWidth): Lift {
  return (lifting) => lifting.set('rdx', shiftRightSigned(register('rax', width), width - 1));
}

export const conversions: Family = {
  cbw: widen(8, 16),
  cwde: widen(16, 32),
  cdqe: widen(32, 64),
  cwd: spreadSign(16),
  cdq: spreadSign(32),
  cqo: spreadSign(64),
};
