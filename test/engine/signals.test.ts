/** Signals and faults reach the program as they would without probes. */
import assert from 'node:assert/strict';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { Target } from './target';
import { until } from '../until';

const signals = program('signals.c');
const traps = program('traps.c');
const faults = program('faults.c');
const hammer = program('hammer.c');

describe('signals', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  async function run(path: string, args: readonly string[], at: number) {
    const pid = await client.launch(path, args);
    const { probe } = await client.arm(pid, await client.symbol(pid, path, at), { onHit: 'count' });
    await client.release(pid);
    const { end } = await client.event('exited');
    await client.until(() => (client.output === '' && 'code' in end ? undefined : true));
    return { end, output: client.output.trim(), counts: (await client.counts()).probes.get(probe)! };
  }

  it('counts calls from handlers in a storm of signals', async () => {
    const { output, counts } = await run(signals.path, ['20000'], signals.offset('work'));
    assert.equal(output, `right ${counts.hits}`);
  });

  it('stops and continues with the whole process', async () => {
    // As often as they can, until their input ends.
    const target = await Target.start(hammer.path, ['2', '0']);
    await client.request('attach', { pid: target.pid });
    const turn = target.address(hammer.path, hammer.offset('turn'));
    const { probe } = await client.arm(target.pid, turn, { onHit: 'count' });
    target.begin({ lingering: true });
    const hits = async () => (await client.counts()).probes.get(probe)!.hits;
    for (let round = 0; round < 5; round++) {
      target.process.kill('SIGSTOP');
      // The leader hits no probe: when it is stopped, the signal has reached the process.
      await until('the stop', () => /^[tT]/.test(target.status('State')));
      let before = await hits();
      for (let now = await hits(); now !== before; now = await hits()) before = now;
      await client.request('signal', { pid: target.pid, signal: 18 });
      await until('another hit', async () => (await hits()) !== before);
    }
    const { output } = await target.end();
    await client.event('exited');
    assert.equal(output, `right ${await hits()}`);
  });

  it('gives the program the traps of its own int3', async () => {
    const { output, counts } = await run(traps.path, ['own-int3', '3000'], traps.offset('work'));
    assert.deepEqual([output, counts.hits], ['calls 3000 traps 3000', 3000]);
  });

  it('gives the program the SIGTRAPs it raises', async () => {
    const { output, counts } = await run(traps.path, ['raise', '3000'], traps.offset('work'));
    assert.deepEqual([output, counts.hits], ['calls 3000 traps 3000', 3000]);
  });

  it('does not take a SIGTRAP that another thread sent for a hit', async () => {
    const { output, counts } = await run(traps.path, ['bombarded', '30000'], traps.offset('work'));
    assert.match(output, /^calls 30000 traps [1-9]/);
    assert.equal(counts.hits, 30_000);
  });

  for (const [kind, result] of [
    ['blocked', 'calls 5000 blocked 1 pending 1'],
    ['ignored', 'calls 5000'],
  ] as const) {
    it(`leaves SIGTRAP ${kind} where the program has it so`, async () => {
      const target = await Target.start(traps.path, [kind, '5000']);
      await client.request('attach', { pid: target.pid });
      const work = await client.symbol(target.pid, traps.path, traps.offset('work'));
      const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
      target.begin();
      assert.deepEqual((await client.event('exited')).end, { code: 0 });
      assert.equal((await target.end()).output, result);
      assert.equal((await client.counts()).probes.get(probe)?.hits, 5000);
      assert.equal(
        client.events.some(({ event }) => event === 'warning'),
        kind === 'ignored',
      );
    });
  }

  it('keeps a SIGTRAP that hides INT3’s own from a program that ignores it', async () => {
    const target = await Target.start(traps.path, ['ignored-bombarded', '0']);
    await client.request('attach', { pid: target.pid });
    const work = await client.symbol(target.pid, traps.path, traps.offset('work'));
    const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
    target.begin({ lingering: true });
    const ended = client.event('exited').then(({ end }) => end);
    await Promise.race([client.untilHit(probe, 30_000), ended]);
    assert.equal((await target.end()).output, 'calls 0 traps 0');
    assert.deepEqual(await ended, { code: 0 });
  });

  // The kernel has undone it by the time the hit is reported, and nothing tells that it was so.
  for (const kind of ['late-block', 'late-ignore']) {
    it(`counts where the program sets SIGTRAP otherwise after its probe was set, which the first hit undoes: ${kind}`, async () => {
      const target = await Target.start(traps.path, [kind, '5000']);
      await client.request('attach', { pid: target.pid });
      const work = target.address(traps.path, traps.offset('work'));
      const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
      target.begin();
      assert.deepEqual((await client.event('exited')).end, { code: 0 });
      assert.equal((await target.end()).output, 'calls 5000 blocked 0 ignored 0');
      assert.equal((await client.counts()).probes.get(probe)?.hits, 5000);
    });
  }

  for (const [kind, result] of [
    ['blocked', /^calls 0 blocked 1 pending 1$/],
    ['bombarded', /^calls 0 traps [1-9]/],
  ] as const) {
    it(`is detached from where a SIGTRAP that was sent hides INT3's own: ${kind}`, async () => {
      const target = await Target.start(traps.path, [kind, '0']);
      let begun = false;
      for (let round = 0; round < 40; round++) {
        await client.request('attach', { pid: target.pid });
        const work = await client.symbol(target.pid, traps.path, traps.offset('work'));
        const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
        if (!begun) target.begin({ lingering: true });
        begun = true;
        await client.untilHit(probe, 50);
        await client.request('detach', { pid: target.pid });
      }
      const { output, code, signal } = await target.end();
      assert.deepEqual([code, signal], [0, null]);
      assert.match(output, result);
    });
  }

  it('does not take a thread that is in its handler for SIGTRAP for one that blocks it', async () => {
    const target = await Target.start(traps.path, ['slow-handler', '0']);
    const work = target.address(traps.path, traps.offset('work'));
    target.begin({ lingering: true });
    for (let round = 0; round < 100; round++) {
      await client.request('attach', { pid: target.pid });
      const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
      await client.untilHit(probe, 3);
      await client.request('forget', { probe });
      await client.request('detach', { pid: target.pid });
    }
    assert.match((await target.end()).output, /^calls (\d+) traps \1 blocked 0$/);
  });

  it('raises the real fault where the displaced instruction faults', async () => {
    const { end, counts } = await run(faults.path, ['null'], faults.offset('load'));
    assert.deepEqual(end, { signal: 11 });
    assert.deepEqual([counts.hits, counts.steppedAside], [1, 1]);
  });

  it('lets a handler repair the fault, and the instruction be tried again', async () => {
    const { output, counts } = await run(faults.path, ['handled'], faults.offset('load'));
    assert.equal(output, 'caught 200');
    assert.deepEqual([counts.hits, counts.steppedAside], [200, 100]);
  });

  it('tells a fault, and the hit after it, where the process is stopped in the midst of it', async () => {
    const target = await Target.start(faults.path, ['stopped']);
    await client.request('attach', { pid: target.pid });
    const load = target.address(faults.path, faults.offset('load'));
    const { probe } = await client.arm(target.pid, load, { onHit: 'count' });
    target.begin({ lingering: true });
    for (let round = 0; round < 1000; round++) {
      target.process.kill('SIGSTOP');
      await until('the stop', () => /^[tT]/.test(target.status('State')));
      target.process.kill('SIGCONT');
      await client.counts();
    }
    const { output } = await target.end();
    await client.event('exited');
    const [, caught, rounds] = /^caught (\d+) of (\d+)$/.exec(output)!.map(Number);
    assert.equal(caught, rounds);
    assert.equal((await client.counts()).probes.get(probe)!.hits, 2 * rounds!);
  });

  it('changes nothing where half of a store would fault', async () => {
    const { output, counts } = await run(faults.path, ['crossing'], faults.offset('store'));
    assert.deepEqual([output, counts.steppedAside], ['caught 1 7', 1]);
  });

  it('raises division errors', async () => {
    const { output, counts } = await run(faults.path, ['division'], faults.offset('division'));
    assert.deepEqual([output, counts.hits, counts.steppedAside], ['caught 50', 100, 50]);
  });

  it('lets a thread trap on purpose', async () => {
    const { output, counts } = await run(faults.path, ['trap'], faults.offset('trap'));
    assert.deepEqual([output, counts.hits, counts.steppedAside], ['caught 50', 50, 50]);
  });

  it('lets the thread run an instruction whose memory only it can reach', async () => {
    const { output, counts } = await run(faults.path, ['unreachable'], faults.offset('load'));
    assert.deepEqual([output, counts.hits, counts.steppedAside], ['read 1', 100, 100]);
  });
});
