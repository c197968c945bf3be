/**
 * A short one of what `npm run soak` does for minutes. The seed is in the title, to repeat what was found: `npm run
 * soak -- --seed S`.
 */
import assert from 'node:assert/strict';
import { reportOf } from './ledger';
import { Soak } from './soak';

const SECONDS = 12;

describe('soak', () => {
  const seed = Date.now() % 1_000_000;

  it(`finds nothing in ${SECONDS} seconds with seed ${seed}`, async () => {
    const ledger = await new Soak({ seconds: SECONDS, seed }).run();
    assert.equal(ledger.findings.size, 0, reportOf(ledger));
    assert.ok(ledger.expected > 0 && ledger.passingHits > 0, reportOf(ledger));
  });
});
