import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeJson, encodeJson, FRAME_HEADER_BYTES, FrameDecoder, FrameKind } from '../../src/contract/frames';

const roundTrip = (message: unknown): unknown => decodeJson(encodeJson(message).subarray(FRAME_HEADER_BYTES));

/** Whatever a message can hold. JSON has no -0. */
const messages = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('$', '$$', '-1', 'ff', '{"$":"1"}'),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$', '$$', '$a', '__proto__', 'toString')), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value;

describe('frames', () => {
  it('carry every 64-bit value, signed or not', () => {
    const edges = [0n, -1n, 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n), 0xffff_ffff_8100_0000n];
    for (const value of edges) assert.equal(roundTrip(value), value);
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => roundTrip(value) === value),
    );
  });

  it('carry every message as it is, also one whose keys or texts look like a bigint', () => {
    assert.deepEqual(roundTrip({ env: { $: 'ff', $$: '1' } }), { env: { $: 'ff', $$: '1' } });
    fc.assert(fc.property(messages, (message) => assert.deepEqual(roundTrip(message), message)));
  });

  it('refuse what is no JSON, and what is no integer', () => {
    for (const text of [
      '',
      '{',
      'nonsense',
      '{"$":"zz"}',
      '{"$":"0x1"}',
      '{"$":5}',
      '{"$":{}}',
      `{"$":"1${'0'.repeat(16)}"}`,
    ]) {
      assert.throws(() => decodeJson(Buffer.from(text)), { code: 'engine-protocol' }, text);
    }
  });

  it('are whole whatever pieces they come in', () => {
    fc.assert(
      fc.property(fc.array(messages, { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (sent, size) => {
        const stream = Buffer.concat(sent.map(encodeJson));
        const decoder = new FrameDecoder();
        const received: unknown[] = [];
        for (let at = 0; at < stream.length; at += size) {
          decoder.push(stream.subarray(at, at + size), (kind, payload) => {
            assert.equal(kind, FrameKind.json);
            received.push(decodeJson(payload));
          });
        }
        assert.deepEqual(received, sent);
      }),
    );
  });

  it('are refused where the stream is broken', () => {
    const broken = (length: number, kind: number) => {
      const header = Buffer.alloc(FRAME_HEADER_BYTES);
      header.writeUInt32LE(length, 0);
      header.writeUInt32LE(kind, 4);
      return header;
    };
    for (const header of [broken(0xffff_ffff, 1), broken(4, 7), Buffer.from('GET / HTTP/1.1')]) {
      assert.throws(() => new FrameDecoder().push(header, () => undefined), { code: 'engine-protocol' });
    }
  });
});
