import assert from 'node:assert/strict';
import { address, hex, linkAddress, relocate, unrelocate } from '../../src/base/address';

describe('addresses', () => {
  it('have 64 bits, as the processor’s', () => {
    assert.equal(address(-1), 0xffff_ffff_ffff_ffffn);
    assert.equal(address(2n ** 64n + 5n), 5n);
  });

  it('come back from where they were moved', () => {
    for (const bias of [0n, 0x5555_5555_4000n, -0x1000n]) {
      assert.equal(unrelocate(relocate(linkAddress(0x401136), bias), bias), 0x401136n);
    }
    assert.equal(relocate(linkAddress(0x10), -0x20n), 0xffff_ffff_ffff_fff0n);
  });

  it('are written as C writes them', () => {
    assert.equal(hex(address(0x401136)), '0x401136');
    assert.equal(hex(0), '0x0');
  });
});
