import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SidestepError } from '../../src/base/errors';
import { CAPTURE_HEADER_BYTES, decodeHits, HIT_HEADER_BYTES } from '../../src/contract/hits';

interface Written {
  readonly site: number;
  readonly probe: number;
  readonly pid: number;
  readonly tid: number;
  readonly timeNs: bigint;
  readonly ordinal: number;
  readonly elapsedNs: number;
  readonly captures: readonly { readonly status: number; readonly bytes: Uint8Array }[];
}

/** As the table in hits.ts says. */
function encode(records: readonly Written[]): Buffer {
  return Buffer.concat(
    records.map(({ site, probe, pid, tid, timeNs, ordinal, elapsedNs, captures }) => {
      const body = captures.map(({ status, bytes }) => {
        const capture = Buffer.alloc(CAPTURE_HEADER_BYTES + ((bytes.length + 7) & ~7));
        capture.writeUInt32LE(status, 0);
        capture.writeUInt32LE(bytes.length, 4);
        capture.set(bytes, CAPTURE_HEADER_BYTES);
        return capture;
      });
      const header = Buffer.alloc(HIT_HEADER_BYTES);
      header.writeUInt32LE(HIT_HEADER_BYTES + body.reduce((sum, { length }) => sum + length, 0), 0);
      [site, probe, pid, tid, captures.length].forEach((field, index) => header.writeUInt32LE(field, 4 + 4 * index));
      header.writeBigUInt64LE(timeNs, 24);
      header.writeBigUInt64LE(BigInt(ordinal), 32);
      header.writeBigUInt64LE(BigInt(elapsedNs), 40);
      return Buffer.concat([header, ...body]);
    }),
  );
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const written: fc.Arbitrary<Written> = fc.record(
  {
    site: u32,
    probe: u32,
    pid: u32,
    tid: u32,
    timeNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    ordinal: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    elapsedNs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    captures: fc.array(fc.record({ status: u32, bytes: fc.uint8Array({ maxLength: 40 }) }, { noNullPrototype: true }), {
      maxLength: 4,
    }),
  },
  { noNullPrototype: true },
);

describe('hit records', () => {
  it('are decoded as they were written, one after the other', () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 5 }), (records) => {
        const decoded = [...decodeHits(encode(records))].map((record) => ({
          ...record,
          captures: record.captures.map(({ status, bytes }) => ({ status, bytes: Uint8Array.from(bytes) })),
        }));
        assert.deepEqual(decoded, records);
      }),
    );
  });

  it('of any bytes end: as records, or with an error of the protocol', () => {
    const changed = fc.tuple(fc.array(written, { minLength: 1, maxLength: 3 }), fc.array(fc.tuple(u32, u32)));
    fc.assert(
      fc.property(changed, ([records, changes]) => {
        const bytes = encode(records);
        for (const [at, value] of changes) bytes.writeUInt32LE(value % 100, at % (bytes.length - 3));
        try {
          for (const { captures } of decodeHits(bytes)) assert.ok(captures.length <= bytes.length / 8);
        } catch (error) {
          assert.ok(error instanceof SidestepError && error.code === 'engine-protocol', String(error));
        }
      }),
    );
  });

  it('that say they have no length are refused', () => {
    assert.throws(() => [...decodeHits(Buffer.alloc(HIT_HEADER_BYTES))], { code: 'engine-protocol' });
  });
});
