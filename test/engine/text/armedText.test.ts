import assert from 'node:assert/strict';
import { isArmedText } from '../../../src/engine/text/armedText';
import { INT3 } from '../../../src/base/x86';

const TEXT = Uint8Array.of(0x55, 0x48, 0x89, 0xe5);

describe('the text that was armed', () => {
  const none = () => false;

  it('is there with INT3 or the displaced byte in front, as asked', () => {
    assert.ok(isArmedText(Uint8Array.of(INT3, 0x48, 0x89, 0xe5), TEXT, INT3, none));
    assert.ok(isArmedText(TEXT, TEXT, 0x55, none));
    assert.ok(!isArmedText(TEXT, TEXT, INT3, none));
  });

  it('is another one where a byte differs, or memory ends', () => {
    assert.ok(!isArmedText(Uint8Array.of(INT3, 0x48, 0x89, 0xe4), TEXT, INT3, none));
    assert.ok(!isArmedText(Uint8Array.of(INT3, 0x48), TEXT, INT3, none));
    assert.ok(!isArmedText(new Uint8Array(), TEXT, INT3, none));
  });

  it('may hold other breakpoints, where there are any', () => {
    const now = Uint8Array.of(INT3, INT3, 0x89, 0xe5);
    assert.ok(isArmedText(now, TEXT, INT3, (distance) => distance === 1));
    assert.ok(!isArmedText(now, TEXT, INT3, (distance) => distance === 2));
  });
});
