/**
 * What a name without template arguments is looked up by: what comes after its last dot. Go writes `main.(*List).Add` as
 * one name, and people type its end.
 */
const DOT = '.'.charCodeAt(0);

/** Where the key starts in the name between two offsets of `bytes`. */
export function keyStart(bytes: Uint8Array, from: number, to: number): number {
  for (let at = to - 1; at >= from; at--) if (bytes[at] === DOT) return at + 1;
  return from;
}
