import assert from 'node:assert/strict';
import { Once } from '../../src/base/once';

describe('a value that is read once', () => {
  it('is read when it is asked for, and not again', () => {
    let reads = 0;
    const once = new Once(() => ++reads);
    assert.equal(reads, 0);
    assert.deepEqual([once.value, once.value, reads], [1, 1, 1]);
  });

  it('may be undefined', () => {
    let reads = 0;
    const once = new Once(() => {
      reads++;
      return undefined;
    });
    assert.deepEqual([once.value, once.value, reads], [undefined, undefined, 1]);
  });

  it('throws the same again where reading threw', () => {
    let reads = 0;
    const once = new Once(() => {
      throw new Error(`read ${++reads}`);
    });
    for (let attempt = 0; attempt < 2; attempt++) assert.throws(() => once.value, { message: 'read 1' });
  });
});
