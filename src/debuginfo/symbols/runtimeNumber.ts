/**
 * Numbers that debug information gives as an expression or as a variable (DWARF 5 §2.19): lengths of arrays, places of
 * virtual bases. A type holds where the number stands; what it is at an address, `Locations` says.
 */
import { type Entry } from '../dwarf/entry';
import { type RuntimeNumber } from '../model/model';

export class DwarfNumber implements RuntimeNumber {
  readonly kind = 'runtime';

  constructor(
    /** The entry that has the attribute. */
    readonly entry: Entry,
    readonly attribute: number,
    readonly use: {
      /** Added to what the attribute says. */
      readonly addend: bigint;
      /** The expression begins with the object's address on the stack (DWARF 5 §5.7.3). */
      readonly onObject: boolean;
    },
  ) {}
}
