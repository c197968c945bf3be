/**
 * A view of a thread's general registers: struct user_regs_struct (sys/user.h), wherever it lies in this process's
 * memory. Reading a thread's registers returns it, so that who uses them has read them. It allocates nothing.
 */
import { USER_REGISTERS_BYTES, UserRegister, type UserRegisterName } from '../../emulator/machine/state';

const WORD = 0x1_0000_0000;

/** The upper half of 2^53: a register below it is exact as a number. */
const EXACT = 0x20_0000;

export class Registers {
  /** The whole struct. */
  readonly bytes: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #i32: Int32Array;

  /** `offset`: of the struct in the memory, in bytes; a multiple of 8. */
  constructor(memory: ArrayBuffer, offset: number) {
    this.bytes = new Uint8Array(memory, offset, USER_REGISTERS_BYTES);
    this.#u32 = new Uint32Array(memory, offset, USER_REGISTERS_BYTES / 4);
    this.#i32 = new Int32Array(memory, offset, USER_REGISTERS_BYTES / 4);
  }

  /** RIP: behind INT3, when that was executed. */
  get ip(): number {
    return this.word(UserRegister.rip);
  }

  set ip(address: number) {
    this.setWord(UserRegister.rip, address);
  }

  /** RSP. */
  get sp(): number {
    return this.word(UserRegister.rsp);
  }

  /** The lower half of EFLAGS. */
  get flags(): number {
    return this.#u32[UserRegister.eflags >>> 2]!;
  }

  set flags(flags: number) {
    this.#u32[UserRegister.eflags >>> 2] = flags;
  }

  /** orig_rax: the number of the system call that the thread is in, -1 outside of any. */
  get systemCall(): number {
    return this.#i32[UserRegister.orig_rax >>> 2]!;
  }

  set systemCall(number: number) {
    this.setWord(UserRegister.orig_rax, number);
  }

  /** RAX: what the system call gave, an errno as a negative number. */
  get result(): number {
    return this.#i32[(UserRegister.rax >>> 2) + 1]! * WORD + this.#u32[UserRegister.rax >>> 2]!;
  }

  set result(value: number) {
    this.setWord(UserRegister.rax, value);
  }

  /** All 64 bits as a number: exact below 2^53, which user-space addresses are. */
  get(name: UserRegisterName): number {
    return this.word(UserRegister[name]);
  }

  /** `value`: a safe integer, which may be negative. */
  set(name: UserRegisterName, value: number): void {
    this.setWord(UserRegister[name], value);
  }

  /** The lower 32 bits, unsigned. */
  low(name: UserRegisterName): number {
    return this.#u32[UserRegister[name] >>> 2]!;
  }

  /** Sets the lower 32 bits alone. */
  setLow(name: UserRegisterName, value: number): void {
    this.#u32[UserRegister[name] >>> 2] = value;
  }

  /** Takes over all 64 bits of a register. */
  copy(name: UserRegisterName, from: Registers): void {
    const at = UserRegister[name];
    for (let byte = at; byte < at + 8; byte++) this.bytes[byte] = from.bytes[byte]!;
  }

  /** As {@link get}, by the offset in the struct. */
  word(field: number): number {
    return this.#u32[field >>> 2]! + this.#u32[(field >>> 2) + 1]! * WORD;
  }

  /** As {@link set}, by the offset in the struct. */
  setWord(field: number, value: number): void {
    this.#u32[field >>> 2] = value;
    this.#u32[(field >>> 2) + 1] = Math.floor(value / WORD);
  }

  /** Whether {@link word} is exact. */
  isExact(field: number): boolean {
    return this.#u32[(field >>> 2) + 1]! < EXACT;
  }
}
