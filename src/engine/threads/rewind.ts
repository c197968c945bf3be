/** A thread that stands behind an INT3 goes back in front of it. */
import { LedgerHeader, ThreadPhase } from '../../contract/ledger';
import { UserRegister } from '../../emulator/machine/state';
import { type Arena, Layout } from '../tracing/arena';
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { type Task } from '../tracees/tracees';

const HAND = (Layout.ledger + LedgerHeader.hand) >>> 2;

/** The registers in the arena are the stopped thread's, and what it is to have: a guardian would give it these. */
export function noteRegisters(arena: Arena, task: Task): void {
  arena.u32[HAND] = task.tid;
  task.record.phase = ThreadPhase.finishing;
}

/**
 * Puts a stopped thread, whose registers these are, to `address`. It is {@link ThreadPhase.stepping} then: it can go on
 * from there.
 */
export function rewind(ptrace: Ptrace, task: Task, registers: Registers, address: number): void {
  registers.ip = address;
  noteRegisters(ptrace.arena, task);
  ptrace.pokeUser(task.tid, UserRegister.rip, address);
  task.record.phase = ThreadPhase.stepping;
}
