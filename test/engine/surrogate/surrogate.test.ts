import assert from 'node:assert/strict';
import { Arena } from '../../../src/engine/arena';
import { Ptrace } from '../../../src/engine/linux/ptrace';
import { Waiter } from '../../../src/engine/linux/wait';
import { Surrogate } from '../../../src/engine/surrogate/surrogate';
import { Random } from '../../../src/emulator/oracle/random';
import { Comparer } from './comparison';
import { allForms, randomSubject } from './forms';
import { MemoryHost } from './memoryHost';
import { Native } from './native';
import { StateSource } from './states';

const STATES = 4;
const BATCH = 2000;

describe('the surrogate', function () {
  this.timeout(120_000);

  const native = new Native();
  const arena = new Arena();
  const host = new MemoryHost(arena, native.xsaveBytes);
  const surrogate = new Surrogate(arena, new Ptrace(arena), new Waiter(arena), host);
  after(() => surrogate.dispose());

  it('does to every state what the CPU does', () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    const random = new Random(seed);
    const comparer = new Comparer(native, surrogate, host, arena);
    const states = new StateSource(random, native);
    const total = { executed: 0, faulted: 0, declined: 0 };
    const differences: string[] = [];
    let cases: Parameters<Comparer['compare']>[0][number][] = [];
    let forms = 0;
    const flush = () => {
      const result = comparer.compare(cases);
      total.executed += result.executed;
      total.faulted += result.faulted;
      total.declined += result.declined;
      differences.push(...result.differences);
      cases = [];
    };
    for (const form of allForms()) {
      let counted = false;
      for (let n = 0; n < STATES; n++) {
        const subject = randomSubject(form, random);
        if (subject === undefined) continue;
        if (!counted) forms++;
        counted = true;
        cases.push({ subject, experiment: states.next(subject) });
      }
      if (cases.length >= BATCH) flush();
    }
    flush();
    console.log(seed, forms, total, differences.length);
    assert.equal(differences.slice(0, 10).join('\n'), '');
  });
});
