/**
 * Every form of every lifted instruction against the CPU. `SIDESTEP_SEED=random npx mocha …` takes another seed; the
 * seed is printed, and with it a failure is the same again. `SIDESTEP_STATES` is how many states each instruction runs
 * from.
 */
import assert from 'node:assert/strict';
import { liftedMnemonics } from '../../src/emulator/families';
import { Random } from '../../src/emulator/oracle/random';
import { verify } from '../../src/emulator/oracle/verify';
import { Processor } from '../../src/emulator/machine/processor';
import { CPU_CHECK, subjectsOf } from './forms';

const { SIDESTEP_SEED, SIDESTEP_STATES } = process.env;
const seed =
  SIDESTEP_SEED === 'random' ? Math.floor(Math.random() * 0x7fffffff) : Number(SIDESTEP_SEED ?? CPU_CHECK.seed);
const processor = Processor.here();
const states = Number(SIDESTEP_STATES ?? CPU_CHECK.states);

const SHOWN_FAILURES = 5;

describe(`emulated instructions do what the CPU does (seed ${seed})`, () => {
  for (const [family, mnemonics] of Object.entries(liftedMnemonics())) {
    it(`${family}: ${mnemonics.length} instructions`, function () {
      const all = subjectsOf(mnemonics, CPU_CHECK.subjectsPerForm, new Random(seed));
      const subjects = all.filter(({ instruction }) => processor.missingFor(instruction.mnemonic) === undefined);
      const { mismatches, executed, states: total } = verify(subjects, { states, seed });
      this.test!.title += `, ${new Set(subjects.map((subject) => subject.instruction.code)).size} forms, ${total} states, ${executed} executed`;
      if (subjects.length < all.length) this.test!.title += `, without what this CPU lacks`;
      const shown = mismatches.slice(0, SHOWN_FAILURES);
      assert.equal(
        mismatches.length,
        0,
        shown.map(({ differences, state }) => `\n${state}\n  cpu; emulator: ${differences.join(', ')}`).join('\n'),
      );
      // Instructions that exist to fault never run to their end.
      const least = family === 'faults' ? 0 : total / 3;
      assert.ok(executed >= least, `only ${executed} of ${total} states ran to the end`);
    });
  }
});
