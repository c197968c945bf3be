/** Binary search. It works on indices, so callers can search columns and files without copying them. */

/**
 * The first index from 0 to `length` - 1 at which `isBefore` is false; `length` if it is true at all of them. It must
 * be true up to some index and false from there on.
 */
export function partitionPoint(length: number, isBefore: (index: number) => boolean, from = 0): number {
  let low = from;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** {@link partitionPoint} of the sorted `items` themselves. */
export function partitionPointOf<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  return partitionPoint(items.length, (index) => isBefore(items[index] as T));
}

/** The first of the sorted `numbers` that is not below `number`: its index, or the length. Makes no calls. */
export function partitionPointOfNumbers(numbers: Uint32Array, number: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
