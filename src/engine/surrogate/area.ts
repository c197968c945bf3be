/**
 * The surrogate's own memory in this process: what goes to the scratch process and what comes back. Like the arena it
 * is a WebAssembly memory because that has an address that never changes.
 */
import { State, USER_REGISTERS_BYTES } from '../../emulator/machine/state';
import { addressOf } from '../linux/libc';
import { type Field, IOVEC_BYTES, layOut } from '../tracing/layOut';
import { Registers } from '../tracing/registers';

/** A set of processors (sched_setaffinity(2)): as many as a kernel can have, 8192. */
const PROCESSORS_BYTES = 1024;
/** The largest extended state is 11 KB today, with AMX. */
const EXTENDED_STATE_BYTES = 30720;
/** Intel SDM vol. 1 §13.4.3: of the areas of extended components in the compacted format. */
const EXTENDED_STATE_ALIGN = 64;

const AREA_FIELDS = {
  /** struct user_regs_struct, as the scratch process starts with it and as it ends. */
  registers: { bytes: USER_REGISTERS_BYTES },
  /** Three struct iovec: the extended state, and both sides of a transfer of operand bytes. */
  extendedVector: { bytes: IOVEC_BYTES },
  localVector: { bytes: IOVEC_BYTES },
  remoteVector: { bytes: IOVEC_BYTES },
  processors: { bytes: PROCESSORS_BYTES },
  /** The operand of a second run. */
  operand: { bytes: State.operandCapacity },
  /** The thread's extended state, and what it became. */
  before: { bytes: EXTENDED_STATE_BYTES, align: EXTENDED_STATE_ALIGN },
  after: { bytes: EXTENDED_STATE_BYTES, align: EXTENDED_STATE_ALIGN },
} as const satisfies Readonly<Record<string, Field>>;

const { offsets, pages } = layOut(AREA_FIELDS);

/** Offsets and capacities, in bytes. */
export const AreaLayout = {
  ...offsets,
  processorsBytes: PROCESSORS_BYTES,
  /** Of `before` and of `after`. */
  extendedCapacity: EXTENDED_STATE_BYTES,
} as const;

export class Area {
  readonly #memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
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
