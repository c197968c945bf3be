/**
 * The sixteen conditions (Intel SDM vol. 1 appendix B) and what depends on them: SETcc, CMOVcc. Jumps are in control.
 */
import { type Family } from '../ir/lift';
import { type Value } from '../ir/ir';
import { flag, not, or, select, xor, zeroExtend } from '../ir/values';

const { CF, PF, ZF, SF, OF } = {
  CF: flag('CF'),
  PF: flag('PF'),
  ZF: flag('ZF'),
  SF: flag('SF'),
  OF: flag('OF'),
};
const less = xor(SF, OF);

/** By the suffix that iced uses. */
const CONDITIONS: Readonly<Record<string, Value>> = {
  o: OF,
  no: not(OF),
  b: CF,
  ae: not(CF),
  e: ZF,
  ne: not(ZF),
  be: or(CF, ZF),
  a: not(or(CF, ZF)),
  s: SF,
  ns: not(SF),
  p: PF,
  np: not(PF),
  l: less,
  ge: not(less),
  le: or(ZF, less),
  g: not(or(ZF, less)),
};

/** One entry for each condition, `prefix` before its suffix. */
export function forEachCondition(prefix: string, lift: (condition: Value) => Family[string]): Family {
  return Object.fromEntries(
    Object.entries(CONDITIONS).map(([suffix, condition]) => [prefix + suffix, lift(condition)]),
  );
}

export const conditions: Family = {
  ...forEachCondition('set', (condition) => (lifting) => lifting.write(0, zeroExtend(condition, 8))),
  // The source is read whatever the condition, so a fault doesn't depend on it; nor does the upper half that 32 bits
  // clear.
  ...forEachCondition('cmov', (condition) => (lifting) => {
    const source = lifting.read(1);
    if (source.width === 32) lifting.write(0, select(condition, source, lifting.read(0)));
    else lifting.write(0, source, condition);
  }),
};
