/**
 * Judges the emulator that it is bundled with: the checks of test/emulator for the families that are its arguments. Prints a line,
 * `who what`, for the first check that fails, or nothing; an assertion of the emulator ends it. It is a program of its own, since
 * a mutant may run for ever.
 */
import { liftedMnemonics } from '../../src/emulator/families';
import { Random } from '../../src/emulator/oracle/random';
import { type Subject, verify } from '../../src/emulator/oracle/verify';
import { CPU_CHECK, EFFECTS_CHECK, subjectsOf } from '../../test/emulator/forms';
import { effectDifferences } from '../../test/emulator/icedEffects';

/** One instruction in so many is tried first: most mutants are wrong everywhere. */
const SAMPLE = 8;

function judge(families: readonly string[]): string | undefined {
  const mnemonics = families.map((family) => liftedMnemonics()[family] ?? []);
  const subjects = mnemonics.map((names) => subjectsOf(names, CPU_CHECK.subjectsPerForm, new Random(CPU_CHECK.seed)));
  return (
    firstOf(mnemonics, compareEffects) ??
    firstOf(subjects, (some) => compareWithCpu(some.filter((_, index) => index % SAMPLE === 0))) ??
    firstOf(subjects, compareWithCpu)
  );
}

function firstOf<Item>(items: readonly Item[], check: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = check(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function compareEffects(mnemonics: readonly string[]): string | undefined {
  const subjects = subjectsOf(mnemonics, EFFECTS_CHECK.subjectsPerForm, new Random(EFFECTS_CHECK.seed));
  return firstOf(subjects, (subject) => {
    const [difference] = effectDifferences(subject);
    return difference && `effects ${difference.what}`;
  });
}

function compareWithCpu(subjects: readonly Subject[]): string | undefined {
  const [mismatch] = verify(subjects, { states: CPU_CHECK.states, seed: CPU_CHECK.seed }).mismatches;
  return mismatch && `cpu ${mismatch.differences.join(', ')}: ${mismatch.state}`;
}

const verdict = judge(process.argv.slice(2));
if (verdict !== undefined) process.stdout.write(`${verdict.replaceAll('\n', ' ')}\n`);
