/**
 * What INT3 does to a program's own SIGTRAP. The kernel can't leave that trap undelivered: where SIGTRAP is blocked it is unblocked,
 * and where it is blocked or ignored its action becomes the default (force_sig_info_to_task in kernel/signal.c). The engine blocks
 * it again after each hit and ignores in the program's place; a handler that was reset can't be put back from outside.
 */
import { readStatus, signalSet } from '../linux/proc';
import { type Ptrace } from '../linux/ptrace';
import { Signal, signalBit } from '../linux/signals';
import { Layout } from '../arena';
import { type Breakpoint } from '../sites/breakpoints';
import { type Notices } from '../pipe/notices';
import { type Process, type Task } from '../tasks/tasks';

const TRAP_BIT = signalBit(Signal.SIGTRAP);
const TRAP = BigInt(TRAP_BIT);

/** Looks, before the first INT3 goes in, at what each thread does with SIGTRAP. */
export function examineSigtrap(process: Process, notices: Notices): void {
  if (process.sigtrapExamined) return;
  process.sigtrapExamined = true;
  let blocked = false;
  for (const task of process.tasks.values()) {
    const status = readStatus(task.tid);
    if (status === undefined) continue;
    task.blocksSigtrap = (signalSet(status, 'SigBlk') & TRAP) !== 0n;
    blocked ||= task.blocksSigtrap;
    process.ignoresSigtrap ||= (signalSet(status, 'SigIgn') & TRAP) !== 0n;
    process.handlesSigtrap ||= (signalSet(status, 'SigCgt') & TRAP) !== 0n;
  }
  if (process.ignoresSigtrap) {
    notices.warn('the program ignores SIGTRAP; after the probes are gone, it no longer does', process);
  }
  if (process.handlesSigtrap && blocked) {
    notices.warn('the program has a handler for SIGTRAP and blocks that signal: a hit resets the handler', process);
  }
}

/** The program's SIGTRAP, which it had set to be ignored, unless it has a handler by now. */
export function isIgnored(task: Task): boolean {
  if (!task.process.ignoresSigtrap) return false;
  const status = readStatus(task.tid);
  return status !== undefined && (signalSet(status, 'SigCgt') & TRAP) === 0n;
}

/**
 * Whether a thread that stands behind a breakpoint's first byte, with this stack pointer, has executed INT3, although the SIGTRAP that it
 * stopped for was sent by somebody.
 */
export function hasMetInt3(task: Task, { address, displaced }: Breakpoint, stack: number): boolean {
  // Nobody stands inside of an instruction, and a SIGTRAP that is blocked is delivered by force only.
  return displaced.length > 1 || task.blocksSigtrap || !task.landings.has(address + 1, stack);
}

/** Blocks SIGTRAP again in a stopped thread. */
export function blockSigtrap(ptrace: Ptrace, task: Task): void {
  if (ptrace.getSignalMask(task.tid) !== 0) return;
  ptrace.arena.u32[Layout.signalMask >>> 2]! |= TRAP_BIT;
  ptrace.setSignalMask(task.tid);
}
