/** The engine's ledger (src/engine/guard/ledger.ts), read out of its memory while it hangs. */
import { Layout } from '../engine/arena';
import { type Doing, LedgerLayout, Standing, type Store } from '../engine/guard/ledger';
import { type ProcessMemory } from '../engine/linux/memory';
import { State, USER_REGISTERS_BYTES } from '../emulator/state';

/** Where INT3 stands in a program's text, or stood. */
export interface BreakpointLine {
  readonly address: number;
  /** The text from there on, without any INT3. */
  readonly text: Uint8Array;
  /** The engine's descriptor of the memory. */
  readonly memory: number;
  /** Of the displaced instruction, in bytes. */
  readonly instructionLength: number;
  readonly armed: boolean;
}

export interface ThreadLine {
  readonly pid: number;
  readonly tid: number;
  readonly doing: Doing;
}

/** The one thread on whose registers the engine is computing. */
export interface Hand {
  readonly tid: number;
  readonly store: Store;
  /** struct user_regs_struct. */
  readonly registers: Buffer;
  /** What the displaced instruction writes to memory, or has read. */
  readonly operand: { readonly address: number; readonly bytes: Buffer };
  /** What wait4(2) has said last. */
  readonly waitStatus: number;
}

/** `arena`: where it lies in the engine. */
export function readBreakpoints(engine: ProcessMemory, arena: number): BreakpointLine[] {
  const ledger = arena + Layout.ledger;
  const { breakpointLines, breakpointLineBytes: size } = LedgerLayout;
  const count = engine.read(ledger + LedgerLayout.breakpoints, 4).readUInt32LE();
  const bytes = engine.read(ledger + breakpointLines, count * size);
  const lines: BreakpointLine[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    const standing = bytes[at + 30]!;
    if (standing === 0) continue;
    lines.push({
      text: bytes.subarray(at, at + bytes[at + 28]!),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      memory: bytes.readUInt32LE(at + 24),
      instructionLength: bytes[at + 29]!,
      armed: standing === Standing.armed,
    });
  }
  return lines;
}

export function readThreads(engine: ProcessMemory, arena: number): ThreadLine[] {
  const ledger = arena + Layout.ledger;
  const { threadLines, threadLineBytes: size } = LedgerLayout;
  const count = engine.read(ledger + LedgerLayout.threads, 4).readUInt32LE();
  const bytes = engine.read(ledger + threadLines, count * size);
  const lines: ThreadLine[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    const tid = bytes.readUInt32LE(at + 8);
    if (tid !== 0) lines.push({ pid: bytes.readUInt32LE(at), tid, doing: bytes.readUInt32LE(at + 4) as Doing });
  }
  return lines;
}

export function readHand(engine: ProcessMemory, arena: number): Hand {
  const u32 = (offset: number): number => engine.read(arena + offset, 4).readUInt32LE();
  const state = engine.read(arena + Layout.state, State.operand);
  const length = Math.min(state.readUInt32LE(State.operandLength), State.operandCapacity);
  return {
    tid: u32(Layout.ledger + LedgerLayout.hand),
    store: u32(Layout.ledger + LedgerLayout.store) as Store,
    registers: state.subarray(State.registers, State.registers + USER_REGISTERS_BYTES),
    operand: {
      address: Number(state.readBigUInt64LE(State.operandAddress)),
      bytes: engine.read(arena + Layout.state + State.operand, length),
    },
    waitStatus: u32(Layout.waitStatus),
  };
}
