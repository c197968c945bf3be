/**
 * A thread that has executed INT3 runs on in the kernel before it stops for its SIGTRAP, and waits for a processor on
 * the way, perhaps. Nothing tells it from others that run. So where a process is to ignore SIGTRAP, which takes that
 * signal away from all its threads, each that runs is asked to stop. On its way to that stop it meets the one for INT3
 * first, if that is due: signals of the thread's own making come before others (dequeue_synchronous_signal in
 * kernel/signal.c).
 */
import { pause } from '../base/pause';
import { readStatus, signalSet, stateOf, stopOf, threadsOf } from '../engine/linux/proc';
import { killThread } from '../engine/linux/processes';
import { Signal, signalBit } from '../engine/linux/signals';

const TRAP = BigInt(signalBit(Signal.SIGTRAP));

/** Threads that wait for a processor get one in that time, unless the machine is very busy. */
const PATIENCE_MS = 500;

const LOOK_AGAIN_MS = 0.2;

/**
 * Stops the threads of a traced process that run, by SIGSTOP, and adds them to `asked`. Those that sleep in the kernel
 * are not at INT3, and meet none when they wake: the text is whole by now. False: some did not stop for too long.
 */
export function haltRunning(pid: number, asked: Set<number>): boolean {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const running = (threadsOf(pid) ?? []).filter((tid) => stateOf(pid, tid) === 'R');
    if (running.length === 0) return true;
    if (performance.now() > until) return false;
    for (const tid of running) {
      if (asked.has(tid)) continue;
      asked.add(tid);
      killThread(pid, tid, Signal.SIGSTOP);
    }
    pause(LOOK_AGAIN_MS);
  }
}

/** Whether a thread of the process, but for `known` ones, has a SIGTRAP to come, or has stopped for one. */
export function othersHaveTraps(pid: number, known: readonly number[]): boolean {
  return (threadsOf(pid) ?? []).some((tid) => {
    if (known.includes(tid)) return false;
    if (stopOf(pid, tid)?.untold === Signal.SIGTRAP) return true;
    const status = readStatus(tid);
    return status !== undefined && (signalSet(status, 'SigPnd') & ~signalSet(status, 'SigBlk') & TRAP) !== 0n;
  });
}
