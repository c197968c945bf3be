/** Which of its variants a value has: what its discriminant says. */
import { readBits } from '../../base/littleEndian';
import { type Member, type Variant, type VariantPart } from '../../debuginfo/model/model';
import { sizeOf } from '../typed/types';
import { missingAt, type Snapshot } from './snapshot';

/** The members of the variant that the value at `offset` has, or what it reads because that can't be told. */
export function liveVariant(part: VariantPart, value: Snapshot, offset: number): readonly Member[] | string {
  const { discriminant, variants } = part;
  const [first] = variants;
  if (discriminant === undefined) {
    return variants.length === 1 && first ? first.members : '<not available: nothing tells its variant>';
  }
  const bits = bitsOf(discriminant);
  if (bits === undefined) return '<not available: nothing tells its variant>';
  const start = offset * 8 + bits.offset;
  const from = Math.floor(start / 8);
  const missing = missingAt(value, from, Math.ceil((start + bits.size) / 8) - from);
  if (missing !== undefined) return missing;
  const number = readBits(value.bytes, start, bits.size, false);
  const isNamed = ({ values }: Variant) => values?.some(({ low, high }) => number >= low && number <= high);
  const live = variants.find(isNamed) ?? variants.find(({ values }) => values === undefined);
  return live?.members ?? `<no variant: its discriminant is ${number}>`;
}

/** Where the discriminant is in the structure. */
function bitsOf({ bits, byteOffset, type }: Member): { readonly offset: number; readonly size: number } | undefined {
  const size = sizeOf(type);
  if (bits !== undefined) return bits;
  return typeof byteOffset === 'number' && size !== undefined ? { offset: byteOffset * 8, size: size * 8 } : undefined;
}
