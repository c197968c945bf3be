/** Rewinds a thread that stands after an INT3 to that INT3's address. */
import { LedgerHeader, ThreadPhase } from '../../contract/ledger';
import { State, UserRegister } from '../../emulator/machine/state';
import { type Arena, Layout } from '../tracing/arena';
import { type Ptrace } from '../tracing/ptrace';
import { type Task } from '../tracees/tracees';

const RIP = State.registers + UserRegister.rip;
const HAND = (Layout.ledger + LedgerHeader.hand) >>> 2;

/** The registers in the arena are the stopped thread's, and what it is to have: a guardian would give it these. */
export function noteRegisters(arena: Arena, task: Task): void {
  arena.u32[HAND] = task.tid;
  task.record.phase = ThreadPhase.finishing;
}

/**
 * Moves a stopped thread to `address`; its registers have just been read. Its phase becomes
 * {@link ThreadPhase.stepping}: it can continue from there.
 */
export function rewind(ptrace: Ptrace, task: Task, address: number): void {
  ptrace.arena.setNumber(RIP, address);
  noteRegisters(ptrace.arena, task);
  ptrace.pokeUser(task.tid, UserRegister.rip, address);
  task.record.phase = ThreadPhase.stepping;
}
