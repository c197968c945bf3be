import assert from 'node:assert/strict';
import { address } from '../../src/base/address';
import { HitLines, summaryLine } from '../../src/export/jsonLines';

const NONE = { hits: 0, matched: 0, reported: 0, lost: 0, failedConditions: 0, steppedAside: 0 };

describe('JSON lines', () => {
  const hit = {
    probe: 1,
    pid: 4711,
    tid: 4713,
    timeNs: 1_700_000_000_123_456_789n,
    location: { file: '/src/store.c', line: 46, function: 'store_get', address: address(0x5555_5555_6ef4n) },
    message: 'key="user:1"\n',
  };

  it('spells a hit as the documentation says', () => {
    assert.equal(
      new HitLines().line(hit),
      '{"type":"hit","probe":1,"pid":4711,"tid":4713,"timeNs":"1700000000123456789",' +
        '"location":{"file":"/src/store.c","line":46,"function":"store_get","address":"0x555555556ef4"},' +
        '"message":"key=\\"user:1\\"\\n"}',
    );
  });

  it('leaves out what is not known of a location', () => {
    const line = new HitLines().line({ ...hit, location: { address: address(0x1000) } });
    assert.deepEqual((JSON.parse(line) as { location: unknown }).location, { address: '0x1000' });
  });

  it('keeps every hit on one line', () => {
    assert.ok(!new HitLines().line({ ...hit, message: 'a\nb\u2028c' }).includes('\n'));
  });

  it('spells a summary as the documentation says', () => {
    const counts = { hits: 4, matched: 3, reported: 2, lost: 1, failedConditions: 0, steppedAside: 1 };
    const site = { address: address(0x401136), instruction: 'push rbp', execution: 'emulated' as const };
    const probe = {
      probe: 1,
      text: 'log f',
      ...counts,
      sites: [
        { ...site, ...counts, problem: 'no x' },
        { ...site, ...NONE },
      ],
    };
    assert.equal(
      summaryLine({ probes: [probe], exit: { code: 0 } }),
      '{"type":"summary","probes":[{"probe":1,"text":"log f","hits":4,"matched":3,"reported":2,"lost":1,"steppedAside":1,' +
        '"sites":[{"address":"0x401136","instruction":"push rbp","execution":"emulated",' +
        '"hits":4,"matched":3,"reported":2,"lost":1,"steppedAside":1,"problem":"no x"},' +
        '{"address":"0x401136","instruction":"push rbp","execution":"emulated",' +
        '"hits":0,"matched":0,"reported":0,"lost":0}]}],"exit":{"code":0}}',
    );
  });

  it('leaves the counts of an only site to its probe', () => {
    const counts = { ...NONE, hits: 4 };
    const site = { address: address(0x401136n), instruction: 'push rbp', execution: 'emulated' as const };
    const line = summaryLine({ probes: [{ probe: 1, text: 'count f', ...counts, sites: [{ ...site, ...counts }] }] });
    assert.ok(line.includes('"hits":4,"matched":0'), line);
    assert.ok(line.includes('"execution":"emulated"}]'), line);
  });

  it('says which signal ended the program', () => {
    assert.equal(
      summaryLine({ probes: [], exit: { signal: 11 } }),
      '{"type":"summary","probes":[],"exit":{"signal":11}}',
    );
  });

  it('has no exit when the program runs on', () => {
    assert.equal(summaryLine({ probes: [] }), '{"type":"summary","probes":[]}');
  });
});
