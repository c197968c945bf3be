/**
 * The state that compiled instructions act on: one thread's registers and one memory operand, at fixed places of a
 * WebAssembly memory. ptrace(2) and process_vm_readv(2) fill the very same bytes, so nothing is copied or converted
 * between the kernel and the emulator.
 */

/** Offsets within the state, in bytes. */
export const State = {
  /** struct user_regs_struct (sys/user.h), 27 × u64, as PTRACE_GETREGS fills it. */
  registers: 0,
  /**
   * A struct iovec (u64 base, u64 length): the operand's place in the target's memory, ready to be passed to
   * process_vm_readv.
   */
  operandAddress: 216,
  operandLength: 224,
  /** The operand's bytes, loaded or to be stored. */
  operand: 256,
  operandCapacity: 4096,
  /** Size of the whole state. */
  bytes: 256 + 4096,
} as const;

/** Field offsets in struct user_regs_struct, in bytes. */
// prettier-ignore
export const UserRegister = {
  r15: 0, r14: 8, r13: 16, r12: 24, rbp: 32, rbx: 40, r11: 48, r10: 56, r9: 64, r8: 72, rax: 80, rcx: 88, rdx: 96, rsi: 104, rdi: 112,
  orig_rax: 120, rip: 128, cs: 136, eflags: 144, rsp: 152, ss: 160, fs_base: 168, gs_base: 176, ds: 184, es: 192, fs: 200, gs: 208,
} as const;

export type UserRegisterName = keyof typeof UserRegister;

export const USER_REGISTERS_BYTES = 216;
