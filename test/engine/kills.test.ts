/**
 * Processes that SIGKILL ends at any moment: in the midst of a hit, of what is done for it, or of their start. Nothing
 * is left of them.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/emulator/oracle/random';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { resources } from './soak/resources';
import { Target } from './target';

const storm = program('storm.c');
const counter = program('counter.c');
const faults = program('faults.c');

/** Instructions that are emulated, one for the surrogate and one for a twin. */
const PLACES = ['one', 'two', 'ten', 'see', 'locked', 'touch'];

describe('SIGKILL', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  for (const [what, fixture, args, places] of [
    ['that is emulated, executed on a copy of the thread or by a twin', storm, [], PLACES],
    ['that the thread steps aside for', faults, ['stopped'], ['load']],
  ] as const) {
    it(`may come in the midst of an instruction ${what}`, async () => {
      const random = new Random(3);
      let before: ReturnType<typeof resources> | undefined;
      for (let round = 0; round < 100; round++) {
        const target = await Target.start(fixture.path, args);
        await client.request('attach', { pid: target.pid });
        const probe = await client.declare();
        await Promise.all(
          places.map((place) =>
            client.arm(target.pid, target.address(fixture.path, fixture.offset(place)), { probe, onHit: 'count' }),
          ),
        );
        target.begin({ lingering: true });
        await client.untilHit(probe, 1);
        await sleep(random.below(8));
        target.process.kill('SIGKILL');
        const { end } = await client.event('exited', ({ pid }) => pid === target.pid);
        assert.deepEqual(end, { signal: 9 });
        client.events.length = 0;
        await client.request('forget', { probe });
        // The scratch process of the surrogate has been started by now.
        before ??= resources(client.process.pid!);
      }
      assert.deepEqual(resources(client.process.pid!), before);
    });
  }

  it('may come at any moment of a program’s start, five hundred times', async () => {
    const enginePid = client.process.pid!;
    const random = new Random(2);
    let before: ReturnType<typeof resources> | undefined;
    for (let round = 0; round < 500; round++) {
      const pid = await client.launch(counter.path, ['2', '100000000']);
      const { probe } = await client.arm(pid, await client.symbol(pid, counter.path, counter.offset('work')));
      await client.release(pid);
      if (random.oneIn(2)) await sleep(random.below(4));
      process.kill(pid, 'SIGKILL');
      const { end } = await client.event('exited', (event) => event.pid === pid);
      assert.deepEqual(end, { signal: 9 });
      client.events.length = 0;
      client.hits.length = 0;
      await client.request('forget', { probe });
      before ??= resources(enginePid);
    }
    assert.deepEqual(resources(enginePid), before);
  });
});
