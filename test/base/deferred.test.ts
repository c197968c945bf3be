import assert from 'node:assert/strict';
import { Deferred } from '../../src/base/deferred';

describe('what happens once', () => {
  it('is had by who waited before, and by who comes after', async () => {
    const deferred = new Deferred<number>();
    const before = deferred.promise;
    deferred.resolve(1);
    assert.deepEqual([await before, await deferred.promise], [1, 1]);
  });

  it('happens only once, whatever comes later', async () => {
    const deferred = new Deferred<number>();
    deferred.resolve(1);
    deferred.reject(new Error('late'));
    deferred.resolve(2);
    assert.equal(await deferred.promise, 1);
  });

  it('may fail without anybody waiting, and is told to who asks then', async () => {
    const deferred = new Deferred<number>();
    deferred.reject(new Error('never'));
    await new Promise(setImmediate);
    await assert.rejects(deferred.promise, /never/);
  });
});
