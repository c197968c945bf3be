/**
 * What the micro-operations read and write against what iced's tables say of every form: an effect that is missing
 * can't hide in states in which it makes no difference.
 */
import assert from 'node:assert/strict';
import { liftedMnemonics } from '../../../src/emulator/families';
import { Random } from '../../../src/emulator/oracle/random';
import { EFFECTS_CHECK, subjectsOf } from '../forms';
import { effectDifferences } from '../icedEffects';

describe('effects are those of iced', () => {
  for (const [family, mnemonics] of Object.entries(liftedMnemonics())) {
    it(family, () => {
      const { seed, subjectsPerForm } = EFFECTS_CHECK;
      for (const subject of subjectsOf(mnemonics, subjectsPerForm, new Random(seed))) {
        for (const { what, actual, expected } of effectDifferences(subject)) assert.deepEqual(actual, expected, what);
      }
    });
  }
});
