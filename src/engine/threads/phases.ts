/**
 * What the ledger says of a thread whose registers the engine sets. It is written before the system call after which it
 * holds: a thread that is resumed may run, meet INT3 and stop again before the engine executes another instruction.
 */
import { LedgerHeader, ThreadPhase } from '../../contract/ledger';
import { type Arena, Layout } from '../tracing/arena';
import { type Task } from '../tracees/tracees';

const HAND = (Layout.ledger + LedgerHeader.hand) >>> 2;

/** The registers in the arena are the stopped thread's, and what it is to have: a guardian would give it these. */
export function noteRegisters(arena: Arena, task: Task): void {
  arena.u32[HAND] = task.tid;
  task.record.phase = ThreadPhase.finishing;
}

/** A stopped thread has its registers, and is about to be resumed. The trap of a step may still be due. */
export function noteSettled({ record, state }: Task): void {
  record.phase = state.isTrapDue ? ThreadPhase.stepping : ThreadPhase.settled;
}

/** It was resumed. */
export function noteRunning({ record, state }: Task): void {
  record.phase = state.isTrapDue ? ThreadPhase.stepping : ThreadPhase.running;
}
