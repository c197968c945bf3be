/**
 * Judges the emulator that it is bundled with: the checks of test/emulator for the families that are its arguments.
 * Prints a line, `who what`, for the first check that fails, or `survived` and what all instructions come to; an
 * assertion of the emulator ends it. It is a program of its own, since a mutant may run for ever.
 */
import { createHash } from 'node:crypto';
import { moduleOf } from '../../src/emulator/compile/compile';
import { liftedMnemonics } from '../../src/emulator/families';
import { listing } from '../../src/emulator/ir/listing';
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

/** Tests of single instructions: where processors differ, the CPU at hand proves nothing. */
async function failingTest(): Promise<string | undefined> {
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ reporter: Mocha.reporters.Base, timeout: 0 });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  await import('../../test/emulator/emulator.test');
  await import('../../test/emulator/compile/expressions.test');
  return new Promise((resolve) => {
    let failed: string | undefined;
    mocha
      .run(() => resolve(failed))
      .on('fail', (test) => {
        failed ??= `tests ${test.fullTitle()}`;
      });
  });
}

/** What all instructions come to; a mutant that gives the same is another way to say the same. */
function digest(families: readonly string[]): string {
  const mnemonics = families.flatMap((family) => liftedMnemonics()[family] ?? []);
  const subjects = subjectsOf(mnemonics, EFFECTS_CHECK.subjectsPerForm, new Random(EFFECTS_CHECK.seed));
  const hash = createHash('sha256');
  for (const { operations } of subjects) hash.update(listing(operations).join('\n'));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const programs = subjects.map(({ operations, instruction }) => ({ operations, length: instruction.length }));
  hash.update(moduleOf({ memory, stateOffset: 0 }, programs).encode());
  return hash.digest('hex');
}

async function main(families: readonly string[]): Promise<void> {
  const verdict = judge(families) ?? (await failingTest()) ?? `survived ${digest(families)}`;
  process.stdout.write(`${verdict.replaceAll('\n', ' ')}\n`);
}

void main(process.argv.slice(2));
