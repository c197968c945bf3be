/**
 * The one memory in which everything that happens at a hit takes place. It is a WebAssembly memory of fixed size, so
 * compiled instructions and agents compute in it, and it has a fixed address, so system calls fill and read it: see
 * "The way of a byte" in docs/architecture.md. This file is its map.
 */
import { AGENT_LIMITS } from '../../contract/agent/operations';
import { LEDGER_BYTES } from '../../contract/ledger';
import { MAX_INSTRUCTION_BYTES } from '../../emulator/machine/instructionLength';
import { State } from '../../emulator/machine/state';
import { addressOf } from '../linux/libc';
import { SIGINFO_BYTES } from '../linux/signals';
import { type Field, IOVEC_BYTES, layOut, WASM_PAGE } from './layOut';

/** Of the processor. */
const PAGE = 4096;
/** As much memory as an agent's loop reads at once: a node of a list with its value. It divides a page. */
export const LINE_BYTES = 256;
/** struct user_fpregs_struct (sys/user.h): the FXSAVE image. */
const FXSAVE_BYTES = 512;
/** The kernel's sigset_t: a bit for each of 64 signals. */
const SIGNAL_SET_BYTES = 8;

export const INPUT_BYTES = WASM_PAGE;
export const OUTPUT_BYTES = 158 * WASM_PAGE;

/** Everything that has a place in the arena, in its order. What is read as u32 or u64 is aligned to 8. */
export const ARENA_FIELDS = {
  /** The emulator's {@link State}. */
  state: { bytes: State.bytes },
  /** struct user_fpregs_struct of the thread. */
  vectors: { bytes: FXSAVE_BYTES, align: 16 },
  /** siginfo_t of the signal that the thread stopped for. */
  siginfo: { bytes: SIGINFO_BYTES },
  signalMask: { bytes: SIGNAL_SET_BYTES },
  /** unsigned long: what PTRACE_GETEVENTMSG says. */
  eventMessage: { bytes: 8 },
  /** int: what wait4(2) says. */
  waitStatus: { bytes: 4 },
  /** struct iovec of {@link State.operand}: the local side of the emulator's loads and stores. */
  operandVector: { bytes: IOVEC_BYTES },
  /** struct iovec: the local side of an agent's reads. */
  localVector: { bytes: IOVEC_BYTES },
  /** The remote side, split where it crosses a page. */
  remoteVectors: { bytes: 2 * IOVEC_BYTES },
  /** Where an agent puts the address it wants to read from (u64), and finds the one that could not be read. */
  agentAddress: { bytes: 8 },
  /** The bytes that an agent's loads read; as many as an instruction's operand may have. */
  agentOperand: { bytes: State.operandCapacity },
  /** What the loops of the agents of this hit may still burn (i32), and the values that a part has saved (u64 each). */
  agentFuel: { bytes: 4 },
  agentSaved: { bytes: 8 * AGENT_LIMITS.saved },
  /** Memory around what a loop read last: {@link TargetMemory.readNear}. */
  agentLine: { bytes: LINE_BYTES },
  /** Where that is from (u64). Its lowest bits are set if nothing has been read. */
  agentLineAddress: { bytes: 8 },
  /** The bytes of a twin, to be compared with what they were: as many as an instruction may have. */
  twin: { bytes: MAX_INSTRUCTION_BYTES },
  /** A shadow stack's pointer (u64), and the struct iovec for it. */
  shadowStack: { bytes: 8 },
  shadowStackVector: { bytes: IOVEC_BYTES },
  /** siginfo_t of a report that wait4(2) is still to read. */
  announcement: { bytes: SIGINFO_BYTES },
  /** Commands as they come from the client. */
  input: { bytes: INPUT_BYTES, align: PAGE },
  /** Hit records on their way to the client. */
  output: { bytes: OUTPUT_BYTES, align: PAGE },
  /** What the guardian reads when this process is killed: see contract/ledger.ts. */
  ledger: { bytes: LEDGER_BYTES, align: PAGE },
} as const satisfies Readonly<Record<string, Field>>;

const { offsets, pages } = layOut(ARENA_FIELDS);

/** Offsets in the arena, in bytes. */
export const Layout: Readonly<Record<keyof typeof ARENA_FIELDS | 'registers', number>> = {
  ...offsets,
  /** The thread's, in its {@link State}. */
  registers: offsets.state + State.registers,
};

export const ARENA_PAGES = pages;

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
