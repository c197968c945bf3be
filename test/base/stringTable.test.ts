import assert from 'node:assert/strict';
import { StringTable } from '../../src/base/stringTable';

const table = (text: string): StringTable => new StringTable(Buffer.from(text), { section: '.strtab' });

describe('a table of strings', () => {
  it('gives strings by offset, also the tails of others', () => {
    const strings = table('\0main\0größe\0');
    assert.deepEqual([strings.at(0), strings.at(1), strings.at(3), strings.at(6)], ['', 'main', 'in', 'größe']);
  });

  it('gives long strings, the second time from memory', () => {
    const long = 'x'.repeat(5000);
    const strings = table(`${long}\0`);
    assert.equal(strings.at(0), long);
    assert.equal(strings.at(0), long);
  });

  it('refuses offsets outside of it', () => {
    for (const offset of [-1, 5, NaN, 1e300]) assert.throws(() => table('main\0').at(offset), { code: 'malformed' });
  });

  it('refuses a string without an end', () => {
    assert.throws(() => table('main').at(0), { code: 'malformed' });
  });

  it('refuses thousands of long strings that overlap', () => {
    const strings = table(`${'x'.repeat(1 << 20)}\0`);
    assert.throws(
      () => {
        for (let offset = 0; offset < 1000; offset++) strings.at(offset);
      },
      { code: 'unsupported' },
    );
  });
});
