/** Arrays and their lengths (DWARF 5 §5.5, §5.13). */
import { AT, TAG } from '../dwarf/constants';
import { type Entry } from '../dwarf/entry';
import { type RuntimeNumber, type Type } from '../model/model';
import { DwarfNumber } from './runtimeNumber';
import { type TypeSource } from './typeSource';

export function readArray(types: TypeSource, entry: Entry): Type {
  const counts: (number | RuntimeNumber | undefined)[] = [];
  for (const dimension of entry.children()) {
    if (dimension.tag === TAG.subrange_type || dimension.tag === TAG.enumeration_type) counts.push(countOf(dimension));
  }
  const stated = entry.unsigned(AT.byte_size);
  return {
    kind: 'array',
    counts,
    ...(entry.flag(AT.GNU_vector) && { isVector: true as const }),
    get element() {
      return types.typeOf(entry);
    },
    get byteSize() {
      return stated ?? productOf(counts, types.sizeOf(entry));
    },
  };
}

/** Elements of one dimension; undefined when nobody says. */
function countOf(dimension: Entry): number | RuntimeNumber | undefined {
  const count = dimension.attribute(AT.count);
  if (count) {
    const known = count.constant();
    if (known === undefined) return runtimeNumber(dimension, AT.count, 0n);
    // No array has fewer than no elements; what says so does not know.
    return known < 0n ? undefined : Number(known);
  }
  // The lower bound is 0 in every language that gets here. An upper bound of -1 is gcc's `[0]`.
  const upper = dimension.attribute(AT.upper_bound);
  const known = upper?.constant();
  if (known === undefined) return upper && runtimeNumber(dimension, AT.upper_bound, 1n);
  return known > 0xffff_ffff_ffffn ? 0 : Math.max(0, Number(known) + 1);
}

function runtimeNumber(entry: Entry, attribute: number, addend: bigint): RuntimeNumber {
  return new DwarfNumber(entry, attribute, { addend, onObject: false });
}

function productOf(
  counts: readonly (number | RuntimeNumber | undefined)[],
  size: number | undefined,
): number | undefined {
  let product = size;
  for (const count of counts) {
    product = product === undefined || typeof count !== 'number' ? undefined : product * count;
  }
  return product;
}
