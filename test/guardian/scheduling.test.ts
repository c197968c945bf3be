import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { Arena } from '../../src/engine/tracing/arena';
import { allBut, only, Policy, Scheduling } from '../../src/guardian/scheduling';

describe('sets of processors', () => {
  it('hold one, or all but one', () => {
    const ninth = only(9);
    assert.deepEqual([...ninth.subarray(0, 3)], [0, 2, 0]);
    assert.equal(allBut(ninth, 9), undefined);
    const three = Uint8Array.of(0b111);
    assert.deepEqual([...allBut(three, 1)!], [0b101]);
    assert.deepEqual([...three], [0b111]);
  });
});

describe('a thread’s scheduling', () => {
  let scheduling: Scheduling;
  let child: ChildProcess;

  before(() => {
    scheduling = new Scheduling(new Arena());
    child = spawn('sleep', ['600']);
  });
  after(() => child.kill('SIGKILL'));

  it('is read, changed, and put back', () => {
    const tid = child.pid!;
    const original = scheduling.of(tid)!;
    assert.equal(original.policy, Policy.other);
    const first = original.processors.findIndex((byte) => byte !== 0);
    const processor = 8 * first + Math.log2(original.processors[first]! & -original.processors[first]!);
    assert.ok(scheduling.setProcessors(tid, only(processor)));
    assert.ok(scheduling.setPolicy(tid, Policy.batch));
    assert.deepEqual(scheduling.of(tid), { policy: Policy.batch, processors: only(processor) });
    scheduling.restore(tid, original);
    assert.deepEqual(scheduling.of(tid), original);
  });

  it('of a thread that is gone is unknown, and can’t be changed', () => {
    const gone = 0x7fff_ffff;
    assert.equal(scheduling.of(gone), undefined);
    assert.ok(!scheduling.setPolicy(gone, Policy.batch));
    assert.ok(!scheduling.setProcessors(gone, only(0)));
  });
});
