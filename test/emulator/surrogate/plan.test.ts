import assert from 'node:assert/strict';
import { decode, disassemble } from '../../../src/emulator/decode/decode';
import { classify, Emulator } from '../../../src/emulator/emulator';
import { GENERAL_REGISTERS } from '../../../src/emulator/machine/registers';
import { Random } from '../../../src/emulator/oracle/random';
import { State, UserRegister } from '../../../src/emulator/machine/state';
import { operandAddress } from '../../../src/emulator/surrogate/address';
import { planOf, type SurrogatePlan } from '../../../src/emulator/surrogate/plan';
import { x87Opcode } from '../../../src/emulator/surrogate/x87';

const SITE = 0x401000n;

function plan(hex: string): SurrogatePlan | undefined {
  const bytes = Buffer.from(hex, 'hex');
  const instruction = decode(bytes, SITE);
  assert.ok(instruction !== undefined);
  return planOf(instruction, bytes);
}

/** What the scratch process runs, and what happens to the operand there. */
function shown(hex: string): string {
  const found = plan(hex);
  if (found === undefined) return 'none';
  const { code, operand } = found;
  const effect = operand === undefined ? '' : `; ${operand.access} ${operand.bytes}`;
  return disassemble(code, SITE) + effect;
}

describe('a surrogate plan', () => {
  it('takes instructions without memory as they are', () => {
    assert.equal(shown('660fefc0'), 'pxor xmm0, xmm0');
    assert.equal(shown('d9e8'), 'fld1');
    assert.equal(shown('0fa2'), 'cpuid');
  });

  it('moves a memory operand to where a register points that the instruction does not use', () => {
    assert.equal(shown('0f104308'), 'movups xmm0, [rsi]; read 16'); // movups xmm0, [rbx+8]
    assert.equal(shown('0f114c2410'), 'movups [rbx], xmm1; write 16'); // movups [rsp+0x10], xmm1
    assert.equal(shown('f2480f2a04d8'), 'cvtsi2sd xmm0, qword ptr [rsi]; read 8'); // [rax+rbx*8]
    assert.equal(shown('0fc70f'), 'cmpxchg8b [rsi]; readWrite 8'); // cmpxchg8b [rdi]
  });

  it('leaves nothing of an address in the code: no index, displacement, segment or RIP', () => {
    assert.equal(shown('660f6f0555443322'), 'movdqa xmm0, [rbx]; read 16'); // [rip+0x22334455]
    assert.equal(shown('64dd0425f8ffffff'), 'fld st, qword ptr [rbx]; read 8'); // fs:[-8]
    assert.equal(shown('670f1004c8'), 'movups xmm0, [rbx]; read 16'); // [eax+ecx*8]
    assert.equal(shown('62f17c48104301'), 'vmovups zmm0, [rsi]; read 64'); // [rbx+0x40], disp8 × 64
  });

  it('keeps masks, broadcasts, roundings and zeroing', () => {
    assert.equal(shown('62f17cd9580b'), 'vaddps zmm1{k1}{z}, zmm0, [rsi]{1to16}; read 4');
    assert.equal(shown('62f17c7958c1'), 'vaddps zmm0{k1}{rz-sae}, zmm0, zmm1');
  });

  it('tells masked stores, which write a part of their operand, from whole ones', () => {
    assert.equal(shown('62f17c491103'), 'vmovups [rsi]{k1}, zmm0; conditionalWrite 64');
    assert.equal(shown('62f17c481103'), 'vmovups [rsi], zmm0; write 64');
    assert.equal(shown('c4e2712e03'), 'vmaskmovps [rsi], xmm1, xmm0; conditionalWrite 16');
    assert.equal(shown('c4e2712c03'), 'vmaskmovps xmm0, xmm1, [rsi]; read 16');
    assert.equal(shown('67660ff7c1'), 'maskmovdqu xmm0, xmm1; conditionalWrite 16');
  });

  it('says what to copy back', () => {
    assert.deepEqual(plan('0fa2')!.writes, ['rax', 'rcx', 'rdx', 'rbx', 'rip']);
    assert.deepEqual(plan('660f2ec1')!.writes, ['rip', 'eflags']); // ucomisd xmm0, xmm1
    assert.deepEqual(plan('dff1')!.writes, ['rip', 'eflags']); // fcomip
    assert.deepEqual(plan('d9f8')!.writes, ['rip']); // fprem, which sets bits of the x87 only
    assert.deepEqual(plan('f3480faed0')!.writes, ['rip', 'fs_base']); // wrfsbase rax
  });

  it('copies extended state only where it matters', () => {
    assert.equal(plan('0f31')!.extendedState, false); // rdtsc
    assert.equal(plan('0fc7f0')!.extendedState, false); // rdrand eax
    assert.equal(plan('0f01d0')!.extendedState, true); // xgetbv
    assert.equal(plan('0fae13')!.extendedState, true); // ldmxcsr [rbx]
  });

  it('runs on the thread’s own processor what depends on it', () => {
    assert.equal(plan('0fa2')!.processorBound, true); // cpuid
    assert.equal(plan('0f01f9')!.processorBound, true); // rdtscp
    assert.equal(plan('0f31')!.processorBound, false); // rdtsc
  });

  it('knows the opcode that the x87 remembers, and that of the moved instruction', () => {
    assert.deepEqual(plan('dd45f8')!.x87, { opcode: 0x545, opcodeInCode: 0x503 }); // fld qword ptr [rbp-8]
    assert.equal(plan('dd30')!.x87, undefined); // fnsave, which stores what the x87 remembers
    assert.equal(x87Opcode(Uint8Array.of(0x64, 0x41, 0xd9, 0x03)), 0x103);
    assert.equal(x87Opcode(Uint8Array.of(0x0f, 0xd8, 0xc1)), undefined); // psubusb
  });

  for (const [hex, what] of [
    ['0fae00', 'fxsave'],
    ['0fae20', 'xsave'],
    ['0f01fa', 'monitorx'],
    ['0fae38', 'clflush'],
    ['0f01fc', 'clzero'],
    ['660f38f800', 'movdir64b'],
    ['62f27d49920408', 'vgatherdps'],
    ['0f01ee', 'rdpkru'],
    ['0f01c1', 'vmcall'],
    ['c4e27b4b0418', 'tileloadd'],
  ] as const) {
    it(`does not exist for ${what}`, () => {
      const bytes = Buffer.from(hex, 'hex');
      assert.equal(decode(bytes, SITE)?.mnemonic, what);
      assert.equal(plan(hex), undefined);
      assert.equal(classify(bytes, SITE).execution, 'refused');
    });
  }
});

describe('the address of an operand', () => {
  it('is the one that lifted instructions access', () => {
    const random = new Random(1);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const state = new DataView(memory.buffer, 0, State.bytes);
    const host = { load: () => true, store: () => true };
    const emulator = new Emulator(memory, 0, host, () => 1);
    const loads = [
      '8b4308',
      '8b04c8',
      '648b0425f8ffffff',
      '658b4508',
      '8b0555443322',
      '67428b0440',
      '8b04cd00000000',
      '678b05ffffff7f',
    ];
    for (const hex of loads) {
      const bytes = Buffer.from(hex, 'hex');
      const { operands, length } = decode(bytes, SITE)!;
      const operand = operands.find(({ kind }) => kind === 'memory');
      assert.ok(operand?.kind === 'memory');
      const prepared = emulator.prepare(bytes, SITE);
      assert.ok(prepared.execution === 'emulated');
      for (let n = 0; n < 20; n++) {
        for (const name of [...GENERAL_REGISTERS, 'fs_base', 'gs_base'] as const) {
          state.setBigUint64(UserRegister[name], random.word(), true);
        }
        state.setBigUint64(UserRegister.rip, SITE + 1n, true);
        const { linear } = operandAddress(operand, length, state);
        prepared.execute();
        assert.equal(linear, state.getBigUint64(State.operandAddress, true), hex);
      }
    }
  });
});
