import assert from 'node:assert/strict';
import { Arena } from '../../../src/engine/tracing/arena';
import { Ptrace } from '../../../src/engine/tracing/ptrace';
import { Waiter } from '../../../src/engine/tracing/wait';
import { Surrogate } from '../../../src/engine/surrogate/surrogate';
import { Random } from '../../../src/emulator/oracle/random';
import { Comparer, type Comparison, type Verdict } from './comparison';
import { allForms, type Form, randomSubject } from './forms';
import { MemoryHost } from './memoryHost';
import { Native } from './native';
import { StateSource } from './states';
import { skip } from '../../skip';

/** For each form, and again for those that met only states in which they fault. */
const STATES = 4;
const ROUNDS = 10;

describe('the surrogate does to random states what the CPU does', function () {
  const seed = Number(process.env['SIDESTEP_SEED'] ?? Date.now() % 1_000_000);
  const random = new Random(seed);
  const native = new Native();
  const arena = new Arena();
  const host = new MemoryHost(arena, native.xsave.bytes);
  const surrogate = new Surrogate(arena, new Ptrace(arena), new Waiter(arena), host);
  const comparer = new Comparer(native, surrogate, host, arena);
  const states = new StateSource(random, native.xsave);
  after(() => surrogate.dispose());

  function compare(forms: readonly Form[]): Comparison {
    const subjects = forms.flatMap((form) =>
      Array.from({ length: STATES }, () => randomSubject(form, random) ?? []).flat(),
    );
    return comparer.compare(subjects.map((subject) => ({ subject, experiment: states.next(subject) })));
  }

  for (const [feature, forms] of surrogateForms()) {
    it(`${feature}: ${forms.length} forms`, function () {
      let [open, unsupported] = [forms, 0];
      for (let round = 0; round < ROUNDS && open.length > 0; round++) {
        const { verdicts, differences } = compare(open);
        assert.equal(
          differences.slice(0, 5).join('\n'),
          '',
          `SIDESTEP_SEED=${seed}, ${differences.length} differences`,
        );
        const has = (form: Form, verdict: Verdict) => verdicts.get(form.name)?.has(verdict) ?? false;
        unsupported += open.filter((form) => has(form, 'unsupported')).length;
        open = open.filter((form) => !has(form, 'executed') && !has(form, 'unsupported'));
      }
      assert.deepEqual(
        open.map(({ name }) => name),
        [],
        'never executed',
      );
      if (unsupported === forms.length) skip(this, 'the processor has none of these instructions');
    });
  }
});

/** The forms that the surrogate executes, by the CPU features that they need. */
function surrogateForms(): ReadonlyMap<string, Form[]> {
  const random = new Random(1);
  const forms = new Map<string, Form[]>();
  for (const form of allForms()) {
    if (randomSubject(form, random) === undefined) continue;
    const feature = form.features.join('+');
    forms.set(feature, [...(forms.get(feature) ?? []), form]);
  }
  return forms;
}
