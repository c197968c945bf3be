import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bareText, quotedCharacter, quotedText } from '../../../src/language/value/text';

const bytes = (...values: (number | string)[]) =>
  Buffer.concat(values.map((value) => (typeof value === 'number' ? Buffer.of(value) : Buffer.from(value))));

describe('texts', () => {
  it('are quoted, with the escapes of C', () => {
    assert.equal(quotedText(bytes('a "b" \\ \n\t\0\x1b'), false), '"a \\"b\\" \\\\ \\n\\t\\000\\e"');
  });

  it('are UTF-8 where they can be, octal where they can not', () => {
    assert.equal(quotedText(bytes('größe 😀'), false), '"größe 😀"');
    assert.equal(quotedText(bytes('a', 0xff, 'b', 0xc3), false), '"a\\377b\\303"');
    assert.equal(quotedText(bytes(0xc0, 0x80, 0xed, 0xa0, 0x80), false), '"\\300\\200\\355\\240\\200"');
  });

  it('say that there is more, without half a character', () => {
    assert.equal(quotedText(bytes('abc'), true), '"abc"...');
    assert.equal(quotedText(bytes('ab', 0xe2, 0x82), true), '"ab"...');
    assert.equal(quotedText(bytes('ab', 0xff), true), '"ab\\377"...');
  });

  it('without quotes stay as they are', () => {
    assert.equal(bareText(bytes('a "b"\n'), false), 'a "b"\n');
    assert.equal(bareText(bytes('a', 0xff), true), 'a\\377...');
  });

  it('of valid UTF-8 are never escaped but for control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const valid = Buffer.from(text).toString();
        assert.equal(bareText(Buffer.from(valid), false), valid);
      }),
    );
  });
});

describe('characters', () => {
  it('are quoted, with the escapes of C', () => {
    assert.equal(quotedCharacter(97n, 1), "'a'");
    assert.equal(quotedCharacter(39n, 1), "'\\''");
    assert.equal(quotedCharacter(10n, 1), "'\\n'");
    assert.equal(quotedCharacter(-1n, 1), "'\\377'");
    assert.equal(quotedCharacter(0x1f600n, 4), "'😀'");
    assert.equal(quotedCharacter(0xd800n, 4), "'\\u{d800}'");
    assert.equal(quotedCharacter(0x7fffffffn, 4), "'\\u{7fffffff}'");
  });
});
