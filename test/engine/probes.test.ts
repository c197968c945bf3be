import assert from 'node:assert/strict';
import { type HitCondition } from '../../src/contract/messages';
import { Probe } from '../../src/engine/tracees/probe';

describe('hit condition', () => {
  const wanted = (operator: HitCondition['operator'], count: number) => {
    const probe = new Probe(1, { operator, count });
    return Array.from(
      { length: 7 },
      () => (probe.counts.matched++, probe.wantsMatch() ? probe.counts.matched : []),
    ).flat();
  };
  for (const [operator, matches] of [
    ['==', [3]],
    ['>', [4, 5, 6, 7]],
    ['>=', [3, 4, 5, 6, 7]],
    ['<', [1, 2]],
    ['<=', [1, 2, 3]],
    ['%', [3, 6]],
  ] as const) {
    it(`${operator} 3 wants matches ${matches.join(', ')}`, () => assert.deepEqual(wanted(operator, 3), matches));
  }

  it('wants every match where there is none', () => assert.ok(new Probe(1, undefined).wantsMatch()));
});
