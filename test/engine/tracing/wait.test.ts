import assert from 'node:assert/strict';
import { Arena, Layout } from '../../../src/engine/tracing/arena';
import { libc } from '../../../src/engine/linux/libc';
import { Waiter } from '../../../src/engine/tracing/wait';

describe('waiter', () => {
  const arena = new Arena();
  const real = libc.wait4;
  const EXITED = 0x0000;
  const STOPPED = 0x80057f;

  /** The kernel reports these, each once. */
  function reporting(...reports: readonly (readonly [tid: number, status: number])[]): Waiter {
    const pending = [...reports];
    libc.wait4 = (pid) => {
      const at = pending.findIndex(([tid]) => pid < 0 || pid === tid);
      if (at < 0) return 0;
      const [[tid, status]] = pending.splice(at, 1) as [readonly [number, number]];
      arena.u32[Layout.waitStatus >>> 2] = status;
      return tid;
    };
    return new Waiter(arena);
  }

  afterEach(() => {
    libc.wait4 = real;
  });

  it('keeps the end of a thread apart from the first stop of one that has got its number', () => {
    const waiter = reporting([7, EXITED], [8, STOPPED], [7, STOPPED]);
    waiter.gather();
    assert.deepEqual([waiter.poll(), waiter.poll(), waiter.poll()].sort(), [7, 7, 8]);
    assert.equal(waiter.poll(), 0);
  });

  it('gives the reports of one number in their order', () => {
    const waiter = reporting([7, EXITED], [7, STOPPED]);
    waiter.gather();
    assert.equal(waiter.pollFor(7), true);
    assert.equal(waiter.status, EXITED);
    waiter.putBack(7);
    assert.deepEqual(waiter.waitFor(7), { kind: 'exited', code: 0 });
    assert.deepEqual(waiter.waitFor(7), { kind: 'trapStop' });
    assert.equal(waiter.pollFor(7), false);
  });

  it('says which reports are old', () => {
    const waiter = reporting([7, EXITED], [8, STOPPED]);
    waiter.poll();
    assert.equal(waiter.isOld, false);
    waiter.gather();
    waiter.poll();
    assert.equal(waiter.isOld, true);
    waiter.poll();
    assert.equal(waiter.isOld, false);
  });
});
