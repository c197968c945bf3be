/**
 * No program goes on with a wrong result, in whatever moment its engine is killed. `npm run bench -- kills` does many.
 */
import assert from 'node:assert/strict';
import { Random } from '../../src/emulator/oracle/random';
import { Target } from '../engine/target';
import { killIn, STAGE_NAMES } from './kills';
import { OCCASIONS, suddenEngine } from './suddenEngine';

const KILLS = Number(process.env['SIDESTEP_KILLS'] ?? 4);

/** One round of the program meets four probes. */
const MOST_OCCASIONS = 12;

describe('engines that are killed', function () {
  this.timeout(KILLS * 120_000);
  const seed = Number(process.env['SIDESTEP_SEED'] ?? Date.now() % 1_000_000);
  const random = new Random(seed);

  afterEach(() => Target.killAll());

  for (const stage of STAGE_NAMES) {
    it(`leave no wrong result behind: ${stage}`, async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        const { outcome, detail } = await killIn(stage, random);
        assert.notEqual(outcome, 'wrong', `SIDESTEP_SEED=${seed}: ${detail}`);
      }
    });
  }

  it('leave no wrong result behind where a thread runs ahead of what they have noted', async () => {
    const script = await suddenEngine();
    for (let kill = 0; kill < 8 * KILLS; kill++) {
      const occasion = 1 + random.below(MOST_OCCASIONS);
      const { outcome, detail } = await killIn('one stop and two', random, script, { [OCCASIONS]: `${occasion}` });
      assert.notEqual(outcome, 'wrong', `SIDESTEP_SEED=${seed}, occasion ${occasion}: ${detail}`);
    }
  });
});
