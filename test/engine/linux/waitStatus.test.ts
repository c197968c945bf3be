/** Wait statuses, as the kernel makes them up (ptrace(2)). */
import assert from 'node:assert/strict';
import { decodeWaitStatus, isEnd, STOPPED_BY_SIGTRAP, type WaitStatus } from '../../../src/engine/linux/waitStatus';

describe('wait status', () => {
  const cases: readonly (readonly [number, WaitStatus])[] = [
    [0x0000, { kind: 'exited', code: 0 }],
    [0x2a00, { kind: 'exited', code: 42 }],
    [0x0009, { kind: 'killed', signal: 9 }],
    [0x008b, { kind: 'killed', signal: 11 }], // with a core dump
    [0x0b7f, { kind: 'signal', signal: 11 }],
    [0x857f, { kind: 'syscall' }],
    [0x1057f, { kind: 'fork' }],
    [0x2057f, { kind: 'vfork' }],
    [0x3057f, { kind: 'clone' }],
    [0x4057f, { kind: 'exec' }],
    [0x6057f, { kind: 'other' }],
    [0x80057f, { kind: 'trapStop' }],
    [0x80137f, { kind: 'groupStop', signal: 19 }],
  ];
  for (const [status, meaning] of cases) {
    it(`0x${status.toString(16)} is ${JSON.stringify(meaning)}`, () => {
      assert.deepEqual(decodeWaitStatus(status), meaning);
      assert.equal(isEnd(meaning), meaning.kind === 'exited' || meaning.kind === 'killed');
    });
  }

  it('of a SIGTRAP is known without decoding', () => {
    assert.deepEqual(decodeWaitStatus(STOPPED_BY_SIGTRAP), { kind: 'signal', signal: 5 });
  });
});
