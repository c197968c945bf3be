import assert from 'node:assert/strict';
import { type Client } from '../../../src/adapter/protocol/connection';
import { MessageValues } from '../../../src/adapter/output/messageValues';
import { HitConsole } from '../../../src/adapter/output/hitConsole';
import { Lines } from '../../../src/adapter/protocol/lineNumbering';
import { summarize } from '../../../src/adapter/output/summary';
import { address } from '../../../src/base/address';
import { type ProbeSpec } from '../../../src/language/probes/spec';
import { NO_COUNTS } from '../../../src/session/probes/countSums';
import { Probe } from '../../../src/session/probes/userProbe';
import { type ProbeCounts } from '../../../src/session/probes/probeSet';

describe('the summary of a debug session', () => {
  const client: Client = { emit: () => undefined, runInTerminal: () => Promise.reject(new Error()) };

  /** What is said of one probe with one place. */
  function summary(spec: Partial<ProbeSpec>, counts: Partial<ProbeCounts>, problem?: string): string {
    const probe = new Probe(1, { kind: 'log', location: { kind: 'function', name: 'f' }, text: 'f', ...spec });
    const location = { file: '/src/f\x1b.c', line: 3, function: 'f', address: address(0x1136) };
    probe.placeOf({ location, problem, module: undefined }).displaced = { instruction: 'nop', execution: 'emulated' };
    const place = probe.places[0]!;
    const all = { ...NO_COUNTS, ...counts };
    const counted = { ...all, places: new Map([[place, all]]), sites: new Map(), processes: [] };
    return summarize(new Map([[probe, counted]]), new HitConsole(client, new Lines(), new MessageValues(false)));
  }

  it('says how often a condition held, also if it always did', () => {
    assert.equal(summary({}, { hits: 2, matched: 2, reported: 2 }), 'f: 2 hits, 0 shown\n');
    const always = { hits: 1, matched: 1, reported: 1 };
    assert.equal(summary({ condition: 'n' }, always), 'f: 1 hit, 1 met the condition, 0 shown\n');
    assert.equal(summary({ condition: 'n' }, { hits: 9 }), 'f: 9 hits, 0 met the condition, 0 shown\n');
  });

  it('counts a pattern by function', () => {
    const pattern = { location: { kind: 'functions', pattern: 'f*' }, text: 'f*' } as const;
    assert.equal(summary(pattern, { hits: 2, matched: 2 }), 'f*: 2 hits, 0 shown\n  f: 2 hits\n');
    const lines = { location: { kind: 'lines', file: 'f.c' }, text: 'f.c:*' } as const;
    assert.equal(summary(lines, { hits: 1, matched: 1 }), 'f.c:*: 1 hit, 0 shown\n  f\\e.c:3: 1 hit\n');
    assert.equal(summary(lines, {}), 'f.c:*: 0 hits, 0 shown\n');
  });

  it('tells what met the condition from what the hit count let through', () => {
    const counts = { hits: 9, matched: 6, reported: 2, lost: 1 };
    assert.equal(
      summary({ condition: 'n', hits: { operator: '%', count: 2 } }, counts),
      'f: 9 hits, 6 met the condition, 3 selected by the hit count, 0 shown, 1 lost because the editor did not keep up\n',
    );
  });

  it('names each place that can not report', () => {
    assert.equal(
      summary({}, { hits: 9, matched: 9 }, "the message can't be shown here: no x"),
      "f: 9 hits, 0 shown\n  f\\e.c:3 f 0x1136: 9 hits, the message can't be shown here: no x\n",
    );
  });
});
