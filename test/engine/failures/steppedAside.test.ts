/**
 * Threads that step aside at an instruction of one byte while SIGTRAPs are sent to them, which can swallow INT3's trap
 * and the step's: each instruction is executed once. They step aside because the engine can't write their memory.
 */
import assert from 'node:assert/strict';
import { Errno } from '../../../src/engine/linux/errno';
import { endAfterEach } from '../fixture';
import { program } from '../program';
import { Target } from '../target';
import { buildFailingEngine, FailingEngine } from './failingEngine';

const traps = program('traps.c');

/** As good as for ever. */
const LASTING = 1e9;

describe('threads that step aside while SIGTRAPs are sent to them', () => {
  let engine: FailingEngine;

  before(buildFailingEngine);

  endAfterEach();

  beforeEach(() => (engine = new FailingEngine()));

  afterEach(() => engine.close());

  for (const [kind, result] of [
    ['blocked', /^calls 0 blocked 1 pending 1$/],
    ['bombarded', /^calls 0 traps [1-9]/],
  ] as const) {
    it(`execute each instruction once, and are detached from: ${kind}`, async () => {
      const { client } = engine;
      const target = await Target.start(traps.path, [kind, '0']);
      await client.request('attach', { pid: target.pid });
      const work = await client.symbol(target.pid, traps.path, traps.offset('work'));
      const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
      await engine.plan({ call: 'process_vm_writev', nth: 1, how: Errno.EFAULT, times: LASTING });
      target.begin({ lingering: true });
      const ended = client.event('exited').then(({ end }) => assert.fail(`it has ended: ${JSON.stringify(end)}`));
      await Promise.race([client.untilHit(probe, 200), ended]);
      assert.ok((await client.counts()).probes.get(probe)!.steppedAside >= 200);
      ended.catch(() => undefined);
      await client.request('detach', { pid: target.pid });
      const { output, code, signal } = await target.end();
      assert.deepEqual([code, signal], [0, null]);
      assert.match(output, result);
    });
  }
});
