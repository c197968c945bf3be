/** Children, threads and other programs: which run without probes, whose hits count, and what the engine reports. */
import assert from 'node:assert/strict';
import { threadsOf } from '../../src/engine/linux/proc';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { Target } from './target';
import { until } from '../until';

const family = program('family.c');
const churn = program('churn.c');
const turns = program('turns.c');
const counter = program('counter.c');
const leaderless = program('leaderless.c');

describe('processes and threads', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  const ROUNDS = 60;
  for (const [kind, calls] of [
    ['fork', ROUNDS],
    ['clone-copy', ROUNDS],
    ['vfork', 3 * ROUNDS],
    ['vfork-exec', 2 * ROUNDS],
    ['spawn', ROUNDS],
    ['clone-vm', 3 * ROUNDS],
  ] as const) {
    it(`lets children by ${kind} run, and counts calls in the program's own memory only`, async () => {
      const pid = await client.launch(family.path, [kind, `${ROUNDS}`]);
      const work = await client.symbol(pid, family.path, family.offset('work'));
      const { probe } = await client.arm(pid, work, { onHit: 'count' });
      await client.release(pid);
      await client.event('exited', (event) => event.pid === pid);
      assert.equal(await client.written(), `right ${calls}\n`);
      assert.equal((await client.counts()).probes.get(probe)?.hits, calls);
      assert.deepEqual(
        client.events.filter(({ event }) => event === 'warning'),
        [],
      );
    });
  }

  it('leaves no INT3 in a child that was forked just before its probe went', async () => {
    const pid = await client.launch(family.path, ['fork', '300']);
    const work = await client.symbol(pid, family.path, family.offset('work'));
    await client.release(pid);
    const probe = await client.declare();
    for (let round = 0; round < 1000; round++) {
      const armed = await client.arm(pid, work, { probe, onHit: 'count' }).catch(() => undefined);
      if (armed === undefined) break;
      await client.disarm(armed.site);
    }
    await client.event('exited', (event) => event.pid === pid);
    assert.equal(await client.written(), 'right 300\n');
  });

  it('follows threads that come and go quickly', async () => {
    const pid = await client.launch(churn.path, ['4', '500']);
    const { probe } = await client.arm(pid, await client.symbol(pid, churn.path, churn.offset('work')));
    await client.release(pid);
    await client.event('exited');
    assert.equal(await client.written(), 'right\n');
    assert.equal((await client.counts()).probes.get(probe)?.hits, 2000);
    assert.equal(client.hits.length, 2000);
    const started = new Set(client.events.flatMap((event) => (event.event === 'threadStarted' ? [event.tid] : [])));
    const exited = new Set(client.events.flatMap((event) => (event.event === 'threadExited' ? [event.tid] : [])));
    assert.ok(
      client.hits.every(({ tid }) => started.has(tid)),
      'a thread is announced before its first hit',
    );
    assert.deepEqual(exited, started);
  });

  it('finds every thread of a process that creates them while it attaches', async () => {
    // More than it creates in hours.
    const target = await Target.start(churn.path, ['4', '100000000', 'go']);
    const work = target.address(churn.path, churn.offset('work'));
    target.begin();
    await until('the first threads', () => threadsOf(target.pid)!.length > 1);
    await client.request('attach', { pid: target.pid });
    const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
    // A thread that was not found dies of its first hit, and the program with it.
    await client.untilHit(probe, 20_000);
    target.process.kill('SIGKILL');
    assert.deepEqual((await client.event('exited')).end, { signal: 9 });
  });

  it('traces a process whose leader has ended', async () => {
    const target = await Target.start(leaderless.path, ['3000']);
    assert.match(target.status('State'), /^Z/);
    const { tids } = await client.request('attach', { pid: target.pid });
    assert.equal(tids.length, 1);
    const work = await client.symbol(target.pid, leaderless.path, leaderless.offset('work'));
    const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
    target.begin();
    assert.deepEqual(await target.end(), { output: 'right', code: 3, signal: null });
    assert.deepEqual((await client.event('exited')).end, { code: 3 });
    assert.equal((await client.counts()).probes.get(probe)?.hits, 6000);
  });

  for (const from of ['main', 'thread'] as const) {
    it(`holds the new program after exec from the ${from === 'main' ? 'leader' : 'last of several threads'}`, async () => {
      const pid = await client.launch(turns.path, [from, counter.path, '2', '1000']);
      const old = await client.arm(pid, await client.symbol(pid, turns.path, turns.offset('work')), { onHit: 'count' });
      await client.release(pid);
      assert.equal((await client.event('execed')).executable, counter.path);
      await client.until(() => (client.events.filter(({ event }) => event === 'held').length === 2 ? true : undefined));
      const work = await client.symbol(pid, counter.path, counter.offset('work'));
      const { probe } = await client.arm(pid, work);
      await client.release(pid);
      assert.deepEqual((await client.event('exited')).end, { code: 0 });
      const { probes } = await client.counts();
      assert.equal(probes.get(probe)?.hits, 2000);
      assert.ok(probes.get(old.probe)!.hits > 0);
      assert.ok((await client.disarm(old.site)).hits > 0, 'the old site keeps its counts');
      assert.equal(await client.written(), 'right\n');
    });
  }
});
