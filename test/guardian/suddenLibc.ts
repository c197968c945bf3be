/**
 * Inside the sudden engine: what stands in the place of src/engine/linux/libc. After a thread was resumed it waits
 * until that has met INT3 again, and now and then, as {@link OCCASIONS} says, that is the engine's end.
 */
import { pause } from '../../src/base/pause';
import * as real from '../../src/engine/linux/libc';
import { stopOf } from '../../src/engine/linux/proc';
import { Signal } from '../../src/engine/linux/signals';
import { OCCASIONS } from './suddenEngine';

const PTRACE_CONT = 7;

/** The program sleeps no longer between its rounds. */
const PATIENCE_MS = 5;
const LOOK_AGAIN_MS = 0.2;

let left = Number(process.env[OCCASIONS]);

function hasMetInt3(tid: number): boolean {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    if (stopOf(tid, tid)?.untold === Signal.SIGTRAP) return true;
    pause(LOOK_AGAIN_MS);
  }
  return false;
}

export const libc: typeof real.libc = {
  ...real.libc,
  ptrace: (request, tid, address, data) => {
    const result = real.libc.ptrace(request, tid, address, data);
    if (request === PTRACE_CONT && result === 0 && hasMetInt3(tid) && --left === 0) {
      real.libc.kill(process.pid, Signal.SIGKILL);
    }
    return result;
  },
};

export const { addressOf, errno } = real;
