import assert from 'node:assert/strict';
import { disassemble } from '../../../src/emulator/decode/decode';
import { Layout } from '../../../src/emulator/oracle/program';
import { Random } from '../../../src/emulator/oracle/random';
import { subjectOf } from '../../../src/emulator/oracle/subjects';
import { type Subject, verify } from '../../../src/emulator/oracle/verify';

function subject(hex: string): Subject {
  const made = subjectOf(Buffer.from(hex, 'hex'), new Random(1));
  assert.ok(made, hex);
  return made;
}

function memoryAddress({ instruction, address }: Subject): bigint {
  const operand = instruction.operands.find(({ kind }) => kind === 'memory');
  assert.ok(operand?.kind === 'memory');
  return operand.displacement + (operand.base === 'rip' ? BigInt(address + instruction.length) : 0n);
}

describe('instructions of real programs', () => {
  it('stay as they are where they name no address', () => {
    for (const hex of ['4883ec10', '488b44cb10', '64488b042528000000', '0fb60c0a']) {
      assert.equal(Buffer.from(subject(hex).bytes).toString('hex'), hex);
    }
  });

  it('find memory where they name an address', () => {
    for (const hex of ['488b0512345678', '48c7051234567800000000', '8b042500ff0000', '48a18877665544332211']) {
      const address = memoryAddress(subject(hex));
      assert.ok(address >= Layout.data && address < Layout.constants, hex);
    }
  });

  it('find memory where they name an address in a segment, too', () => {
    for (const hex of ['64488b042500000010', '64488b0500000010', '6564a18877665544332211']) {
      const made = subject(hex);
      const segment = made.instruction.operands.find(({ kind }) => kind === 'memory');
      assert.ok(segment?.kind === 'memory');
      const address = memoryAddress(made) + BigInt(segment.segment === 'fs' ? Layout.fsBase : Layout.gsBase);
      assert.ok(address >= Layout.data && address < Layout.constants, hex);
    }
  });

  it('branch to where nothing is', () => {
    for (const hex of ['ebfe', 'e9fbffffff', '74fe', 'e8fbffffff', 'e2fe']) {
      const { instruction } = subject(hex);
      const [target] = instruction.operands;
      assert.ok(target?.kind === 'target');
      const fromStart = Number(target.displacement) + instruction.length;
      assert.ok(fromStart > 15 || fromStart < -15, hex);
    }
  });

  it('are left out where they are not lifted', () => {
    for (const hex of ['0f28c1', '0f05', 'f0ff00', '06']) {
      assert.equal(subjectOf(Buffer.from(hex, 'hex'), new Random(1)), undefined, hex);
    }
  });

  it('do what the CPU does: the start of a function, with all that compilers put there', () => {
    const hexes = ['f30f1efa', '55', '4889e5', '4157', '4881ec98000000', '64488b042528000000', '4889442418', '31c0'];
    hexes.push('488b05d1ca1900', '48833d8a4b1a0000', '0f84a1000000', 'e8d2f1ffff', 'ff25e27f0000', '0fb64701', 'c3');
    const subjects = hexes.map(subject);
    const { mismatches, states } = verify(subjects, { states: 100, seed: 1 });
    assert.equal(states, 100 * subjects.length);
    assert.deepEqual(
      mismatches.map(({ subject: { bytes, address }, differences }) => [
        disassemble(bytes, BigInt(address)),
        differences,
      ]),
      [],
    );
  });
});
