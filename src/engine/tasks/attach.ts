/**
 * Attaching: PTRACE_SEIZE of every thread, which stops none. Threads that appear meanwhile are traced from their start if their creator
 * is, and found by the next look at /proc/PID/task if it is not.
 */
import { SidestepError } from '../../base/errors';
import { denial, impossibility } from './attachRefusal';
import { Errno, systemCallError } from '../linux/errno';
import { ProcessMemory } from '../linux/memory';
import { readStatus, threadsOf } from '../linux/proc';
import { DEBUGGEE_OPTIONS, type Ptrace } from '../linux/ptrace';
import { type Waiter } from '../linux/wait';
import { decodeWaitStatus, isEnd } from '../linux/waitStatus';
import { awaitReport } from './patience';
import { AddressSpace, Process, type TaskTable } from './tasks';
import { headOf, wordSizeProblem } from './wordSize';

/** /proc/PID/task can miss threads while others come and go; this many looks in a row that find nothing new are believed. */
const CLEAN_LOOKS = 2;

/** Throws `process-not-found`, `not-64-bit`, `attach-refused`. */
export function attach(ptrace: Ptrace, waiter: Waiter, tasks: TaskTable, wantedPid: number): Process {
  const pid = leaderOf(wantedPid);
  if (tasks.processes.has(pid)) {
    throw new SidestepError('attach-refused', `process ${pid} is traced by this session already`, { place: { pid } });
  }
  const obstacle = impossibility(pid);
  if (obstacle) throw obstacle;
  checkWordSize(pid);
  const tids = new Set<number>();
  try {
    seizeAll(ptrace, pid, tids);
    const memory = openMemory(tids);
    if (memory === undefined) throw notFound(pid);
    const process = tasks.addProcess(new Process(pid, new AddressSpace(memory)));
    for (const tid of tids) tasks.addTask(process, tid);
    return process;
  } catch (error) {
    // The leader last: see letGo.
    for (const tid of [...tids].reverse()) letGo(ptrace, waiter, tid);
    throw error;
  }
}

/** A thread's number stands for its process. */
function leaderOf(pid: number): number {
  const status = Number.isInteger(pid) && pid > 0 ? readStatus(pid) : undefined;
  if (status === undefined) throw notFound(pid);
  return Number(status.get('Tgid'));
}

function seizeAll(ptrace: Ptrace, pid: number, seized: Set<number>): void {
  const seen = new Set<number>();
  for (let clean = 0; clean < CLEAN_LOOKS; clean++) {
    for (const tid of threadsOf(pid) ?? []) {
      if (seen.has(tid)) continue;
      seen.add(tid);
      clean = -1;
      if (seize(ptrace, pid, tid)) seized.add(tid);
    }
  }
}

/** By any living thread: a leader that has ended has no memory. */
function openMemory(tids: Iterable<number>): ProcessMemory | undefined {
  for (const tid of tids) {
    const memory = ProcessMemory.open(tid);
    if (memory !== undefined) return memory;
  }
  return undefined;
}

/** False for a thread that is traced already because its creator is, that has ended, or is about to. */
function seize(ptrace: Ptrace, pid: number, tid: number): boolean {
  const failure = ptrace.seize(tid, DEBUGGEE_OPTIONS);
  if (failure === 0) return true;
  if (failure === Errno.ESRCH) return false;
  const status = readStatus(tid);
  if (status === undefined || /^[ZX]/.test(status.get('State') ?? 'Z')) return false;
  if (Number(status.get('TracerPid')) === globalThis.process.pid) return false;
  throw impossibility(pid) ?? denial(pid) ?? systemCallError('PTRACE_SEIZE', failure, { pid, tid });
}

/** A thread that the attach, which has failed, had seized already. */
function letGo(ptrace: Ptrace, waiter: Waiter, tid: number): void {
  ptrace.interrupt(tid);
  // Not for ever: the end of a leader is not reported before the other threads' ends are.
  if (awaitReport(waiter, tid) !== 'reported') return;
  const status = decodeWaitStatus(waiter.status);
  if (!isEnd(status)) ptrace.detach(tid, status.kind === 'signal' ? status.signal : 0);
}

function checkWordSize(pid: number): void {
  const head = headOf(`/proc/${pid}/exe`);
  if (head !== undefined && wordSizeProblem(head) !== undefined) {
    throw new SidestepError('not-64-bit', `process ${pid} does not run a 64-bit x86 program`, { place: { pid } });
  }
}

function notFound(pid: number): SidestepError {
  return new SidestepError('process-not-found', `there is no process ${pid}`, { place: { pid } });
}
