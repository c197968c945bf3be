/**
 * The guardian's process: `guardian.js ENGINE ARENA`, the engine's process id and the address of its arena. It traces
 * the engine's main thread, and that thread alone, to be told of its end (PTRACE_EVENT_EXIT, ptrace(2)). Then the
 * engine hangs, killed or not, with all that it traces still traced: nothing runs into INT3 and on, and the guardian
 * puts right what the engine has left.
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

/** Returns when the engine is gone. */
function watch(engine: number, address: number): number {
  const arena = new Arena();
  const ptrace = new Ptrace(arena);
  const waiter = new Waiter(arena);
  const repair = new Repair(ptrace, waiter, engine, address);
  warmUp(arena);
  // Where it may (CAP_SYS_NICE): the processor before all others, for the moment in which it needs one.
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

/** Whatever the engine stops for is its own affair. */
function goOn(ptrace: Ptrace, engine: number, status: WaitStatus): void {
  if (status.kind === 'groupStop') ptrace.listen(engine);
  else ptrace.resume(engine, status.kind === 'signal' ? status.signal : 0);
}

ignoreTerminal();
const [engine, address] = process.argv.slice(2).map(Number);
process.exit(engine === process.ppid && address !== undefined ? watch(engine, address) : 0);
