/**
 * A client that reads slowly or not at all: no thread waits for it, memory stays small, and what it misses is counted
 * for each probe.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentOperation, type AgentProgram } from '../../src/contract/agent/operations';
import { type HitCondition } from '../../src/contract/messages';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { residentKb } from './soak/resources';

const counter = program('counter.c');
const churn = program('churn.c');

/** How much memory the engine may add for records and events that the client does not read: docs/engine.md. */
const WAITING_KB = 96 << 10;

const ARGUMENT: AgentOperation = { op: 'register', register: 'rdi' };
const STACK: AgentProgram['captures'] = [
  [
    { op: 'register', register: 'rsp' },
    { op: 'captureMemory', size: 512 },
  ],
];

interface Wish {
  readonly what: string;
  readonly agent: AgentProgram;
  readonly onHit: 'report' | 'count';
  readonly hitCondition?: HitCondition;
  /** How many of so many hits are to be reported. */
  readonly due: (hits: number) => number;
}

/** With two threads that count up. */
const WISHES: readonly Wish[] = [
  { what: 'much', agent: { captures: STACK }, onHit: 'report', due: (hits) => hits },
  {
    what: 'a condition',
    agent: { captures: STACK, condition: [ARGUMENT, { op: 'const', value: 1n }, { op: 'and' }] },
    onHit: 'report',
    due: (hits) => hits / 2,
  },
  {
    what: 'every hundredth',
    agent: { captures: STACK },
    onHit: 'report',
    hitCondition: { operator: '%', count: 100 },
    due: (hits) => hits / 100,
  },
  {
    what: 'a condition that fails',
    agent: {
      captures: [],
      condition: [
        { op: 'const', value: 8n },
        { op: 'load', size: 8 },
      ],
    },
    onHit: 'report',
    due: () => 0,
  },
  { what: 'a count', agent: { captures: [] }, onHit: 'count', due: () => 0 },
];

describe('back-pressure', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  /** The most that the engine has in memory until the program has printed its result. */
  async function peak(): Promise<number> {
    let most = 0;
    while (client.output === '') {
      most = Math.max(most, residentKb(client.process.pid!));
      await sleep(20);
    }
    return most;
  }

  async function launch(calls: number): Promise<ReadonlyMap<number, Wish>> {
    const pid = await client.launch(counter.path, ['2', `${calls}`]);
    const work = await client.symbol(pid, counter.path, counter.offset('work'));
    const wishes = new Map<number, Wish>();
    for (const wish of WISHES) wishes.set((await client.arm(pid, work, wish)).probe, wish);
    void client.release(pid);
    return wishes;
  }

  async function compare(wishes: ReadonlyMap<number, Wish>, hits: number): Promise<number> {
    await client.event('exited');
    const { probes } = await client.counts();
    let lost = 0;
    for (const [probe, { what, due }] of wishes) {
      const counts = probes.get(probe)!;
      assert.deepEqual([what, counts.hits, counts.reported + counts.lost], [what, hits, due(hits)]);
      assert.equal(client.hits.filter((hit) => hit.probe === probe).length, counts.reported, what);
      assert.equal(counts.failedConditions, what === 'a condition that fails' ? hits : 0);
      lost += counts.lost;
    }
    assert.equal(client.output, 'right\n');
    return lost;
  }

  it('of a client that does not read is nobody else’s', async () => {
    const wishes = await launch(40_000);
    const before = residentKb(client.process.pid!);
    client.pause();
    const most = await peak();
    assert.ok(most < before + WAITING_KB, `${before} kB before, ${most} kB at most`);
    client.resume();
    assert.ok((await compare(wishes, 80_000)) > 0, 'the client was slow enough');
  });

  it('of a client that reads now and then loses no count', async () => {
    const wishes = await launch(40_000);
    while (client.output === '') {
      client.pause();
      await sleep(50);
      client.resume();
      await sleep(1);
    }
    await compare(wishes, 80_000);
  });

  it('keeps news of short-lived threads small', async () => {
    const pid = await client.launch(churn.path, ['4', '5000']);
    const work = await client.symbol(pid, churn.path, churn.offset('work'));
    const { probe } = await client.arm(pid, work, { agent: { captures: STACK } });
    void client.release(pid);
    const before = residentKb(client.process.pid!);
    client.pause();
    const most = await peak();
    assert.ok(most < before + WAITING_KB, `${before} kB before, ${most} kB at most`);
    client.resume();
    await client.event('exited');
    const { hits, reported, lost } = (await client.counts()).probes.get(probe)!;
    assert.deepEqual([hits, reported + lost, client.hits.length], [20_000, 20_000, reported]);
    // Every hit is of a thread whose start was reported.
    const started = new Set(client.events.flatMap((event) => (event.event === 'threadStarted' ? [event.tid] : [])));
    for (const { tid } of client.hits) assert.ok(started.has(tid));
  });
});
