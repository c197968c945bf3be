import assert from 'node:assert/strict';
import { SidestepError } from '../../src/base/errors';
import { toError, toFailure } from '../../src/contract/engineFailure';
import { decodeJson, encodeJson, FRAME_HEADER_BYTES } from '../../src/contract/frames';

describe('an error of the engine', () => {
  for (const details of [{}, { advice: 'be root' }, { advice: 'look', place: { pid: 5, file: '/bin/true' } }]) {
    it(`is the same on the other side of the pipe, with ${Object.keys(details).join(' and ') || 'nothing else'}`, () => {
      const error = new SidestepError('attach-refused', 'not yours', details);
      const payload = encodeJson(toFailure(error)).subarray(FRAME_HEADER_BYTES);
      const failure = decodeJson(payload) as ReturnType<typeof toFailure>;
      const again = toError(failure);
      assert.deepEqual(
        [again.code, again.message, again.advice, again.place],
        [error.code, error.message, error.advice, error.place],
      );
    });
  }
});
