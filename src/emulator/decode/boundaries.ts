/**
 * Whether an address is the start of an instruction. x86 code reads differently from every byte on, so this can only be
 * told by decoding from an address that is a start for certain, such as a function's.
 */
import { instructionLength, disassemble } from './decode';

/** An instruction that begins in front of an address and ends behind it. */
export interface Straddling {
  readonly address: bigint;
  readonly instruction: string;
}

/**
 * The instruction in whose middle `address` lies; `undefined` if it is a start, or if what lies between is not all
 * code. `text`: the bytes from `start` on, at least up to the end of the instruction that is at or around `address`.
 */
export function straddling(text: Uint8Array, start: bigint, address: bigint): Straddling | undefined {
  for (let at = start; at < address;) {
    const bytes = text.subarray(Number(at - start));
    const length = instructionLength(bytes);
    if (length === 0) return undefined;
    const next = at + BigInt(length);
    if (next > address) return { address: at, instruction: disassemble(bytes, at) };
    at = next;
  }
  return undefined;
}
