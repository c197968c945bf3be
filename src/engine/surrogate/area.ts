/**
 * The surrogate's own memory in this process: what goes to the scratch process and what comes back. Like the arena it
 * is a WebAssembly memory because that has an address that never changes.
 */
import { addressOf } from '../linux/libc';
import { Registers } from '../tracing/registers';

/** Offsets, in bytes. */
export const AreaLayout = {
  /** struct user_regs_struct, as the scratch process starts with it and as it ends. */
  registers: 0,
  /** Three struct iovec: the extended state, and both sides of a transfer of operand bytes. */
  extendedVector: 256,
  localVector: 272,
  remoteVector: 288,
  /** A set of processors (sched_setaffinity(2)). */
  processors: 512,
  processorsBytes: 1024,
  /** The operand of a second run. */
  operand: 2048,
  /** The thread's extended state, and what it became. */
  before: 4096,
  after: 34816,
  /** Of either. Today's largest is 11 KB, with AMX. */
  extendedCapacity: 30720,
} as const;

export class Area {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  readonly u8 = new Uint8Array(this.#memory.buffer);
  readonly view = new DataView(this.#memory.buffer);
  /** At {@link AreaLayout.registers}. */
  readonly registers = new Registers(this.#memory.buffer, AreaLayout.registers);
  readonly #base = addressOf(this.u8);

  /** Of an offset, for system calls. */
  address(offset: number): number {
    return this.#base + offset;
  }

  /** Writes the struct iovec for `length` bytes at `address`, of whichever process; returns its own address. */
  describe(vector: number, address: number, length: number): number {
    this.view.setBigUint64(vector, BigInt(address), true);
    this.view.setBigUint64(vector + 8, BigInt(length), true);
    return this.address(vector);
  }

  bytes(offset: number, length: number): Buffer {
    return Buffer.from(this.#memory.buffer, offset, length);
  }
}
