import assert from 'node:assert/strict';
import { disassemble } from '../../../src/emulator/decode/decode';
import { Oracle } from '../../../src/emulator/oracle/oracle';
import { INSTRUCTIONS, Layout, SIGNAL_REGISTERS } from '../../../src/emulator/oracle/program';

const SIGNALS = { SIGILL: 4, SIGTRAP: 5, SIGFPE: 8, SIGSEGV: 11 };

function registers(values: Partial<Record<(typeof SIGNAL_REGISTERS)[number], bigint>>): BigUint64Array {
  const all = { rip: BigInt(Layout.code + 0x100), eflags: 0x202n, ...values };
  return BigUint64Array.from(SIGNAL_REGISTERS, (name) => all[name] ?? 0n);
}

describe('the scratch program', () => {
  it('is what its listing says', () => {
    let address = BigInt(Layout.program);
    for (const [hex, text] of INSTRUCTIONS) {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      assert.equal(disassemble(bytes, address), text);
      address += BigInt(bytes.length);
    }
  });

  describe('makes experiments', () => {
    let oracle: Oracle;
    before(() => {
      oracle = new Oracle(new Uint8Array(Layout.dataBytes), new Uint8Array(Layout.constantsBytes).fill(7));
    });
    after(() => oracle.dispose());

    function outcome(hex: string, state: Parameters<typeof registers>[0]) {
      const windows = [{ address: Layout.data + 0x10, bytes: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]) }];
      const [result] = oracle.run([{ code: Buffer.from(hex, 'hex'), registers: registers(state), windows }]);
      assert.ok(result);
      const register = (name: (typeof SIGNAL_REGISTERS)[number]) => result.registers[SIGNAL_REGISTERS.indexOf(name)]!;
      return { ...result, register };
    }

    it('with all registers, RSP too', () => {
      const { signal, register } = outcome('4801e0', { rax: 5n, rsp: 7n }); // add rax, rsp
      assert.deepEqual([signal, register('rax'), register('rsp')], [SIGNALS.SIGTRAP, 12n, 7n]);
      assert.equal(register('rip'), BigInt(Layout.code + 0x100 + 3 + 1));
    });

    it('with memory', () => {
      const { windows } = outcome('4883 00 ff'.replaceAll(' ', ''), { rax: BigInt(Layout.data + 0x10) }); // add qword ptr [rax], -1
      assert.deepEqual([...windows[0]!.bytes], [0, 2, 3, 4, 5, 6, 7, 8]);
    });

    it('that read constants, FS and GS', () => {
      assert.equal(outcome('8a00', { rax: BigInt(Layout.constants) }).register('rax'), BigInt(Layout.constants | 7));
      const fs = outcome('64488b00', { rax: BigInt(Layout.data + 0x10 - Layout.fsBase) });
      assert.equal(fs.register('rax'), 0x0807060504030201n);
      const gs = outcome('65488b00', { rax: BigInt(Layout.data + 0x10 - Layout.gsBase) });
      assert.equal(gs.register('rax'), 0x0807060504030201n);
    });

    it('that fault', () => {
      const read = outcome('488b00', { rax: 0x1234n });
      assert.deepEqual([read.signal, read.faultAddress], [SIGNALS.SIGSEGV, 0x1234n]);
      assert.equal(read.register('rip'), BigInt(Layout.code + 0x100));
      assert.equal(outcome('48f7f1', {}).signal, SIGNALS.SIGFPE);
      assert.equal(outcome('0f0b', {}).signal, SIGNALS.SIGILL);
      assert.equal(outcome('8800', { rax: BigInt(Layout.constants) }).signal, SIGNALS.SIGSEGV);
    });

    it('that jump away', () => {
      const { signal, register } = outcome('ffe0', { rax: 0x1234n });
      assert.deepEqual([signal, register('rip')], [SIGNALS.SIGSEGV, 0x1234n]);
    });

    it('in a batch, one independent of the other', () => {
      const experiments = Array.from({ length: 5_000 }, (_, index) => ({
        code: Buffer.from('48ffc0', 'hex'),
        registers: registers({ rax: BigInt(index) }),
        windows: [],
      }));
      const results = oracle.run(experiments).map((result) => result.registers[SIGNAL_REGISTERS.indexOf('rax')]);
      assert.deepEqual(
        results,
        experiments.map((_, index) => BigInt(index + 1)),
      );
    });
  });
});
