import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { until } from '../until';

const vectors = program('vectors.c');
/** Labels in the source, one on each instruction that no family lifts. */
const SITES = 34;
const THREADS = 3;

describe('probes on instructions that the surrogate executes', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  async function launch(rounds: number) {
    const pid = await client.launch(vectors.path, [`${THREADS}`, `${rounds}`]);
    for (let number = 1; number <= SITES; number++) {
      const at = await client.symbol(pid, vectors.path, vectors.offset(`vector_${number}`));
      await client.arm(pid, at, { onHit: 'count' });
    }
    return pid;
  }

  async function finish(pid: number): Promise<void> {
    await client.release(pid);
    const { end } = await client.event('exited');
    assert.deepEqual(end, { code: 0 });
  }

  function unprobed(rounds: number): string {
    return execFileSync(vectors.path, [`${THREADS}`, `${rounds}`], { encoding: 'latin1' });
  }

  it('leave a program that computes with them as it is', async () => {
    const rounds = 300;
    await finish(await launch(rounds));
    const { sites } = await client.counts();
    for (const [site, { hits, steppedAside }] of sites) {
      assert.deepEqual({ site, hits, steppedAside }, { site, hits: THREADS * rounds, steppedAside: 0 });
    }
    assert.equal(sites.size, SITES);
    await client.until(() => (client.output === unprobed(rounds) ? true : undefined));
  });

  it('go on when the scratch process is killed', async () => {
    const rounds = 500;
    const pid = await launch(rounds);
    const exited = finish(pid);
    const killed = new Set<number>();
    await until('three of them killed', () => {
      const found = scratchProcess(client.process.pid!);
      if (found !== undefined && !killed.has(found)) {
        process.kill(found, 'SIGKILL');
        killed.add(found);
      }
      return killed.size === 3;
    });
    await exited;
    await client.until(() => (client.output === unprobed(rounds) ? true : undefined));
  });
});

/** The engine's child of that name. */
function scratchProcess(engine: number): number | undefined {
  return readdirSync('/proc')
    .map(Number)
    .find((pid) => {
      try {
        const ours = readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('sidestep-surrogate');
        return ours && readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[3] === String(engine);
      } catch {
        // It has ended since.
        return false;
      }
    });
}
