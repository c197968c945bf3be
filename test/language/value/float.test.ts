import assert from 'node:assert/strict';
import fc from 'fast-check';
import { floatText } from '../../../src/language/value/float';

function bytesOf(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

function half(bits: number): string {
  return floatText(bytesOf(BigInt(bits), 2), 0, 2, '_Float16');
}

function single(value: number): string {
  return floatText(new Uint8Array(Float32Array.of(value).buffer), 0, 4, 'float');
}

function double(value: number): string {
  return floatText(new Uint8Array(Float64Array.of(value).buffer), 0, 8, 'double');
}

/** `long double` in 16 bytes, of which 10 count. */
function extended(bits: bigint): string {
  return floatText(bytesOf(bits | (0xdeadn << 80n), 16), 0, 16, 'long double');
}

describe('floating-point values', () => {
  it('read in the fewest digits that tell them apart', () => {
    assert.equal(double(0.1), '0.1');
    assert.equal(double(1 / 3), '0.3333333333333333');
    assert.equal(single(0.1), '0.1');
    assert.equal(single(1 / 3), '0.33333334');
    assert.equal(single(16777217), '16777216');
    assert.equal(single(1e30), '1e+30');
    assert.equal(half(0x2e66), '0.1');
    assert.equal(half(0x7bff), '65504');
    assert.equal(half(0x0001), '6e-8');
  });

  it('read as inf, nan and -0 where they are', () => {
    for (const text of [double, single]) {
      assert.deepEqual([Infinity, -Infinity, NaN, -0, 0].map(text), ['inf', '-inf', 'nan', '-0', '0']);
    }
    assert.deepEqual([0x7c00, 0xfc00, 0x7e00, 0x8000].map(half), ['inf', '-inf', 'nan', '-0']);
  });

  it('read `long double` with all its digits', () => {
    assert.equal(extended(0x3fff_8000_0000_0000_0000n), '1');
    assert.equal(extended(0xbffe_8000_0000_0000_0000n), '-0.5');
    assert.equal(extended(0x3ffb_cccc_cccc_cccc_cccdn), '0.1');
    assert.equal(extended(0x4000_c90f_daa2_2168_c235n), '3.1415926535897932385');
    assert.equal(extended(0x7ffe_ffff_ffff_ffff_ffffn), '1.189731495357231765e+4932');
    assert.equal(extended(0x0000_0000_0000_0000_0001n), '4e-4951');
    assert.equal(extended(0x7fff_8000_0000_0000_0000n), 'inf');
    assert.equal(extended(0xffff_c000_0000_0000_0000n), 'nan');
    assert.equal(extended(0n), '0');
  });

  it('read quadruple precision too', () => {
    assert.equal(floatText(bytesOf(0x3fffn << 112n, 16), 0, 16, '_Float128'), '1');
  });

  it('read half precision and brain floats', () => {
    const bytes = (bits: number) => new Uint8Array(Uint16Array.of(bits).buffer);
    assert.equal(floatText(bytes(0x3e00), 0, 2, '_Float16'), '1.5');
    assert.equal(floatText(bytes(0x3fc0), 0, 2, '__bf16'), '1.5');
    assert.equal(floatText(bytes(0xc2f7), 0, 2, 'std::bfloat16_t'), '-123.5');
    assert.equal(floatText(bytes(0x7f80), 0, 2, '__bf16'), 'inf');
  });

  it('read back as the number that they were', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => Object.is(Math.fround(Number(read(single(value)))), value)),
    );
    fc.assert(fc.property(fc.double({ noNaN: true }), (value) => Object.is(Number(read(double(value))), value)));
  });

  it('read a double that is stored as a long double alike', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 2 ** -1000 }), (value) => {
        // Fewer digits may do for the wider format's neighbours only if they are exact, so compare what is read back.
        assert.equal(Number(extended(extendedBits(value))), value);
      }),
    );
  });
});

function read(text: string): string {
  return text.replace('inf', 'Infinity');
}

/** A positive normal double in the x87's format. */
function extendedBits(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0]!;
  const exponent = (bits >> 52n) - 1023n + 16383n;
  const significand = (1n << 63n) | ((bits & ((1n << 52n) - 1n)) << 11n);
  return (exponent << 64n) | significand;
}
