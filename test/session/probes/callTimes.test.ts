/** How calls are told apart by their frames: entries and returns as an engine sends them. */
import assert from 'node:assert/strict';
import { linkAddress } from '../../../src/base/address';
import { type HitRecord } from '../../../src/contract/hits';
import { type FrameKey } from '../../../src/debuginfo/model/model';
import { CallTimes } from '../../../src/session/probes/callTimes';
import { type FoundEntry } from '../../../src/session/probes/foundPlace';
import { SiteTable } from '../../../src/session/probes/siteTable';
import { Probe, type Site } from '../../../src/session/probes/userProbe';
import { Process } from '../../../src/session/processes/process';
import { FakeEngine, PID } from '../fakeEngine';

const FRAME: FrameKey = [[{ op: 'register', register: 7 }]];
const TIMED = {
  kind: 'log',
  location: { kind: 'return', of: { kind: 'function', name: 'f' } },
  message: '{$duration}',
  text: 'log return f "{$duration}"',
} as const;

describe('times of calls', () => {
  let engine: FakeEngine;
  let times: CallTimes;
  let ordinal: number;
  const probe = new Probe(1, TIMED);
  const process = new Process(PID, undefined);

  beforeEach(async () => {
    engine = new FakeEngine();
    times = new CallTimes(engine, new SiteTable());
    ordinal = 0;
    const entry = (copy: string, at: bigint): FoundEntry => ({
      module: fakeModule(),
      address: at as FoundEntry['address'],
      copy,
      frame: FRAME,
    });
    const entries = [entry('a', 0x1000n), entry('b', 0x2000n)];
    assert.deepEqual(await times.watch(probe, process, { places: [], entries, errors: [] }), []);
  });

  const word = (value: number) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
    return { status: 0, bytes } as const;
  };
  const record = (more: Partial<HitRecord>): HitRecord => ({
    site: 1,
    probe: 1,
    pid: PID,
    tid: PID,
    timeNs: 0n,
    ordinal: 1,
    elapsedNs: 0,
    captures: [],
    ...more,
  });
  const enter = (slot: number, elapsedNs: number, copy: 'a' | 'b' = 'a', more: Partial<HitRecord> = {}) => {
    const [asked] = engine.askedSites();
    const site = asked!.site + (copy === 'a' ? 0 : 1);
    const entry = { site, probe: asked!.probe, ordinal: ++ordinal, elapsedNs, captures: [word(slot)] };
    assert.ok(times.takeEntry(record({ ...entry, ...more })));
  };
  const leave = (slot: number, elapsedNs: number, copy = 'a', more: Partial<HitRecord> = {}) => {
    const site = { probe, copy, compiled: { frameAt: 0 } } as unknown as Site;
    return times.takeReturn(site, record({ elapsedNs, captures: [word(slot)], ...more }));
  };

  it('are from the entry to the return with its frame, in any order of frames', () => {
    enter(100, 10);
    enter(90, 20);
    enter(500, 25);
    assert.equal(leave(100, 50), 40);
    assert.equal(leave(500, 51), 26);
    assert.equal(leave(90, 60), 40);
  });

  it('are unknown for calls that began before the probe was there', () => {
    assert.equal(leave(100, 50), undefined);
  });

  it('are from the last entry with the frame: earlier calls left it without a return', () => {
    enter(100, 10);
    enter(100, 30);
    assert.equal(leave(100, 50), 20);
    assert.equal(leave(100, 60), undefined);
  });

  it('are unknown for every call that had begun when the engine could not send an entry', () => {
    enter(100, 10);
    ordinal++;
    enter(90, 20);
    assert.equal(leave(90, 30), 10);
    assert.equal(leave(100, 40), undefined);
  });

  it('take no entry of another copy or another process for theirs', () => {
    enter(100, 10, 'b');
    enter(90, 10, 'a', { pid: PID + 1 });
    assert.equal(leave(100, 50, 'a'), undefined);
    assert.equal(leave(90, 50), undefined);
    assert.equal(leave(100, 50, 'b'), 40);
  });

  it('are unknown where the frame can not be read', () => {
    enter(100, 10);
    enter(90, 20, 'a', { captures: [{ status: 2, bytes: word(8).bytes }] });
    assert.equal(leave(100, 50), undefined);
  });

  it('are unknown from when an entry is lost, and when the process runs another program', () => {
    enter(100, 10);
    times.lose(engine.askedSites()[0]!.site);
    assert.equal(leave(100, 50), undefined);
    enter(100, 10, 'b');
    times.forgetProcess(process);
    assert.equal(leave(100, 50, 'b'), undefined);
  });

  it('cost memory for a bounded number of calls, the newest', () => {
    const CALLS = (1 << 18) + 5;
    for (let slot = 1; slot <= CALLS; slot++) enter(slot, 10);
    assert.equal(leave(1, 20), undefined);
    assert.equal(leave(CALLS, 20), 10);
  });

  it('are forgotten with their probe, by the engine too', async () => {
    await times.forget(probe);
    assert.deepEqual(engine.askedFor('forget'), [{ probe: engine.askedSites()[0]!.probe }]);
    assert.ok(times.takeEntry(record({ probe: engine.askedSites()[0]!.probe })));
  });
});

function fakeModule(): FoundEntry['module'] {
  return {
    bias: 0n,
    key: 'module',
    toLink: linkAddress,
    image: { textAt: () => undefined, restartableSequenceAt: () => undefined },
  } as unknown as FoundEntry['module'];
}
