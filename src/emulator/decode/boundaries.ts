/**
 * Whether an address is the start of an instruction. x86 code decodes differently from every byte, so the only way to
 * know is to decode from an address that certainly is a start, such as a function's.
 */
import { instructionLength, disassemble } from './decode';

/** An instruction that begins before an address and ends after it. */
export interface Straddling {
  readonly address: bigint;
  readonly instruction: string;
}

/**
 * The instruction that `address` lies inside; `undefined` if it is a start, or if the bytes in between are not all
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
