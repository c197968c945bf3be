import assert from 'node:assert/strict';
import {
  BreakpointRecordLayout,
  LEDGER_BYTES,
  LedgerHeader,
  LedgerTables,
  ThreadRecordLayout,
} from '../../src/contract/ledger';

describe('the ledger’s layout', () => {
  const { threads, breakpoints } = LedgerTables;

  it('has the header, then the threads, then the breakpoints, without overlap', () => {
    assert.ok(Math.max(...Object.values(LedgerHeader)) + 8 <= threads.start);
    assert.ok(threads.start + threads.capacity * threads.bytes <= breakpoints.start);
    assert.ok(breakpoints.start + breakpoints.capacity * breakpoints.bytes <= LEDGER_BYTES);
  });

  it('has fields that are aligned, distinct, and within their records', () => {
    const u64 = new Set<number>([LedgerHeader.extendedState]);
    for (const offset of Object.values(LedgerHeader)) assert.equal(offset % (u64.has(offset) ? 8 : 4), 0);
    for (const layout of [LedgerHeader, ThreadRecordLayout, BreakpointRecordLayout]) {
      const offsets = Object.values(layout);
      assert.equal(new Set(offsets).size, offsets.length);
    }
    assert.equal(BreakpointRecordLayout.address % 8, 0);
    assert.equal(BreakpointRecordLayout.textLength % 4, 0);
  });
});
