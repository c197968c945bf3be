/** Waiting in tests: for what happens, not for a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pause } from '../src/base/pause';

/**
 * Only a hang takes so long, however busy the machine is. Less than .mocharc's, so that a test says what it waited for.
 */
export const HANG_MS = 5 * 60_000;

const LOOK_AGAIN_MS = 2;

/**
 * Waits until `condition` holds; it is looked at again and again. Throws after {@link HANG_MS}: `what` it waited for.
 */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const since = performance.now();
  while (!(await condition())) {
    if (performance.now() - since > HANG_MS) throw new Error(`waited in vain: ${what}`);
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Gives what `event` resolves to. Throws after {@link HANG_MS}: `what` it waited for. */
export async function within<T>(what: string, event: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(HANG_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`waited in vain: ${what}`);
  });
  try {
    return await Promise.race([event, late]);
  } finally {
    late.catch(() => undefined);
    timer.abort();
  }
}

/** The same for code that must not return to the event loop: it traces, say. */
export function untilSync(what: string, condition: () => boolean): void {
  const since = performance.now();
  while (!condition()) {
    if (performance.now() - since > HANG_MS) throw new Error(`waited in vain: ${what}`);
    pause(LOOK_AGAIN_MS);
  }
}
