/** Reversing the bytes of a value, shared by BSWAP and MOVBE. */
import { type Value } from '../ir/ir';
import { and, constant, or, shiftLeft, shiftRight } from '../ir/values';

/** Swaps neighbouring groups of 8, then 16, then 32 bits. */
const GROUPS = [
  { bits: 8, lower: 0x00ff00ff00ff00ffn },
  { bits: 16, lower: 0x0000ffff0000ffffn },
  { bits: 32, lower: 0x00000000ffffffffn },
];

/** `value` with its bytes in the opposite order; 16, 32 or 64 bits. */
export function byteSwap(value: Value): Value {
  return GROUPS.filter(({ bits }) => bits < value.width).reduce((swapped, { bits, lower }) => {
    const keep = constant(value.width, lower);
    return or(shiftLeft(and(swapped, keep), bits), and(shiftRight(swapped, bits), keep));
  }, value);
}
