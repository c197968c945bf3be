import assert from 'node:assert/strict';
import { formatHitCondition, parseHitCondition } from '../../../src/language/probes/hitCondition';
import { refusal } from '../errors';

describe('hit conditions', () => {
  it('are a number and an operator, with any spaces', () => {
    const cases: [string, string, number][] = [
      ['5', '==', 5],
      ['=5', '==', 5],
      ['== 5', '==', 5],
      [' >  5 ', '>', 5],
      ['>=5', '>=', 5],
      ['< 5', '<', 5],
      ['<=5', '<=', 5],
      ['%100', '%', 100],
    ];
    for (const [text, operator, count] of cases) assert.deepEqual(parseHitCondition(text), { operator, count }, text);
  });

  it('are written back in one form', () => {
    assert.equal(formatHitCondition(parseHitCondition('5')), '== 5');
    assert.equal(formatHitCondition(parseHitCondition('%7')), '% 7');
  });

  it('refuse anything else', () => {
    for (const text of ['', 'x', '5 5', '!= 5', '> -1', '> 1.5', '99999999999999999999']) {
      assert.match(
        refusal(() => parseHitCondition(text), text, 'syntax', /not a hit condition/, text).advice!,
        /% 100/,
      );
    }
    refusal(() => parseHitCondition('% 0'), '% 0', 'syntax', /selects no hit/);
  });
});
