/**
 * The guardian's process: `guardian.js ENGINE ARENA`, the engine's process id and the address of its arena. It traces
 * only the engine's main thread, so that the kernel reports the thread's end (PTRACE_EVENT_EXIT, ptrace(2)). The engine
 * then hangs, killed or not, and everything it traces is still traced: no thread runs past INT3 while the guardian
 * repairs what the engine left behind.
 *
 * It ends with the engine. Its exit status is 0; {@link GUARDIAN_REFUSED} and the errno for which it can't trace the
 * engine; or {@link GUARDIAN_UNHEARD}.
 */
import { GUARDIAN_REFUSED, GUARDIAN_UNHEARD, LedgerHeader } from '../contract/ledger';
import { Arena, Layout } from '../engine/tracing/arena';
import { ProcessMemory } from '../engine/linux/memory';
import { Ptrace, TraceOption } from '../engine/tracing/ptrace';
import { ignoreTerminal } from '../engine/linux/signals';
import { Waiter } from '../engine/tracing/wait';
import { isEnd, type WaitStatus } from '../engine/linux/waitStatus';
import { Repair } from './repair';
import { Policy, Scheduling } from './scheduling';
import { warmUp } from './warmUp';

const PTRACE_EVENT_EXIT = 6;

/** Returns when the engine has ended. */
function watch(engine: number, address: number): number {
  const arena = new Arena();
  const ptrace = new Ptrace(arena);
  const waiter = new Waiter(arena);
  const repair = new Repair(ptrace, waiter, engine, address);
  warmUp(arena);
  // If permitted (CAP_SYS_NICE): precedence over all other threads, for the moment in which it needs a processor.
  new Scheduling(arena).setPolicy(0, Policy.fifo);
  const failure = ptrace.seize(engine, TraceOption.exit);
  if (failure !== 0) return GUARDIAN_REFUSED + failure;
  if (!announce(engine, address)) return GUARDIAN_UNHEARD;
  for (;;) {
    const status = waiter.waitFor(engine);
    if (status === undefined) return 0;
    if (isEnd(status)) break;
    const ends = waiter.status >>> 16 === PTRACE_EVENT_EXIT;
    if (ends) repair.whileItHangs();
    goOn(ptrace, engine, status);
    if (ends) repair.whileItEnds();
  }
  repair.whenItIsGone();
  return 0;
}

/** From here on the engine may let threads run into INT3. False: the engine's memory can't be written. */
function announce(engine: number, address: number): boolean {
  const pid = Buffer.alloc(4);
  pid.writeUInt32LE(process.pid);
  const memory = ProcessMemory.open(engine);
  const failure = memory?.write(address + Layout.ledger + LedgerHeader.guardian, pid);
  memory?.close();
  return failure === 0;
}

/** The engine's other stops are none of the guardian's concern: it passes them on. */
function goOn(ptrace: Ptrace, engine: number, status: WaitStatus): void {
  if (status.kind === 'groupStop') ptrace.listen(engine);
  else ptrace.resume(engine, status.kind === 'signal' ? status.signal : 0);
}

ignoreTerminal();
const [engine, address] = process.argv.slice(2).map(Number);
process.exit(engine === process.ppid && address !== undefined ? watch(engine, address) : 0);
