/** What a hit may bring is shared out so that nothing is cut while there is room for it. */
import assert from 'node:assert/strict';
import { AGENT_LIMITS } from '../../../src/contract/agent/operations';
import { CaptureBudget } from '../../../src/language/compile/budget';
import { randomNumbers } from '../differential/generator';

const ROUNDS = 2000;

function granted(wanted: readonly number[]): number[] {
  return CaptureBudget.shareOut((budget) => wanted.map((bytes) => budget.forValue(bytes)));
}

const rounded = (bytes: number) => (bytes + 7) & ~7;
const sum = (sizes: readonly number[]) => sizes.reduce((total, bytes) => total + rounded(bytes), 0);

describe('the budget of a hit', () => {
  it('gives a large value all that it needs beside many small ones', () => {
    assert.deepEqual(granted([3200, ...Array.from({ length: 30 }, () => 4)]), [
      3200,
      ...Array.from({ length: 30 }, () => 4),
    ]);
    assert.deepEqual(
      granted(Array.from({ length: 8 }, () => 4096)),
      Array.from({ length: 8 }, () => 4096),
    );
  });

  it('cuts values only to what a hit may hold, the largest first', () => {
    const random = randomNumbers(7);
    for (let round = 0; round < ROUNDS; round++) {
      const wanted = Array.from({ length: 1 + random(64) }, () => 1 + random(random(2) === 0 ? 64 : 6000));
      const capped = wanted.map((bytes) => Math.min(bytes, AGENT_LIMITS.captureBytes));
      const got = granted(wanted);
      assert.ok(sum(got) <= AGENT_LIMITS.hitBytes, wanted.join());
      if (sum(capped) <= AGENT_LIMITS.hitBytes) assert.deepEqual(got, capped);
      const cut = got.filter((bytes, index) => bytes < capped[index]!);
      // No value that was cut is smaller than another, but for the rounding to 8 bytes.
      for (const bytes of cut) assert.ok(bytes + 8 >= Math.max(...got), `${wanted.join()} → ${got.join()}`);
      // What is left over is less than a word for each value.
      if (cut.length > 0) assert.ok(sum(got) > AGENT_LIMITS.hitBytes - 8 * wanted.length);
    }
  });

  it('leaves to texts inside of values what the values do not need', () => {
    const extras = CaptureBudget.shareOut((budget) => {
      for (let value = 0; value < 8; value++) budget.forValue(4000);
      let taken = 0;
      while (budget.takeExtra(200)) taken++;
      return taken;
    });
    assert.equal(extras, Math.floor((AGENT_LIMITS.hitBytes - 8 * 4000) / 200));
  });
});
