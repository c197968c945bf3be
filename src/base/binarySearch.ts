/**
 * The one binary search: what is searched is anything that indices lead to, so that columns and files need no copies.
 */

/**
 * The first of the indices 0 … `length` - 1 at which `isBefore` no longer holds; `length` when it holds at all. It must
 * hold up to some index and nowhere from there on.
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

/** The first of the sorted `items` for which `isBefore` no longer holds: its index; `items.length` where it holds for all. */
export function partitionPointOf<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  return partitionPoint(items.length, (index) => isBefore(items[index] as T));
}
