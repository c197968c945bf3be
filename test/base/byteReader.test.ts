import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ByteReader } from '../../src/base/byteReader';
import { section, sleb, u64, uleb } from '../debuginfo/assembler';

describe('byte readers', () => {
  it('read little-endian numbers one behind the other', () => {
    const reader = new ByteReader(Uint8Array.of(1, 0xff, 2, 1, 0xfe, 0xff, 3, 2, 1, 4, 3, 2, 0x81));
    assert.deepEqual(
      [reader.u8(), reader.i8(), reader.u16(), reader.i16(), reader.u24()],
      [1, -1, 0x102, -2, 0x010203],
    );
    assert.equal(reader.u32(), 0x81020304);
    assert.equal(reader.atEnd, true);
  });

  it('read every 64-bit number, as a bigint and as a number where it fits', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        const bytes = section(u64(value));
        assert.equal(new ByteReader(bytes).u64(), value);
        assert.equal(new ByteReader(bytes).i64(), BigInt.asIntN(64, value));
        assert.equal(new ByteReader(bytes).number64(), Number(value));
        if (value <= Number.MAX_SAFE_INTEGER) assert.equal(new ByteReader(bytes).size64(), Number(value));
        else assert.throws(() => new ByteReader(bytes).size64(), { code: 'malformed' });
      }),
    );
  });

  it('read every LEB128 number', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
        const unsigned = BigInt.asUintN(64, value);
        assert.equal(new ByteReader(section(sleb(value))).sleb64(), value);
        assert.equal(new ByteReader(section(uleb(unsigned))).uleb64(), unsigned);
        if (Number.isSafeInteger(Number(value)))
          assert.equal(new ByteReader(section(sleb(value))).sleb(), Number(value));
        if (unsigned <= Number.MAX_SAFE_INTEGER) {
          assert.equal(new ByteReader(section(uleb(unsigned))).uleb(), Number(unsigned));
        }
      }),
    );
  });

  it('read signed LEB128 numbers of every length, up to the bit that is the sign', () => {
    for (let bits = 0n; bits < 63n; bits++) {
      for (const value of [2n ** bits, 2n ** bits - 1n, -(2n ** bits), -(2n ** bits) - 1n]) {
        const reader = new ByteReader(section(sleb(value), [0]));
        assert.equal(reader.sleb64(), value);
        assert.equal(reader.u8(), 0);
        if (bits < 53n) assert.equal(new ByteReader(section(sleb(value))).sleb(), Number(value));
      }
    }
  });

  it('take padded LEB128 numbers, as assemblers write them', () => {
    assert.equal(new ByteReader(Uint8Array.of(0x85, 0x80, 0x80, 0)).uleb(), 5);
    assert.equal(new ByteReader(Uint8Array.of(0xfb, 0xff, 0xff, 0x7f)).sleb(), -5);
  });

  it('never read past their end, and say where', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3), { file: 'a.out', section: '.debug_info' }, 2);
    reader.skip(1);
    assert.throws(() => reader.u16(), {
      code: 'malformed',
      message: '.debug_info of a.out is malformed at offset 0x1: 2 bytes are wanted, 1 are left',
    });
    assert.throws(() => reader.at(3), { code: 'malformed' });
    assert.throws(() => new ByteReader(Uint8Array.of(0x80, 0x80)).uleb(), { code: 'malformed' });
    assert.throws(() => new ByteReader(Buffer.from('no end')).cstring(), { code: 'malformed' });
  });

  it('read strings up to their NUL', () => {
    const reader = new ByteReader(Buffer.from('größe\0next\0'));
    assert.deepEqual([reader.cstring(), reader.cstring()], ['größe', 'next']);
  });
});
