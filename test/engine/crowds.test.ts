/** Threads by the thousand: none is missed when tracing begins, none is left traced when it ends. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { readMemory, Target } from './target';
import { until } from '../until';

const crowd = program('comings.c', ['-fpatchable-function-entry=1']);

describe('crowds of threads', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  /**
   * Makes the threads call `work` or not; in the latter case how often they did, and how many threads there have been.
   */
  function go(target: Target): void {
    target.process.stdin?.write('g\n');
  }

  async function pause(target: Target): Promise<{ called: number; created: number; tid: number }> {
    const seen = target.output.length;
    target.process.stdin?.write('p\n');
    await until('its answer', () => target.output.includes('\n', seen));
    const [, called, created, tid] = /called (\d+) created (\d+) by (\d+)/.exec(target.output.slice(seen))!;
    return { called: Number(called), created: Number(created), tid: Number(tid) };
  }

  /** The tracers of its threads that can run. */
  function tracersOf(pid: number): ReadonlySet<string> {
    const tracers = new Set<string>();
    for (const tid of readdirSync(`/proc/${pid}/task`)) {
      try {
        const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
        if (!/^State:\s+[ZX]/m.test(status)) tracers.add(/^TracerPid:\s+(\d+)/m.exec(status)![1]!);
      } catch {
        // It has ended meanwhile.
      }
    }
    return tracers;
  }

  for (const [who, args, rounds] of [
    ['threads that come and go', ['3', '0'], 60],
    ['threads that come and go, the leader gone', ['3', '0', 'leaderless'], 60],
    ['thousands of threads, some of which come and go', ['2', '2000'], 6],
  ] as const) {
    it(`attaches to and lets go of ${who}, again and again`, async () => {
      const target = await Target.start(crowd.path, args);
      const { enginePid } = await client.event('ready');
      let created = 0;
      for (let round = 0, before = (await pause(target)).called; round < rounds; round++) {
        await client.request('attach', { pid: target.pid });
        const work = await client.symbol(target.pid, crowd.path, crowd.offset('work'));
        const { site } = await client.arm(target.pid, work, { onHit: 'count' });
        go(target);
        const hits = async () => (await client.counts()).sites.get(site)!.hits;
        await until('300 hits', async () => (await hits()) >= 300);
        assert.deepEqual(tracersOf(target.pid), new Set([`${enginePid}`]));
        const after = await pause(target);
        assert.equal(await hits(), after.called - before, `round ${round}`);
        before = after.called;
        created = after.created;
        if (round % 2 === 0) {
          go(target);
          await client.request('detach', { pid: target.pid });
          assert.deepEqual(tracersOf(target.pid), new Set(['0']));
          before = (await pause(target)).called;
        } else {
          await client.request('detach', { pid: target.pid });
          assert.deepEqual(tracersOf(target.pid), new Set(['0']));
        }
        assert.equal(readMemory(after.tid, work, 64), crowd.text('work', 64));
      }
      assert.ok(created > 0);
      target.process.stdin?.write('x\n');
      assert.deepEqual((({ code, signal }) => ({ code, signal }))(await target.end()), { code: 0, signal: null });
    });
  }
});
