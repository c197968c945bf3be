/** Waiting for one thread that was asked to stop, as long as there is sense in it. */
import { pause } from '../../base/pause';
import { readStatus } from '../linux/proc';
import { type Waiter } from '../tracing/wait';

/**
 * Nothing more is expected after this from a thread that sleeps in the kernel: in a device, or until its vfork child is
 * done.
 */
const PATIENCE_MS = 100;
const PAUSE_MS = 0.2;

/**
 * Waits until the thread has something to report; its status is the waiter's then. `gone`: it is not ours any more.
 * `over`: it is a leader that has ended, and will tell so when its last thread has. `asleep`: it does not react, and
 * can't have met INT3: it has not left the kernel. A thread that could run is waited for as long as it takes, because
 * it may have met INT3 and not got the CPU since.
 */
export function awaitReport(waiter: Waiter, tid: number): 'reported' | 'gone' | 'over' | 'asleep' {
  const since = performance.now();
  for (;;) {
    const reported = waiter.pollFor(tid);
    if (reported === undefined) return 'gone';
    if (reported) return 'reported';
    const state = readStatus(tid)?.get('State') ?? '';
    if (state.startsWith('Z')) return waiter.pollFor(tid) === true ? 'reported' : 'over';
    if (performance.now() - since > PATIENCE_MS && !state.startsWith('R')) return 'asleep';
    pause(PAUSE_MS);
  }
}
