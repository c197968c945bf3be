import assert from 'node:assert/strict';
import fc from 'fast-check';
import { address } from '../../src/base/address';
import { type Counts } from '../../src/contract/messages';
import { TextFormat } from '../../src/cli/textFormat';

const HIT = {
  thread: 'worker 2 (4713)',
  timeNs: 1_700_000_000_123_456_789n,
  location: { file: '/src/store.c', line: 46, function: 'store_get', address: address(0x401136n) },
  message: 'user:1',
};

const COUNTS: Counts = {
  hits: 12345,
  matched: 12345,
  reported: 12000,
  lost: 345,
  failedConditions: 0,
  steppedAside: 0,
};

/** The time of day depends on the time zone. */
function withoutTime(line: string): string {
  return line.replace(/^\d\d:\d\d:\d\d\.123456 {2}/, '');
}

describe('text for people', () => {
  const plain = (): TextFormat => new TextFormat(false);

  it('shows time, thread, place and message of a hit', () => {
    assert.equal(withoutTime(plain().hit(HIT)), 'worker 2 (4713)  store.c:46  user:1');
  });

  it('shows the function, or at least the address, where no line is known', () => {
    const at = address(0x401136n);
    assert.match(plain().hit({ ...HIT, location: { function: 'store_get', address: at } }), / {2}store_get {2}user:1$/);
    assert.match(plain().hit({ ...HIT, location: { address: at } }), / {2}0x401136 {2}user:1$/);
  });

  it('aligns a hit with the wider ones before it', () => {
    const format = plain();
    format.hit({ ...HIT, thread: 'a wide name (4713)', location: { ...HIT.location, line: 1234 } });
    assert.equal(withoutTime(format.hit(HIT)), 'worker 2 (4713)     store.c:46    user:1');
  });

  it('sums up hits, rates and sites', () => {
    const probe = {
      probe: 1,
      text: 'log store_get',
      ...COUNTS,
      sites: [{ address: address(0x401136), instruction: 'push rbp', execution: 'emulated' as const, ...COUNTS }],
    };
    assert.equal(
      plain().summary({ probes: [probe], exit: { code: 3 } }, 2000),
      [
        '1 probe, 12,345 hits in 2.0 s',
        '  1  log store_get',
        '     12,345 hits, 6,173 a second, 12,345 matched, 12,000 reported, 345 lost',
        '     0x401136        push rbp  emulated',
        'the program ended with status 3',
      ].join('\n'),
    );
  });

  it('shows what each of several sites counted, and why one reports nothing', () => {
    const at = { address: address(0x401136), instruction: 'push rbp', execution: 'emulated' as const };
    const probe = {
      probe: 1,
      text: 'log f if x.size > 2',
      ...COUNTS,
      sites: [
        { ...at, ...COUNTS, hits: 3, matched: 2, reported: 2 },
        {
          ...at,
          ...COUNTS,
          hits: 1,
          matched: 0,
          reported: 0,
          problem: "the condition can't be evaluated here: no `size`",
        },
      ],
    };
    assert.deepEqual(
      plain()
        .summary({ probes: [probe] }, 50)
        .split('\n')
        .slice(3),
      [
        '     0x401136        push rbp  emulated   3 hits, 2 matched, 2 reported',
        '     0x401136        push rbp  emulated   1 hit, 0 matched, 0 reported',
        "       the condition can't be evaluated here: no `size`",
      ],
    );
  });

  it('names the signal that ended the program', () => {
    assert.match(plain().summary({ probes: [], exit: { signal: 11 } }, 2000), /killed by SIGSEGV$/);
  });

  it('has no control characters but ends of lines, whatever names and reasons are', () => {
    const at = { address: address(0x401136), execution: 'emulated' as const, ...COUNTS };
    const text = fc.string({ unit: fc.integer({ min: 0, max: 0x20ff }).map((unit) => String.fromCharCode(unit)) });
    fc.assert(
      fc.property(text, text, text, (one, two, three) => {
        const site = { ...at, instruction: one, problem: two };
        const probe = { ...COUNTS, probe: 1, text: three, failure: one, sites: [site, site] };
        const format = plain();
        const hits = [
          format.hit({ ...HIT, thread: one, location: { ...HIT.location, file: two } }),
          format.hit({ ...HIT, location: { function: three, address: at.address } }),
        ];
        for (const line of hits) assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(line), JSON.stringify(line));
        const lines = format.summary({ probes: [probe] }, 50).split('\n');
        assert.equal(lines.length, 8);
        for (const line of lines)
          assert.ok(!/[^\P{Cc}\t]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(line), JSON.stringify(line));
      }),
    );
  });

  it('colours only when asked to', () => {
    assert.ok(!plain().hit(HIT).includes('\x1b'));
    assert.ok(new TextFormat(true).hit(HIT).includes('\x1b[33mstore.c:46\x1b[0m'));
  });
});
