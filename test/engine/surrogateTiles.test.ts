/** Threads whose tiles hold something: the scratch process can't have them, and they must not be lost. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { skip } from '../skip';

const SITES = 6;
const THREADS = 3;
const ROUNDS = 40;

const hasTiles = /^flags\s*:.*\bamx_tile\b/m.test(readFileSync('/proc/cpuinfo', 'latin1'));

describe('threads with AMX tiles in use', function () {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  it(`keep them while the surrogate executes for them`, async function () {
    if (!hasTiles) skip(this, 'the processor has no AMX');
    const tiles = program('tiles.c', ['-mamx-tile']);
    const args = [`${THREADS}`, `${ROUNDS}`];
    const expected = execFileSync(tiles.path, args, { encoding: 'latin1' });
    const pid = await client.launch(tiles.path, args);
    const sites: number[] = [];
    for (let number = 1; number <= SITES; number++) {
      const at = await client.symbol(pid, tiles.path, tiles.offset(`tile_${number}`));
      sites.push((await client.arm(pid, at, { onHit: 'count' })).site);
    }
    await client.release(pid);
    assert.deepEqual((await client.event('exited')).end, { code: 0 });
    await client.until(() => (client.output === expected ? true : undefined));
    const counts = (await client.counts()).sites;
    sites.forEach((site, index) => {
      const { hits, steppedAside } = counts.get(site)!;
      assert.deepEqual({ index, hits, steppedAside }, { index, hits: THREADS * ROUNDS, steppedAside: 0 });
    });
  });
});
