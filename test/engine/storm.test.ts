/**
 * Signals at every moment, handlers in handlers, jumps and returns onto probes: every pass is counted, and no result is
 * another one.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/emulator/oracle/random';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { readMemory, Target } from './target';

const storm = program('storm.c');

/** Places of 1, 2 and 10 bytes, for the surrogate and for a twin; where siglongjmp and sigreturn go on. */
const PLACES = 'one two ten see locked touch landing tick divert_1 divert_2 divert_10'.split(' ');

describe('a storm of signals', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  async function arm(target: Target, places = PLACES): Promise<ReadonlyMap<string, number>> {
    const probes = new Map<string, number>();
    for (const place of places) {
      const at = await client.symbol(target.pid, storm.path, storm.offset(place));
      const onHit = place === 'one' ? 'report' : 'count';
      const { probe } = await client.arm(target.pid, at, { onHit, expected: storm.text(place, 15) });
      probes.set(place, probe);
    }
    return probes;
  }

  /** What the program says at its end, which must be a good one. */
  async function finish(target: Target): Promise<Readonly<Record<string, number>>> {
    const { output, code, signal } = await target.end();
    assert.deepEqual([code, signal], [0, null]);
    const { wrong, ...counted } = JSON.parse(output) as { wrong: string } & Record<string, number>;
    assert.equal(wrong, '');
    assert.equal(counted['traps'], counted['ownTraps']);
    return counted;
  }

  async function compare(
    probes: ReadonlyMap<string, number>,
    counted: Readonly<Record<string, number>>,
  ): Promise<void> {
    const counts = await client.counts();
    for (const [place, probe] of probes) {
      const { hits, steppedAside } = counts.probes.get(probe)!;
      assert.deepEqual([place, hits, steppedAside], [place, counted[place], 0]);
      assert.ok(hits > 0, place);
    }
    const { reported, lost } = counts.probes.get(probes.get('one')!)!;
    assert.equal(client.hits.length, reported);
    assert.equal(reported + lost, counted['one']);
  }

  for (const args of [[], ['leaderless']]) {
    it(`is counted to the last pass${args.length > 0 ? ', and the leader has ended' : ''}`, async () => {
      const target = await Target.start(storm.path, args);
      await client.request('attach', { pid: target.pid });
      const probes = await arm(target);
      target.begin({ lingering: true });
      // Enough for every kind of stop to come in the midst of others.
      for (const probe of probes.values()) await client.untilHit(probe, 500);
      const counted = await finish(target);
      await client.event('exited');
      await compare(probes, counted);
      for (const what of ['nested', 'jumps', 'diversions', 'switches']) assert.ok(counted[what]! > 0, what);
    });
  }

  it('is counted to the last pass while the process is stopped and continued two thousand times', async () => {
    const target = await Target.start(storm.path, []);
    await client.request('attach', { pid: target.pid });
    const probes = await arm(target);
    target.begin({ lingering: true });
    const random = new Random(1);
    for (let round = 0; round < 2000; round++) {
      target.process.kill('SIGSTOP');
      if (random.oneIn(3)) await sleep(0);
      target.process.kill('SIGCONT');
      if (random.oneIn(2)) await sleep(1);
    }
    const counted = await finish(target);
    await client.event('exited');
    await compare(probes, counted);
  });

  it('is none the worse for attaching and letting go in the midst of it', async () => {
    const target = await Target.start(storm.path, []);
    target.begin({ lingering: true });
    for (let round = 0; round < 15; round++) {
      await client.request('attach', { pid: target.pid });
      const probes = await arm(target);
      await client.untilHit(probes.get('ten')!, 20);
      await client.request('detach', { pid: target.pid });
      assert.equal(target.status('TracerPid'), '0');
      const at = target.address(storm.path, storm.offset('one'));
      assert.equal(readMemory(target.pid, at, 256), storm.text('one', 256));
      for (const probe of probes.values()) await client.request('forget', { probe });
    }
    await finish(target);
  });

  it('is counted to the last pass while four thousand edits are made beside', async () => {
    const target = await Target.start(storm.path, []);
    await client.request('attach', { pid: target.pid });
    const steady = await arm(target, ['two', 'ten', 'locked']);
    target.begin({ lingering: true });
    const edit = async (place: string): Promise<void> => {
      const at = target.address(storm.path, storm.offset(place));
      const { probe } = await client.arm(target.pid, at);
      const { hits, reported, lost } = await client.request('forget', { probe });
      assert.equal(reported + lost, hits);
      assert.equal(client.hits.filter((hit) => hit.probe === probe).length, reported);
      edits += 2;
    };
    let edits = 0;
    const beside = PLACES.filter((place) => !steady.has(place));
    while (edits < 4000) {
      client.hits.length = 0;
      await Promise.all(beside.map(edit));
    }
    const counted = await finish(target);
    await client.event('exited');
    for (const [place, probe] of steady) {
      assert.deepEqual([place, (await client.counts()).probes.get(probe)!.hits], [place, counted[place]]);
    }
  });
});
