/**
 * exec from any thread, hits of the others in the air: the thread that calls it takes over the leader's number, the
 * rest are gone.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';

// At the same address in each turn.
const relay = program('relay.c', ['-static', '-fno-pie', '-no-pie', '-fpatchable-function-entry=1']);

describe('exec under load', () => {
  let client: EngineClient;
  let directory: string;

  engineForEach((started) => (client = started));

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-relay-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  for (const [what, total, every] of [
    ['armed again in each turn', 1500, 1],
    ['armed now and then', 300, 7],
  ] as const) {
    it(`follows a program that turns into itself ${total} times, ${what}`, async () => {
      const file = join(directory, 'counts');
      writeFileSync(file, Buffer.alloc(4096));
      const shell = `exec 9<>${file}; exec ${relay.path} ${total} 9 1`;
      const pid = await client.launch('/bin/sh', ['-c', shell]);
      const probe = await client.declare();
      await client.release(pid);
      let at: Awaited<ReturnType<EngineClient['symbol']>> | undefined;
      let execs = 0;
      let seen = 0;
      for (;;) {
        const next = await client.until(() =>
          client.events.slice(seen).find(({ event }) => event === 'exited' || event === 'execed'),
        );
        seen = client.events.indexOf(next) + 1;
        if (next.event === 'exited') {
          assert.deepEqual(next.end, { code: 0 });
          break;
        }
        at ??= await client.symbol(pid, relay.path, relay.offset('work'));
        if (execs++ % every === 0) {
          await client.arm(pid, at, { probe, onHit: 'count' });
        }
        await client.release(pid);
      }
      const [, turns, begun, passed] = /turns (\d+) begun (\d+) passed (\d+)/.exec(await client.written())!.map(Number);
      assert.equal(turns, total + 1);
      assert.equal(execs, total + 1);
      const { hits } = (await client.counts()).probes.get(probe)!;
      // Between the two are calls whose threads ended in the midst of them.
      assert.ok(hits > 0 && hits <= begun!);
      if (every === 1) assert.ok(hits >= passed!);
    });
  }
});
