import assert from 'node:assert/strict';
import { bytesOfText, textOfBytes } from '../../src/base/byteText';

describe('bytes as text', () => {
  it('is the text itself where they are UTF-8', () => {
    for (const text of ['', 'a b', 'äß€\u{1f600}', '\ufffd', '\u0000']) {
      assert.equal(textOfBytes(Buffer.from(text, 'utf8')), text);
      assert.deepEqual(bytesOfText(text), Buffer.from(text, 'utf8'));
    }
  });

  it('gives any bytes back, through JSON too', () => {
    // RFC 3629: stray, cut, overlong, a surrogate, beyond Unicode.
    const odd = [
      'ff fe',
      '61 e4 62',
      'c3',
      'e2 82',
      'f0 9f 98',
      'c0 80',
      'e0 80 80',
      'ed a0 80',
      'ed b3 bf',
      'f4 90 80 80',
      'f5 80 80 80',
    ];
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const bytes of [...odd.map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex')), all]) {
      const text = JSON.parse(JSON.stringify(textOfBytes(bytes))) as string;
      assert.deepEqual(bytesOfText(text), bytes);
    }
  });
});
