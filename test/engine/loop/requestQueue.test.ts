/** Requests on thousands of sites, and what happens while they are carried out. */
import assert from 'node:assert/strict';
import { type ArmOutcome, type Counts, type EngineEvent, type SiteRequest } from '../../../src/contract/messages';
import { address } from '../../../src/base/address';
import { type EngineClient } from '../engineClient';
import { engineForEach } from '../fixture';
import { program } from '../program';

const many = program('many.c');
const SITES = 4000;
const NAMES = Array.from({ length: SITES }, (_, index) => `f${String(index).padStart(4, '0')}`);

describe('requests on thousands of sites', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  async function launch(mode: string): Promise<number> {
    const { pid } = await client.request('launch', {
      program: many.path,
      args: [mode],
      cwd: process.cwd(),
      env: [],
      stdio: [3, 4, 5],
      follow: 'children',
    });
    return pid;
  }

  /** One site for each function, numbered in their order from 1. */
  async function sitesIn(pid: number, probe: number): Promise<SiteRequest[]> {
    const first = await client.symbol(pid, many.path, many.offset(NAMES[0]!));
    return NAMES.map((name, index) => ({
      site: index + 1,
      probe,
      address: address(first + BigInt(many.offset(name) - many.offset(NAMES[0]!))),
      agent: { captures: [] },
      onHit: 'count',
    }));
  }

  const eventsOf = <E extends EngineEvent['event']>(name: E) =>
    client.events.filter((event): event is Extract<EngineEvent, { event: E }> => event.event === name);
  const armedOf = (outcomes: readonly ArmOutcome[]) => outcomes.filter((outcome) => !('failure' in outcome));

  it('handle hits in between', async () => {
    const pid = await launch('calls');
    const probe = await client.declare();
    const sites = await sitesIn(pid, probe);
    await client.release(pid);
    assert.equal(armedOf(await client.armAll(pid, sites)).length, SITES);
    const { sites: counts } = await client.event('exited');
    const hits = new Map(counts!.map(([site, { hits: counted }]) => [site, counted]));
    // The program calls them by turns: what the first has more was hit before the last was armed.
    assert.ok(hits.get(1)! - hits.get(SITES)! > 3, `${hits.get(1)} hits of the first, ${hits.get(SITES)} of the last`);
    assert.ok(hits.get(SITES)! >= 100);
  });

  it('give a child that is forked in between the sites that are armed by then, and forget those with the others', async () => {
    const root = await launch('fork');
    const probe = await client.declare();
    const sites = await sitesIn(root, probe);
    await client.release(root);
    assert.equal(armedOf(await client.armAll(root, sites)).length, SITES);
    await client.until(() => (eventsOf('processStarted').length === 2 ? true : undefined));
    await client.until(() => (eventsOf('exited').length === 2 ? true : undefined));
    const forgotten = await client.request('forget', { probe });
    await client.event('exited', ({ pid }) => pid === root);
    assert.equal(await client.written(), '3 well\n');

    const inherited = eventsOf('processStarted').map(({ sites: pairs }) => pairs.map(([, parents]) => parents));
    const [during, after, leaving] = inherited as [number[], number[], number[]];
    const numbers = sites.map(({ site }) => site);
    const [early, late] = [during.length, leaving.length];
    assert.ok(early > 0 && early < SITES, `${early} sites were armed when the first child was forked`);
    assert.ok(late > 0 && late < SITES, `${late} sites were left when the last child was forked`);
    assert.deepEqual([...during].sort(byNumber), numbers.slice(0, early));
    assert.deepEqual([...after].sort(byNumber), numbers);
    assert.deepEqual([...leaving].sort(byNumber), numbers.slice(SITES - late));

    // Each child's every site was hit once; of the last child's, some were taken away before.
    const countsOf = (pairs: readonly (readonly [number, Counts])[]) => pairs.map(([, { hits }]) => hits);
    const [first, second, third] = eventsOf('processStarted').map(({ pid }) =>
      countsOf(eventsOf('exited').find((exit) => exit.pid === pid)!.sites!),
    );
    assert.deepEqual(
      first,
      Array.from({ length: early }, () => 1),
    );
    assert.deepEqual(
      second,
      Array.from({ length: SITES }, () => 1),
    );
    const all = [...first, ...second, ...third!, ...countsOf(forgotten.sites)];
    assert.equal(
      all.reduce((sum, hits) => sum + hits, 0),
      forgotten.hits,
    );
    assert.equal(all.length, early + SITES + late + SITES);
    assert.deepEqual((await client.counts()).sites, new Map());
  });

  it('arm nothing in the program that exec puts in the place of another in between', async () => {
    const pid = await launch('exec');
    const probe = await client.declare();
    const sites = await sitesIn(pid, probe);
    await client.release(pid);
    const outcomes = await client.armAll(pid, sites);
    const { sites: counted } = await client.event('execed');
    const armed = armedOf(outcomes).length;
    assert.ok(armed > 0 && armed < SITES, `${armed} sites were armed before exec`);
    assert.deepEqual(
      outcomes.slice(armed).map((outcome) => 'failure' in outcome && outcome.failure.code),
      Array.from({ length: SITES - armed }, () => 'no-code'),
    );
    assert.equal(counted!.length, armed);
    assert.deepEqual((await client.counts()).sites, new Map());
    await client.release(pid);
    assert.deepEqual((await client.event('exited')).end, { code: 0 });
  });

  it('end with a process that ends in between', async () => {
    const pid = await launch('exit');
    const probe = await client.declare();
    const sites = await sitesIn(pid, probe);
    await client.release(pid);
    const outcomes = await client.armAll(pid, sites);
    const { sites: counted, end } = await client.event('exited');
    const armed = armedOf(outcomes).length;
    assert.ok(armed > 0 && armed < SITES, `${armed} sites were armed before the end`);
    assert.equal(counted!.length, armed);
    assert.deepEqual(end, { code: 0 });
    assert.deepEqual((await client.counts()).sites, new Map());
  });

  it('stop when the client goes: what is armed by then is taken out', async () => {
    const pid = await launch('child');
    const probe = await client.declare();
    const sites = await sitesIn(pid, probe);
    await client.release(pid);
    void client.armAll(pid, sites).catch(() => undefined);
    await client.event('processStarted');
    await client.close();
    assert.deepEqual(
      client.events.filter(({ event }) => event === 'warning'),
      [],
    );
  });
});

function byNumber(a: number, b: number): number {
  return a - b;
}
