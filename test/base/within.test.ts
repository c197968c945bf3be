import assert from 'node:assert/strict';
import { within } from '../../src/base/within';

describe('within a time', () => {
  it('gives what the promise gives', async () => assert.equal(await within(60_000, Promise.resolve(1)), 1));

  it('rejects as the promise does', () => assert.rejects(within(60_000, Promise.reject(new Error('no'))), /no/));

  it('gives undefined for what takes longer', async () => {
    assert.equal(await within(1, new Promise(() => undefined)), undefined);
  });

  it('waits for nothing where there is nothing', async () => assert.equal(await within(60_000, undefined), undefined));
});
