/**
 * What the x87 keeps about its last instruction: FIP, where it was; FDP, where its operand was; FOP, its opcode (Intel
 * SDM vol. 1 §8.1.8, §8.1.9). In the surrogate these belong to the moved instruction, and must be distinguished from
 * the thread's own.
 */

/**
 * The FOP of an instruction: the lower three bits of its escape opcode, then its ModRM byte. `undefined` for other
 * instructions.
 */
export function x87Opcode(code: Uint8Array): number | undefined {
  const at = code.findIndex((byte) => !isPrefix(byte));
  const opcode = code[at]!;
  const modRM = code[at + 1];
  return (opcode & 0xf8) === 0xd8 && modRM !== undefined ? ((opcode & 7) << 8) | modRM : undefined;
}

/** Legacy prefixes and REX (Intel SDM vol. 2 §2.1.1, §2.2.1). */
function isPrefix(byte: number): boolean {
  return LEGACY_PREFIXES.has(byte) || (byte & 0xf0) === 0x40;
}

const LEGACY_PREFIXES: ReadonlySet<number> = new Set([
  0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3,
]);

/** They store the pointers, and do not set them. */
export const X87_STORES_POINTERS: ReadonlySet<string> = new Set(['fnstenv', 'fnsave']);
