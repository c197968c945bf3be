/**
 * Attaching: PTRACE_SEIZE of every thread, which stops none. Threads that appear in the meantime are traced from their
 * start if their creator is; otherwise the next look at /proc/PID/task finds them. A missed thread would die at its
 * first probe, so the kernel's own count of threads decides when none is missing.
 */
import { SidestepError } from '../../base/errors';
import { pause } from '../../base/pause';
import { denial, impossibility } from '../linux/attachRefusal';
import { Errno, systemCallError } from '../linux/errno';
import { ProcessMemory } from '../linux/memory';
import { hasEnded, readStatus, threadsOf } from '../linux/proc';
import { DEBUGGEE_OPTIONS, type Ptrace } from '../tracing/ptrace';
import { type Detaching } from '../lifecycle/detaching';
import { AddressSpace, Process } from '../tracees/tracees';
import { type TaskTable } from '../tracees/taskTable';
import { headOf, wordSizeProblem } from '../linux/elfClass';

/**
 * How long a refusal may come from an exec that is under way: one takes milliseconds, on a busy machine tens of them.
 */
const EXEC_MS = 300;
const EXEC_PAUSE_MS = 1;

/** Throws `process-not-found`, `not-64-bit`, `attach-refused`. */
export function attach(ptrace: Ptrace, tasks: TaskTable, detaching: Detaching, wantedPid: number): Process {
  const pid = leaderOf(wantedPid);
  if (tasks.processes.has(pid)) {
    throw new SidestepError('attach-refused', `process ${pid} is already traced by this session`, { place: { pid } });
  }
  const obstacle = impossibility(pid);
  if (obstacle) throw obstacle;
  checkWordSize(pid);
  const tids = new Set<number>();
  let failure: SidestepError | undefined;
  try {
    seizeAll(ptrace, pid, tids);
  } catch (thrown) {
    if (!(thrown instanceof SidestepError)) throw thrown;
    failure = thrown;
  }
  let memory: ProcessMemory | undefined;
  try {
    memory = openMemory(tids);
  } catch (thrown) {
    if (!(thrown instanceof SidestepError)) throw thrown;
    failure ??= thrown;
  }
  // A seized thread without memory has ended.
  if (memory === undefined && (failure === undefined || tids.size === 0)) throw failure ?? notFound(pid);
  const process = tasks.addProcess(new Process(pid, new AddressSpace(memory ?? ProcessMemory.none())));
  for (const tid of tids) tasks.addTask(process, tid);
  if (failure === undefined) return process;
  // As any other process: threads that those which are seized have created since are traced, too.
  process.unannounced = true;
  detaching.depart(process);
  throw failure;
}

/** A thread's number stands for its process. */
function leaderOf(pid: number): number {
  const status = Number.isInteger(pid) && pid > 0 ? readStatus(pid) : undefined;
  if (status === undefined) throw notFound(pid);
  return Number(status.get('Tgid'));
}

/**
 * A directory that is read while threads end can lack others (next_tid in fs/proc/base.c). A traced thread stays in it
 * until the tracer waits for its end, which does not happen here: so once all that a look finds are traced, and as many
 * as the process has threads, it has found all.
 */
function seizeAll(ptrace: Ptrace, pid: number, seized: Set<number>): void {
  const born = new Set<number>();
  for (let complete = false; !complete;) {
    const present = threadsOf(pid);
    if (present === undefined) return;
    complete = true;
    for (const tid of present) {
      if (seized.has(tid) || born.has(tid)) continue;
      const state = seize(ptrace, pid, tid);
      if (state === 'seized') seized.add(tid);
      else if (state === 'traced') born.add(tid);
      else if (tid !== pid) complete = false;
    }
    const leader = readStatus(pid);
    complete &&= present.length === Number(leader?.get('Threads'));
    // A thread that has called exec has come in the place of the leader.
    if (seized.has(pid) && leader !== undefined && !isTraced(leader) && !hasEnded(leader)) {
      seized.delete(pid);
      complete = false;
    }
    // In between there was no thread to trace: the thread that calls exec appears in a moment.
    if (seized.size === 0 && born.size === 0 && leader !== undefined && !hasEnded(leader)) complete = false;
    if (complete) for (const tid of seized) if (!present.includes(tid)) seized.delete(tid);
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

/**
 * `traced`: because its creator is. `over`: it runs no more. EPERM has causes that pass: while a thread calls exec, the
 * leader that it replaces has ended already under the number that the thread is going to have (de_thread in fs/exec.c),
 * and who is allowed to look at the new program is not decided yet. So a refusal counts if it stays.
 */
function seize(ptrace: Ptrace, pid: number, tid: number): 'seized' | 'traced' | 'over' {
  for (let since: number | undefined; ;) {
    const failure = ptrace.seize(tid, DEBUGGEE_OPTIONS);
    if (failure === 0) return 'seized';
    if (failure === Errno.ESRCH) return 'over';
    const status = readStatus(tid);
    if (status === undefined) return 'over';
    if (isTraced(status)) return 'traced';
    if (hasEnded(status)) return 'over';
    const obstacle = impossibility(pid);
    if (obstacle) throw obstacle;
    since ??= performance.now();
    if (failure !== Errno.EPERM || performance.now() - since > EXEC_MS) {
      throw denial(pid) ?? systemCallError('PTRACE_SEIZE', failure, { pid, tid });
    }
    pause(EXEC_PAUSE_MS);
  }
}

function isTraced(status: ReadonlyMap<string, string>): boolean {
  return Number(status.get('TracerPid')) === globalThis.process.pid;
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
