/** AND, OR, XOR, NOT, TEST. */
import { type Family, type Lift } from '../ir/lift';
import { type Value } from '../ir/ir';
import { and, not, or, xor } from '../ir/values';
import { logicFlags } from './arithmeticFlags';

export const logic: Family = {
  and: bitwise(and),
  or: bitwise(or),
  xor: bitwise(xor),
  not: (lifting) => lifting.write(0, not(lifting.read(0))),
  test(lifting) {
    lifting.setFlags(logicFlags(and(lifting.read(0), lifting.read(1))));
    lifting.undefine('AF');
  },
};

function bitwise(combine: (left: Value, right: Value) => Value): Lift {
  return (lifting) => {
    const result = combine(lifting.read(0), lifting.read(1));
    lifting.write(0, result);
    lifting.setFlags(logicFlags(result));
    lifting.undefine('AF');
  };
}
