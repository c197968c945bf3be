/** Probes at work: what is counted, what is reported, what is decided at a hit. */
import assert from 'node:assert/strict';
import { type AgentOperation, type AgentProgram } from '../../src/contract/agent/operations';
import { type SidestepError } from '../../src/base/errors';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';

const counter = program('counter.c');

/** Captures the first argument. */
const ARGUMENT: AgentProgram = {
  captures: [
    [
      { op: 'register', register: 'rdi' },
      { op: 'capture', size: 8 },
    ],
  ],
};

function argumentIs(operation: 'ltS' | 'eq', value: bigint): readonly AgentOperation[] {
  return [{ op: 'register', register: 'rdi' }, { op: 'const', value }, { op: operation }];
}

describe('hits', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  async function start(threads: number, calls: number) {
    const pid = await client.launch(counter.path, [`${threads}`, `${calls}`]);
    return { pid, work: await client.symbol(pid, counter.path, counter.offset('work')) };
  }

  async function finish(pid: number): Promise<void> {
    await client.release(pid);
    const { end } = await client.event('exited');
    assert.deepEqual(end, { code: 0 });
    await client.until(() => (client.output === 'right\n' ? true : undefined));
  }

  it('counts every call of two threads that hit a site without pause', async () => {
    const { pid, work } = await start(2, 50_000);
    const { site, probe } = await client.arm(pid, work, { agent: ARGUMENT, expected: counter.text('work', 15) });
    await finish(pid);
    assert.equal(client.hits.length, 100_000);
    const all = { hits: 100_000, matched: 100_000, reported: 100_000 };
    const counts = { ...all, lost: 0, failedConditions: 0, steppedAside: 0 };
    const { probes, sites } = await client.counts();
    assert.deepEqual(probes.get(probe), counts);
    assert.deepEqual(sites.get(site), counts);
    const seen = new Map<number, number>();
    client.hits.forEach((hit, index) => {
      assert.equal(hit.ordinal, index + 1);
      assert.equal(hit.captures[0]!.bytes.readBigInt64LE(), BigInt(seen.get(hit.tid) ?? 0));
      seen.set(hit.tid, (seen.get(hit.tid) ?? 0) + 1);
    });
    assert.deepEqual([...seen.values()], [50_000, 50_000]);
  });

  it('stamps records with the time of the hit, in order', async () => {
    const before = BigInt(Date.now() - 5) * 1_000_000n;
    const { pid, work } = await start(1, 100);
    await client.arm(pid, work);
    await finish(pid);
    const times = client.hits.map(({ timeNs }) => timeNs);
    assert.ok(times[0]! > before && times.at(-1)! < BigInt(Date.now() + 5) * 1_000_000n);
    assert.deepEqual(times, times.toSorted());
  });

  it('reports only where the condition holds, and counts what could not be evaluated', async () => {
    const { pid, work } = await start(1, 1000);
    const some = await client.arm(pid, work, { agent: { ...ARGUMENT, condition: argumentIs('ltS', 10n) } });
    const broken = await client.arm(pid, work, {
      agent: {
        ...ARGUMENT,
        condition: [
          { op: 'const', value: 8n },
          { op: 'load', size: 8 },
        ],
      },
    });
    await finish(pid);
    const { probes } = await client.counts();
    assert.deepEqual(
      { ...probes.get(some.probe) },
      { hits: 1000, matched: 10, reported: 10, lost: 0, failedConditions: 0, steppedAside: 0 },
    );
    assert.deepEqual(
      { ...probes.get(broken.probe) },
      { hits: 1000, matched: 0, reported: 0, lost: 0, failedConditions: 1000, steppedAside: 0 },
    );
    assert.equal(client.hits.length, 10);
  });

  it('compares the hit condition with hits whose condition held', async () => {
    const { pid, work } = await start(1, 1000);
    const every = await client.arm(pid, work, {
      agent: { ...ARGUMENT, condition: argumentIs('ltS', 500n) },
      hitCondition: { operator: '%', count: 100 },
    });
    const third = await client.arm(pid, work, { hitCondition: { operator: '==', count: 3 } });
    const late = await client.arm(pid, work, { hitCondition: { operator: '>', count: 998 } });
    await finish(pid);
    const arguments_ = (probe: number) => client.hits.filter((hit) => hit.probe === probe);
    assert.deepEqual(
      arguments_(every.probe).map(({ captures }) => captures[0]!.bytes.readBigInt64LE()),
      [99n, 199n, 299n, 399n, 499n],
    );
    assert.deepEqual(
      arguments_(third.probe).map(({ ordinal }) => ordinal),
      [3],
    );
    assert.deepEqual(
      arguments_(late.probe).map(({ ordinal }) => ordinal),
      [999, 1000],
    );
    const { probes } = await client.counts();
    assert.deepEqual(
      [every, third, late].map(({ probe }) => probes.get(probe)!.matched),
      [500, 1000, 1000],
    );
  });

  it('runs all probes of one address, and keeps those that stay when one goes', async () => {
    const { pid, work } = await start(1, 300);
    const held = await client.arm(pid, work, {
      agent: { captures: [], condition: argumentIs('eq', 100n) },
      onHit: 'hold',
    });
    const reporting = await client.arm(pid, work);
    const counting = await client.arm(pid, work, { onHit: 'count' });
    await client.release(pid);
    const { tid, site } = await client.event('held', (event) => event.site !== undefined);
    assert.equal(site, held.site);
    const last = await client.disarm(reporting.site);
    assert.deepEqual([last.hits, last.reported, client.hits.length], [101, 101, 101]);
    await client.release(tid);
    await client.event('exited');
    const { probes } = await client.counts();
    assert.equal(probes.get(counting.probe)?.hits, 300);
    assert.equal(probes.get(held.probe)?.hits, 300);
    assert.equal(client.hits.length, 101);
    assert.equal(await client.written(), 'right\n');
  });

  it('forgets a probe with all its sites, and gives its last counts', async () => {
    const { pid, work } = await start(1, 300);
    const held = await client.arm(pid, work, {
      agent: { captures: [], condition: argumentIs('eq', 99n) },
      onHit: 'hold',
    });
    const gone = await client.arm(pid, work);
    await client.arm(pid, work, { probe: gone.probe, onHit: 'count' });
    await client.release(pid);
    const { tid } = await client.event('held', ({ site }) => site !== undefined);
    const last = await client.request('forget', { probe: gone.probe });
    assert.deepEqual([last.hits, last.reported], [200, 100]);
    assert.deepEqual(
      last.sites.map(([, { hits, matched, reported }]) => [hits, matched, reported]),
      [
        [100, 100, 100],
        [100, 100, 0],
      ],
    );
    const { probes, sites } = await client.counts();
    assert.deepEqual([[...probes.keys()], [...sites.keys()]], [[held.probe], [held.site]]);
    assert.deepEqual((await client.request('forget', { probe: gone.probe })).hits, 0, 'it is none any more');
    await assert.rejects(client.arm(pid, work, { probe: gone.probe }), /not declared/);
    await client.release(tid);
    assert.deepEqual((await client.event('exited')).end, { code: 0 });
    assert.equal(client.hits.length, 100);
    assert.equal(await client.written(), 'right\n');
  });

  it('holds one thread at a site and no other', async () => {
    const { pid, work } = await start(2, 20_000);
    await client.arm(pid, work, {
      agent: { captures: [], condition: argumentIs('eq', 7n) },
      onHit: 'hold',
      hitCondition: { operator: '==', count: 1 },
    });
    const counting = await client.arm(pid, work, { onHit: 'count' });
    await client.release(pid);
    const { tid } = await client.event('held', (event) => event.site !== undefined);
    // The other thread ends meanwhile.
    await client.event('threadExited', (event) => event.tid !== tid);
    const { probes } = await client.counts();
    assert.equal(probes.get(counting.probe)?.hits, 20_000 + 8);
    await client.release(tid);
    await client.event('exited');
    assert.equal((await client.counts()).probes.get(counting.probe)?.hits, 40_000);
  });

  it('reports exactly as often as the limit says, then takes all probes out', async () => {
    const { pid, work } = await start(4, 10_000);
    await client.arm(pid, work);
    const other = await client.arm(pid, work, { onHit: 'count' });
    await client.request('limit', { reports: 1234 });
    await finish(pid);
    await client.event('limitReached');
    assert.equal(client.hits.length, 1234);
    assert.ok((await client.counts()).probes.get(other.probe)!.hits <= 1234);
  });

  it('counts exactly what it drops while the client does not read, and holds nobody up for it', async () => {
    const { pid, work } = await start(2, 100_000);
    const strings: AgentProgram = {
      captures: [
        [
          { op: 'register', register: 'rsp' },
          { op: 'captureMemory', size: 256 },
        ],
      ],
    };
    const { probe } = await client.arm(pid, work, { agent: { ...strings, condition: argumentIs('ltS', 90_000n) } });
    await client.release(pid);
    client.pause();
    await client.until(() => (client.output === 'right\n' ? true : undefined));
    client.resume();
    await client.event('exited');
    const counts = (await client.counts()).probes.get(probe)!;
    assert.equal(counts.hits, 200_000);
    assert.equal(counts.reported + counts.lost, 180_000);
    assert.ok(counts.lost > 0, 'the client was slow enough');
    assert.equal(client.hits.length, counts.reported);
    assert.equal(await client.written(), 'right\n');
  });

  it('arms and disarms a thousand times under load, with every hit counted once', async () => {
    const ret = counter.offset('work') + counter.text('work', 32).indexOf('c3') / 2;
    // However many rounds one run of the program lasts.
    for (let rounds = 0; rounds < 1000;) {
      const { pid, work } = await start(2, 40_000);
      const always = await client.arm(pid, work, { onHit: 'count' });
      const at = await client.symbol(pid, counter.path, ret);
      const probe = await client.declare();
      await client.release(pid);
      const disarmed = new Map<number, number>();
      const isOver = (): boolean => client.events.some((event) => event.event === 'exited' && event.pid === pid);
      try {
        while (!isOver()) {
          // Alone at its address, so that the byte itself comes and goes.
          const { site } = await client.arm(pid, at, { probe });
          const { hits } = await client.disarm(site);
          if (!isOver()) disarmed.set(site, hits);
        }
      } catch (error) {
        // It ends in the midst of a round: its memory goes before its end is reported.
        assert.match((error as SidestepError).code, /^(process-not-found|not-probeable|memory-unreachable)$/);
      }
      const exited = await client.event('exited', (event) => event.pid === pid);
      assert.deepEqual(exited.end, { code: 0 });
      const { probes } = await client.counts();
      const reported = client.hits.filter((hit) => hit.probe === probe);
      assert.equal(probes.get(always.probe)?.hits, 80_000);
      assert.equal(probes.get(probe)?.hits, reported.length);
      for (const [site, hits] of disarmed) assert.equal(reported.filter((hit) => hit.site === site).length, hits);
      rounds += disarmed.size;
    }
  });
});
