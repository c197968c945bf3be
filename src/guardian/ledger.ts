/** The engine's ledger (contract/ledger.ts), read out of its memory while it hangs. */
import {
  BreakpointRecordLayout,
  BreakpointState,
  LedgerHeader,
  type LedgerTable,
  LedgerTables,
  Store,
  type ThreadPhase,
  ThreadRecordLayout,
} from '../contract/ledger';
import { Layout } from '../engine/tracing/arena';
import { type ProcessMemory } from '../engine/linux/memory';
import { State, USER_REGISTERS_BYTES } from '../emulator/machine/state';

/** A place in a program's text where INT3 stands or stood. */
export interface BreakpointEntry {
  readonly address: number;
  /** The text from there on, without any INT3. */
  readonly text: Uint8Array;
  /** The engine's descriptor of the memory. */
  readonly memory: number;
  /** Length of the displaced instruction, in bytes. */
  readonly instructionLength: number;
  readonly armed: boolean;
}

export interface ThreadEntry {
  readonly pid: number;
  readonly tid: number;
  readonly phase: ThreadPhase;
  /** A wait status that the engine has read but not handled; 0 if there is none. */
  readonly report: number;
}

/** The thread on whose registers the engine is computing. */
export interface Hand {
  readonly tid: number;
  /** The address of the operand in memory, if the displaced instruction may have written it. */
  readonly stored: { readonly address: number; readonly bytes: number } | undefined;
  /** The earlier extended state, if the instruction may have changed it. */
  readonly extendedState: Buffer | undefined;
  /** struct user_regs_struct. */
  readonly registers: Buffer;
  /** The last wait4(2) status. */
  readonly waitStatus: number;
}

/** `arena`: where it lies in the engine. */
export function readBreakpoints(engine: ProcessMemory, arena: number): BreakpointEntry[] {
  const { text, address, memory, textLength, instructionLength, state } = BreakpointRecordLayout;
  return records(engine, arena, LedgerTables.breakpoints).flatMap((record) => {
    if (record[state] === 0) return [];
    return {
      text: record.subarray(text, text + record[textLength]!),
      address: Number(record.readBigUInt64LE(address)),
      memory: record.readUInt32LE(memory),
      instructionLength: record[instructionLength]!,
      armed: record[state] === BreakpointState.armed,
    };
  });
}

export function readThreads(engine: ProcessMemory, arena: number): ThreadEntry[] {
  return records(engine, arena, LedgerTables.threads).flatMap((record) => {
    const field = (name: 'pid' | 'phase' | 'tid' | 'report'): number => record.readUInt32LE(ThreadRecordLayout[name]);
    if (field('tid') === 0) return [];
    return { pid: field('pid'), tid: field('tid'), phase: field('phase') as ThreadPhase, report: field('report') };
  });
}

export function readHand(engine: ProcessMemory, arena: number): Hand {
  const header = engine.read(arena + Layout.ledger, LedgerTables.threads.start);
  const state = engine.read(arena + Layout.state, State.operand);
  const store = header.readUInt32LE(LedgerHeader.store);
  return {
    tid: header.readUInt32LE(LedgerHeader.hand),
    stored:
      (store & Store.memory) === 0
        ? undefined
        : {
            address: Number(state.readBigUInt64LE(State.operandAddress)),
            bytes: state.readUInt32LE(State.operandLength),
          },
    extendedState:
      (store & Store.extended) === 0
        ? undefined
        : engine.read(
            Number(header.readBigUInt64LE(LedgerHeader.extendedState)),
            header.readUInt32LE(LedgerHeader.extendedBytes),
          ),
    registers: state.subarray(State.registers, State.registers + USER_REGISTERS_BYTES),
    waitStatus: engine.read(arena + Layout.waitStatus, 4).readUInt32LE(),
  };
}

function records(engine: ProcessMemory, arena: number, { start, bytes, count }: LedgerTable): Buffer[] {
  const ledger = arena + Layout.ledger;
  const used = engine.read(ledger + count, 4).readUInt32LE();
  const all = engine.read(ledger + start, used * bytes);
  return Array.from({ length: Math.floor(all.length / bytes) }, (_, at) => all.subarray(at * bytes, (at + 1) * bytes));
}
