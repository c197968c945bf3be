/**
 * What a name without template arguments is looked up by: what comes after its last dot or colon. Go writes
 * `main.(*List).Add` as one name, Rust `&std::io::Error`, and people type their ends.
 */
const [DOT, COLON] = ['.', ':'].map((sign) => sign.charCodeAt(0));

/** Where the key starts in the name between two offsets of `bytes`. */
export function keyStart(bytes: Uint8Array, from: number, to: number): number {
  for (let at = to - 1; at >= from; at--) if (bytes[at] === DOT || bytes[at] === COLON) return at + 1;
  return from;
}
