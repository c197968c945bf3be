import assert from 'node:assert/strict';
import fc from 'fast-check';
import { printable, printableLines, printableName } from '../../src/base/printable';

/** Everything that a terminal may act on, or that shows a line in another order than it has. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

const anyText = fc.string({
  unit: fc.oneof(fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))),
});

describe('printable text', () => {
  it('has no control characters, lone surrogates, separators of lines or bidirectional controls, whatever it is made of', () => {
    fc.assert(fc.property(anyText, (text) => assert.ok(!UNSAFE.test(printableName(text)))));
    fc.assert(fc.property(anyText, (text) => assert.ok(!UNSAFE.test(printable(text).replaceAll('\t', '')))));
    fc.assert(fc.property(anyText, (text) => assert.ok(!UNSAFE.test(printableLines(text).replaceAll(/[\t\n]/g, '')))));
    for (let point = 0; point <= 0x10ffff; point++) {
      if (UNSAFE.test(String.fromCodePoint(point))) assert.match(printableName(String.fromCodePoint(point)), /^\\/);
    }
  });

  it('stays as it is where nothing of that is in it', () => {
    const text = 'std::map<int, "ü 語 👩‍👩‍👧 \\n">::at(…)';
    assert.deepEqual([printable(text), printableLines(text), printableName(text)], [text, text, text]);
  });

  it('shows what was there as C does', () => {
    assert.equal(printable('\x1b]0;a\x07\n\r\x9b\u202e\ud800'), '\\e]0;a\\a\\n\\r\\233\\u{202e}\\u{d800}');
  });

  it('keeps tabs, and line ends where there may be several lines, but not in a name', () => {
    assert.deepEqual(
      [printable, printableLines, printableName].map((show) => show('a\tb\nc')),
      ['a\tb\\nc', 'a\tb\nc', 'a\\tb\\nc'],
    );
  });

  it('is cut where it is too long to be read; a name keeps both its ends', () => {
    const name = printableName(`first${'n'.repeat(50e6)}last`);
    assert.ok(name.length < 1000 && name.startsWith('first') && name.endsWith('last'), name);
    assert.ok(printable('n'.repeat(50e6)).length < 1 << 20);
  });
});
