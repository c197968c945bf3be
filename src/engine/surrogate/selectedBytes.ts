/**
 * Masked stores. An instruction like VMASKMOVPS or VMOVUPS with a mask writes those bytes of its operand that the mask
 * selects, and the others must not be touched: another thread may be writing them, or there may be no memory. Which
 * ones they are needs no knowledge of the instruction: run over bytes of zeros and then over bytes of ones, it leaves
 * equal bytes where it wrote.
 */

/** What lies in the operand before the first run, and before the second. */
export const FILLS = [0x00, 0xff] as const;

export interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** The parts of an operand that were written, in their order, from what the two runs left. */
export function selectedPieces(first: Uint8Array, second: Uint8Array): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let offset = 0; offset < first.length; offset++) {
    const start = offset;
    while (offset < first.length && first[offset] === second[offset]) offset++;
    if (offset > start) pieces.push({ offset: start, length: offset - start });
  }
  return pieces;
}
