/**
 * The one memory in which everything that happens at a hit takes place. It is a WebAssembly memory of fixed size, so
 * compiled instructions and agents compute in it, and it has a fixed address, so system calls fill and read it: see
 * "The way of a byte" in docs/architecture.md. This file is its map.
 */
import { LEDGER_BYTES } from '../../contract/ledger';
import { State } from '../../emulator/machine/state';
import { addressOf } from '../linux/libc';

const PAGE = 65536;
const OUTPUT_PAGES = 158;
const LEDGER_PAGES = LEDGER_BYTES / PAGE;
/** The first one, the input's, and what follows. */
export const ARENA_PAGES = 2 + OUTPUT_PAGES + LEDGER_PAGES;

/** Offsets in the arena, in bytes. What is read as u32 or u64 is aligned to 8. */
export const Layout = {
  /** The emulator's {@link State}; the thread's registers come first in it. */
  state: 0,
  registers: State.registers,
  /** struct user_fpregs_struct: the FXSAVE image, 512 bytes. */
  vectors: 4608,
  siginfo: 5120,
  signalMask: 5248,
  eventMessage: 5256,
  waitStatus: 5264,
  /** struct iovec of {@link State.operand}: the local side of the emulator's loads and stores. */
  operandVector: 5280,
  /** struct iovec: the local side of an agent's reads. */
  localVector: 5296,
  /** Two struct iovec: the remote side, split where it crosses a page. */
  remoteVectors: 5312,
  /** Where an agent puts the address it wants to read from (u64), and finds the one that could not be read. */
  agentAddress: 5344,
  /** The bytes that an agent's loads read; as many as an instruction's operand may have. */
  agentOperand: 5352,
  /** The bytes of a twin, to be compared with what they were: as many as an instruction may have. */
  twin: 9448,
  /** A shadow stack's pointer, and the struct iovec for it. */
  shadowStack: 9464,
  shadowStackVector: 9472,
  /** siginfo_t of a report that wait4(2) is still to read. */
  announcement: 9488,
  /** Commands as they come from the client. */
  input: 12288,
  inputBytes: PAGE,
  /** Hit records on their way to the client. */
  output: 12288 + PAGE,
  outputBytes: OUTPUT_PAGES * PAGE,
  /** What the guardian reads when this process is killed: see contract/ledger.ts. */
  ledger: 12288 + (1 + OUTPUT_PAGES) * PAGE,
} as const;

export class Arena {
  readonly memory = new WebAssembly.Memory({ initial: ARENA_PAGES, maximum: ARENA_PAGES });
  readonly u8 = new Uint8Array(this.memory.buffer);
  readonly u32 = new Uint32Array(this.memory.buffer);
  readonly i32 = new Int32Array(this.memory.buffer);
  readonly view = new DataView(this.memory.buffer);
  /** Where the arena lies in this process. */
  readonly base = addressOf(this.u8);

  /** The address of an arena offset, for system calls. */
  address(offset: number): number {
    return this.base + offset;
  }

  /** A 64-bit field as a number: exact below 2^53, which user-space addresses and counters are. */
  number(offset: number): number {
    return this.u32[offset >>> 2]! + this.u32[(offset >>> 2) + 1]! * 0x1_0000_0000;
  }

  /** Sets a 64-bit field to a number from 0 to 2^53. */
  setNumber(offset: number, value: number): void {
    this.u32[offset >>> 2] = value >>> 0;
    this.u32[(offset >>> 2) + 1] = value / 0x1_0000_0000;
  }
}
