import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { ptraceScope } from '../../src/base/yama';

describe('Yama’s scope', () => {
  it('is a digit; 0 where there is no Yama', () => {
    if (existsSync('/proc/sys/kernel/yama')) assert.match(ptraceScope(), /^[0-3]$/);
    else assert.equal(ptraceScope(), '0');
  });
});
