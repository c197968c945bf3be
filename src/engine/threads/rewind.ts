/** Rewinds a thread that stands after an INT3 to that INT3's address. */
import { UserRegister } from '../../emulator/machine/state';
import { type Ptrace } from '../tracing/ptrace';
import { type Registers } from '../tracing/registers';
import { type Task } from '../tracees/tracees';
import { noteRegisters, noteSettled } from './phases';

/** Puts a stopped thread, whose registers these are, to `address`: it can go on from there. */
export function rewind(ptrace: Ptrace, task: Task, registers: Registers, address: number): void {
  registers.ip = address;
  noteRegisters(ptrace.arena, task);
  ptrace.pokeUser(task.tid, UserRegister.rip, address);
  noteSettled(task);
}
