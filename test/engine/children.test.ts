/**
 * Process trees: every child that is followed counts to the last call, and every child that is not runs on with clean
 * text.
 */
import assert from 'node:assert/strict';
import { type EngineEvent } from '../../src/contract/messages';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';

const tree = program('tree.c');
const CALLS = 3;

type Follow = 'children' | 'none';

describe('children', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  const launch = async (kind: string, count: number, threads: number, follow: Follow): Promise<number> => {
    const { pid } = await client.request('launch', {
      program: tree.path,
      args: [kind, `${count}`, `${threads}`],
      cwd: process.cwd(),
      env: [],
      stdio: [3, 4, 5],
      follow,
    });
    return pid;
  };
  const work = (pid: number) => client.symbol(pid, tree.path, tree.offset('work'));
  const eventsOf = <E extends EngineEvent['event']>(name: E) =>
    client.events.filter((event): event is Extract<EngineEvent, { event: E }> => event.event === name);

  /** What the program counted, when it has ended and all its children have. */
  const called = async (root: number): Promise<number> => {
    await client.event('exited', ({ pid }) => pid === root);
    await client.until(() => (eventsOf('processStarted').length + 1 === eventsOf('exited').length ? true : undefined));
    const output = await client.written();
    assert.match(output, /^right \d+\n$/);
    return Number(output.split(' ')[1]);
  };

  /** Arms `work` in every new image, as a session does. */
  const armImages = (root: number, probe: number, onHit: 'report' | 'count'): void => {
    let seen = 0;
    void client
      .until(() => {
        const held = eventsOf('held');
        for (; seen < held.length; seen++) {
          const { pid } = held[seen]!;
          if (pid === root) continue;
          void work(pid)
            .then((at) => client.arm(pid, at, { probe, onHit }))
            .then(() => client.release(pid));
        }
        return undefined;
      })
      .catch(() => undefined);
  };

  for (const [kind, count, threads] of [
    ['fork', 750, 4],
    ['clone3', 400, 2],
    ['grandchildren', 40, 2],
    ['fork-exec', 40, 2],
    ['vfork-exec', 40, 2],
    ['spawn', 40, 2],
    ['clone-vm', 400, 2],
  ] as const) {
    it(`count to the last call when they are followed: ${kind}`, async () => {
      const root = await launch(kind, count, threads, 'children');
      const { probe } = await client.arm(root, await work(root));
      armImages(root, probe, 'report');
      await client.release(root);
      const calls = await called(root);
      const counts = (await client.counts()).probes.get(probe)!;
      assert.equal(counts.hits, calls);
      assert.equal(counts.reported + counts.lost, calls);
      assert.equal(client.hits.length, counts.reported);
      const started = new Set(eventsOf('processStarted').map(({ pid }) => pid));
      if (kind !== 'clone-vm') {
        const expected = kind === 'grandchildren' ? 14 * count * threads : count * threads;
        assert.equal(eventsOf('processStarted').length, expected);
        for (const pid of new Set(client.hits.map((hit) => hit.pid))) assert.ok(pid === root || started.has(pid));
      }
      assert.deepEqual(eventsOf('warning'), []);
    });
  }

  it('have sites and counts of their own, told before their hits and with their end', async () => {
    const root = await launch('fork', 200, 2, 'children');
    const { probe, site } = await client.arm(root, await work(root));
    await client.release(root);
    await called(root);
    const started = eventsOf('processStarted');
    for (const { pid, parent, how, sites } of started) {
      assert.deepEqual([parent, how, sites.map(([, of]) => of)], [root, 'forked', [site]]);
      const own = sites[0]![0];
      assert.equal(client.hits.filter((hit) => hit.site === own && hit.pid === pid && hit.tid === pid).length, CALLS);
      const [[told, counts] = []] = eventsOf('exited').find((exited) => exited.sites?.[0]?.[0] === own)?.sites ?? [];
      assert.deepEqual([told, counts?.hits, counts?.reported], [own, CALLS, CALLS]);
    }
    const { sites, probes } = await client.counts();
    assert.deepEqual([...sites.keys()], [], 'the engine has forgotten them');
    const [[, own] = []] = eventsOf('exited').find(({ pid }) => pid === root)!.sites!;
    assert.equal(probes.get(probe)!.hits, own!.hits + started.length * CALLS);
  });

  it('can be killed at once', async () => {
    const root = await launch('killed', 500, 2, 'children');
    const { probe } = await client.arm(root, await work(root));
    await client.release(root);
    const calls = await called(root);
    const { hits } = (await client.counts()).probes.get(probe)!;
    // A thread that is killed at a hit is counted, and calls nothing any more.
    assert.ok(hits >= calls && hits <= calls + 1000, `${hits} hits, ${calls} calls`);
  });

  for (const follow of ['children', 'none'] as const) {
    it(`outlive creators that are killed at any moment, follow ${follow}`, async () => {
      const root = await launch('creator-killed', 250, 2, follow);
      const { probe } = await client.arm(root, await work(root), { onHit: 'count' });
      armImages(root, probe, 'count');
      await client.release(root);
      const calls = await called(root);
      const { hits } = (await client.counts()).probes.get(probe)!;
      // A thread that is killed at a hit is counted, and calls nothing any more.
      if (follow === 'none') assert.equal(hits, 0);
      else assert.ok(hits >= calls && hits <= calls + 500, `${hits} hits, ${calls} calls`);
      if (follow === 'children') {
        assert.ok(
          eventsOf('processStarted').some(({ how }) => how === 'orphaned'),
          'creators were killed at the very moment',
        );
      }
    });
  }

  it('are right about probes that come and go while they are forked', async () => {
    const root = await launch('fork', 600, 4, 'children');
    const at = await work(root);
    const steady = await client.arm(root, at, { onHit: 'count' });
    // Where the machine is slow, some are taken for orphans.
    armImages(root, steady.probe, 'count');
    await client.release(root);
    const probe = await client.declare();
    const toggled = new Set<number>();
    let rounds = 0;
    let taken = 0;
    const takeInherited = async (): Promise<void> => {
      const started = eventsOf('processStarted');
      for (; taken < started.length; taken++) {
        for (const [site, of] of started[taken]!.sites) {
          if (!toggled.has(of)) continue;
          toggled.add(site);
          await client.disarm(site);
        }
      }
    };
    for (;;) {
      const armed = await client.arm(root, at, { probe, onHit: 'count' }).catch(() => undefined);
      if (armed === undefined) break;
      toggled.add(armed.site);
      await client.disarm(armed.site);
      await takeInherited();
      rounds++;
    }
    await takeInherited();
    const calls = await called(root);
    const { probes, sites } = await client.counts();
    assert.equal(probes.get(steady.probe)!.hits, calls);
    assert.deepEqual([...sites.keys()], []);
    assert.ok(rounds > 100, `${rounds} rounds`);
  });

  it('are born without a probe that was forgotten, and lose it with their parents', async () => {
    const root = await launch('fork', 600, 4, 'children');
    const at = await work(root);
    const steady = await client.arm(root, at, { onHit: 'count' });
    // Where the machine is slow, some are taken for orphans.
    armImages(root, steady.probe, 'count');
    await client.release(root);
    const last = new Map<number, number>();
    for (;;) {
      const armed = await client.arm(root, at).catch(() => undefined);
      if (armed === undefined) break;
      const { probe } = armed;
      last.set(probe, (await client.request('forget', { probe })).reported);
      // Nothing of it can come any more.
      assert.equal(client.hits.splice(0).filter((hit) => hit.probe === probe).length, last.get(probe));
    }
    const calls = await called(root);
    const { probes, sites } = await client.counts();
    assert.deepEqual([probes.get(steady.probe)!.hits, [...sites.keys()]], [calls, []]);
    // The last one was declared and never armed.
    assert.equal(probes.size, 2);
    assert.ok(last.size > 100 && [...last.values()].some((reported) => reported > 0), `${last.size} probes`);
    assert.deepEqual(client.hits, []);
  });

  for (const kind of ['fork', 'clone3', 'grandchildren', 'vfork-exec', 'clone-vm'] as const) {
    it(`run clean and uncounted when they are not followed: ${kind}`, async () => {
      const isShared = kind === 'clone-vm' || kind === 'vfork-exec';
      const count = kind === 'grandchildren' ? 100 : 750;
      const root = await launch(kind, count, isShared ? 2 : -2, 'none');
      const { probe } = await client.arm(root, await work(root), { onHit: 'count' });
      await client.release(root);
      const calls = await called(root);
      const { hits } = (await client.counts()).probes.get(probe)!;
      const expected = {
        fork: 2 * count,
        clone3: 2 * count,
        grandchildren: 0,
        'vfork-exec': 4 * count,
        'clone-vm': 2 * count * (1 + CALLS),
      };
      assert.equal(hits, expected[kind]);
      if (kind === 'clone-vm') assert.equal(hits, calls);
    });
  }

  it('are let go clean with the whole tree when the client goes', async () => {
    const root = await launch('fork', 600, 4, 'children');
    await client.arm(root, await work(root), { onHit: 'count' });
    await client.release(root);
    await client.until(() => (eventsOf('processStarted').length > 200 ? true : undefined));
    await client.close();
    assert.match(await client.written(), /^right \d+\n$/);
  });
});
