/**
 * System calls in which threads sleep give what they would without an engine, each once, while it attaches and
 * detaches.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { Target } from './target';

const calls = program('calls.c', ['-fpatchable-function-entry=1']);

describe('interrupted system calls', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  const KINDS = [
    'read',
    'recv',
    'poll',
    'epoll_wait',
    'accept',
    'futex',
    'nanosleep',
    'sigtimedwait',
    'semop',
    'restarted',
    'epoll_pwait',
  ];

  async function finish(target: Target): Promise<void> {
    target.begin();
    const { output } = await target.end();
    assert.deepEqual(
      output.split('\n'),
      KINDS.map((kind) => `${kind} lost 0 wrong 0 interrupted 0`),
    );
  }

  it('are completed once, without EINTR, through hundreds of attaches and detaches', async () => {
    const target = await Target.start(calls.path, []);
    const work = target.address(calls.path, calls.offset('work'));
    let hits = 0;
    for (let round = 0; round < 300; round++) {
      await client.request('attach', { pid: target.pid });
      const { site } = await client.arm(target.pid, work, { onHit: 'count' });
      if (round % 8 === 0) await sleep(5);
      hits += (await client.disarm(site)).hits;
      await client.request('detach', { pid: target.pid });
    }
    assert.ok(hits > 0);
    await finish(target);
  });

  it('are completed once, without EINTR, while signals come that the program ignores or has handlers for', async () => {
    const target = await Target.start(calls.path, []);
    await client.request('attach', { pid: target.pid });
    const work = target.address(calls.path, calls.offset('work'));
    const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
    await client.untilHit(probe, 1000);
    await finish(target);
  });
});
