/**
 * What INT3 does to a program's own SIGTRAP. The kernel can't leave that trap undelivered: where SIGTRAP is blocked it
 * is unblocked, and where it is blocked or ignored its action becomes the default (force_sig_info_to_task in
 * kernel/signal.c). After each hit the engine blocks it again, and ignores it on the program's behalf; a handler that
 * was reset can't be restored from outside.
 */
import { pause } from '../../base/pause';
import { readStatus, signalSet } from '../linux/proc';
import { type Ptrace } from '../tracing/ptrace';
import { Signal, signalBit } from '../linux/signals';
import { type Breakpoint } from '../tracees/tracees';
import { type Events } from '../client/events';
import { type Process, type Task } from '../tracees/tracees';

const TRAP = BigInt(signalBit(Signal.SIGTRAP));

/**
 * SIGCANCEL and SIGSETXID (nptl(7)): only the C library blocks them, and all others with them, for the time of
 * pthread_create(3) and the like.
 */
const LIBRARYS_OWN = 0b11n << 31n;

/** Longer than most handlers run; while they do, the signals of their sa_mask are blocked. */
const SECOND_LOOK_MS = 2;

/** Looks, before the first INT3 goes in, at what each thread does with SIGTRAP. */
export function examineSigtrap(process: Process, events: Events): void {
  if (process.sigtrapExamined) return;
  process.sigtrapExamined = true;
  const suspects: Task[] = [];
  for (const task of process.tasks.values()) {
    const status = readStatus(task.tid);
    if (status === undefined) continue;
    task.blocksSigtrap = task.blockUnconfirmed = false;
    if (isBlocked(status)) suspects.push(task);
    process.ignoresSigtrap ||= (signalSet(status, 'SigIgn') & TRAP) !== 0n;
    process.handlesSigtrap ||= isHandled(status);
  }
  if (suspects.length > 0) pause(SECOND_LOOK_MS);
  for (const task of suspects) {
    const status = readStatus(task.tid);
    task.blocksSigtrap = status !== undefined && isBlocked(status);
    task.blockUnconfirmed = task.blocksSigtrap && process.handlesSigtrap;
  }
  if (process.ignoresSigtrap) {
    events.warn('the program ignores SIGTRAP; once the probes are removed, it no longer will', process);
  }
  if (process.handlesSigtrap && suspects.some(({ blocksSigtrap }) => blocksSigtrap)) {
    events.warn('the program has a handler for SIGTRAP and blocks that signal: a hit resets the handler', process);
  }
}

/**
 * A thread that seemed to block SIGTRAP has stopped because of one. It can have been in the handler for SIGTRAP when it
 * was looked at, and must not be blocked for good then. Where a thread does block it, INT3 has reset the handler by
 * now: that tells.
 */
export function settleDoubt(task: Task): void {
  task.blockUnconfirmed = false;
  const status = readStatus(task.tid);
  if (status !== undefined && isHandled(status)) task.blocksSigtrap = false;
}

function isBlocked(status: ReadonlyMap<string, string>): boolean {
  const blocked = signalSet(status, 'SigBlk');
  return (blocked & TRAP) !== 0n && (blocked & LIBRARYS_OWN) !== LIBRARYS_OWN;
}

function isHandled(status: ReadonlyMap<string, string>): boolean {
  return (signalSet(status, 'SigCgt') & TRAP) !== 0n;
}

/** The program's SIGTRAP, which it had set to be ignored, unless it has a handler by now. */
export function isIgnored(task: Task): boolean {
  if (!task.process.ignoresSigtrap) return false;
  const status = readStatus(task.tid);
  return status !== undefined && !isHandled(status);
}

/**
 * Whether a thread that stands after a breakpoint's first byte, with this stack pointer, has executed INT3, although
 * the SIGTRAP that it stopped for was sent. `hasStepped`: it may have swallowed a step's instead.
 */
export function hasMetInt3(
  task: Task,
  { address, displaced }: Breakpoint,
  stack: number,
  hasStepped: boolean,
): boolean {
  // No thread stands inside an instruction otherwise, and a blocked SIGTRAP is delivered only by force.
  if (displaced.length > 1) return true;
  return !hasStepped && (task.blocksSigtrap || !task.landings.has(address + 1, stack));
}

/** Blocks SIGTRAP again in a stopped thread. */
export function blockSigtrap(ptrace: Ptrace, task: Task): void {
  const mask = ptrace.getSignalMask(task.tid);
  if (mask === undefined) return;
  mask.add(Signal.SIGTRAP);
  ptrace.setSignalMask(task.tid);
}
