/** A thread that stands behind an INT3 goes back in front of it. */
import { State, UserRegister } from '../../emulator/machine/state';
import { type Ptrace } from '../tracing/ptrace';
import { type Task } from '../tracees/tracees';
import { noteRegisters, noteSettled } from './phases';

const RIP = State.registers + UserRegister.rip;

/** Puts a stopped thread to `address`; its registers have just been read. */
export function rewind(ptrace: Ptrace, task: Task, address: number): void {
  ptrace.arena.setNumber(RIP, address);
  noteRegisters(ptrace.arena, task);
  ptrace.pokeUser(task.tid, UserRegister.rip, address);
  noteSettled(task);
}
