import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AddressTable } from '../../../src/engine/tracees/addressTable';

describe('address table', () => {
  it('is a map', () => {
    const addresses = fc.oneof(
      fc.nat(64),
      fc.integer({ min: 0, max: 2 ** 47 }),
      fc.nat(1000).map((n) => 0x7f00_0000_0000 + n),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(addresses, fc.nat())), fc.array(addresses), (entries, questions) => {
        const table = new AddressTable<number>();
        for (const [address, value] of entries) table.set(address, value);
        const map = new Map(entries);
        assert.equal(table.size, map.size);
        assert.deepEqual([...table.values()].toSorted(), [...map.values()].toSorted());
        for (const address of [...questions, ...map.keys()]) assert.equal(table.get(address), map.get(address));
      }),
    );
  });
});
