import assert from 'node:assert/strict';
import { Process } from '../../../src/session/processes/process';

describe('process', () => {
  const process = (parent?: number): Process => {
    const made = new Process(4_194_301, parent);
    made.executable = '/usr/bin/cc1';
    for (const [tid, name] of [
      [4_194_301, 'cc1'],
      [4_194_302, 'worker'],
      [4_194_303, undefined],
    ] as const)
      made.addThread(tid, name);
    return made;
  };
  const labels = (of: Process): string[] => [...of.threads.keys()].map((tid) => of.threadLabel(tid));

  it('names its threads', () => {
    assert.deepEqual(labels(process()), ['cc1 (4194301)', 'worker (4194302)', 'thread (4194303)']);
  });

  it('says of a child’s threads whose they are', () => {
    assert.deepEqual(labels(process(1)), ['cc1 (4194301)', 'worker (4194301/4194302)', 'thread (4194301/4194303)']);
  });

  it('is named by its program', () => {
    assert.equal(process().label, 'cc1 (4194301)');
    assert.equal(new Process(7).label, 'process (7)');
  });
});
