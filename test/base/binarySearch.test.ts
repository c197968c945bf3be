import assert from 'node:assert/strict';
import fc from 'fast-check';
import { partitionPoint, partitionPointOf } from '../../src/base/binarySearch';

describe('the binary search', () => {
  it('finds what a search from the start finds', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 })), fc.integer({ min: -10, max: 10 }), (items, wanted) => {
        items.sort((a, b) => a - b);
        const found = items.findIndex((item) => item >= wanted);
        const expected = found < 0 ? items.length : found;
        assert.equal(
          partitionPointOf(items, (item) => item < wanted),
          expected,
        );
        assert.equal(
          partitionPoint(items.length, (index) => (items[index] ?? NaN) < wanted),
          expected,
        );
      }),
    );
  });

  it('asks of few', () => {
    let asked = 0;
    partitionPoint(1_000_000, (index) => {
      asked++;
      return index < 777_777;
    });
    assert.ok(asked <= 20, `${asked}`);
  });

  it('may begin later', () => {
    assert.equal(
      partitionPoint(10, () => false, 4),
      4,
    );
  });
});
