import assert from 'node:assert/strict';
import { Emulator } from '../../../src/emulator/emulator';
import { State, UserRegister } from '../../../src/emulator/machine/state';

describe('a batch of instructions', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const state = new DataView(memory.buffer, 0, State.bytes);
  const host = { load: () => true, store: () => true };

  /** mov eax, imm32 */
  const move = (value: number): Uint8Array =>
    Uint8Array.of(0xb8, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, 0);

  const rax = (): number => Number(state.getBigUint64(State.registers + UserRegister.rax, true));

  function emulator(): Emulator {
    return new Emulator(memory, 0, host, () => 1);
  }

  function execute(prepared: ReturnType<Emulator['prepare']>): number {
    assert.ok(prepared.execution === 'emulated');
    return prepared.execute();
  }

  it('does what each of them does, whenever it is compiled', () => {
    const subject = emulator();
    const first = [1, 2, 3].map((value) => subject.prepare(move(value), 0x1000n));
    subject.compile();
    const later = [4, 5].map((value) => subject.prepare(move(value), 0x1000n));
    [...first, ...later].forEach((prepared, index) => {
      assert.equal(execute(prepared), 0);
      assert.equal(rax(), index + 1);
    });
  });

  it('may hold more than a process may have mappings', () => {
    const subject = emulator();
    for (let value = 0; value < 70_000; value++) subject.prepare(move(value), 0x1000n);
    assert.equal(execute(subject.prepare(move(70_000), 0x1000n)), 0);
    assert.equal(rax(), 70_000);
  });
});
