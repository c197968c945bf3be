import assert from 'node:assert/strict';
import { crc32 } from '../../../src/debuginfo/elf/crc32';

describe('CRC-32', () => {
  it('is that of IEEE 802.3', () => {
    assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
    assert.equal(crc32(new Uint8Array(0)), 0);
  });

  it('goes on where it stopped', () => {
    assert.equal(crc32(Buffer.from('456789'), crc32(Buffer.from('123'))), 0xcbf43926);
  });
});
