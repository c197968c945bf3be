/**
 * The general-purpose registers and flags by name (Intel SDM vol. 1 §3.4), and where user_regs_struct and RFLAGS have
 * them.
 */

/** In the order of their encoding numbers. */
// prettier-ignore
export const GENERAL_REGISTERS = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
] as const;
export type GeneralRegister = (typeof GENERAL_REGISTERS)[number];

export const SEGMENT_REGISTERS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
export type SegmentRegister = (typeof SEGMENT_REGISTERS)[number];

/** Bit numbers in RFLAGS of the flags that programs compute with. */
export const FLAG_BITS = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, DF: 10, OF: 11, AC: 18 } as const;
export type Flag = keyof typeof FLAG_BITS;
export const FLAGS = Object.keys(FLAG_BITS) as readonly Flag[];

/** The six that arithmetic sets. */
export const STATUS_FLAGS = ['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'] as const satisfies readonly Flag[];

/** RFLAGS bits that affect the next instruction: trap after it, check the alignment of its operands. */
export const TRAP_FLAG = 1 << 8;
export const ALIGNMENT_CHECK_FLAG = 1 << 18;

/** `al`, `ah`, `ax`, `eax`, `rax`: what assembly calls `width` bits of a register; `high`: bits 8 to 15. */
export function registerName(register: GeneralRegister, width: number, high = false): string {
  if (width === 64) return register;
  if (/\d/.test(register)) return register + { 8: 'b', 16: 'w', 32: 'd' }[width as 8 | 16 | 32];
  const short = register.slice(1);
  if (width === 32) return `e${short}`;
  if (width === 16) return short;
  return short.endsWith('x') ? short.charAt(0) + (high ? 'h' : 'l') : `${short}l`;
}
