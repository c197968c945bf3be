import assert from 'node:assert/strict';
import { decode, disassemble } from '../../../src/emulator/decode/decode';
import { type Instruction, type MemoryOperand } from '../../../src/emulator/decode/instruction';

const ADDRESS = 0x401000n;

function instruction(hex: string): Instruction {
  const decoded = decode(Buffer.from(hex, 'hex'), ADDRESS);
  assert.ok(decoded, `${hex} decodes`);
  return decoded;
}

function memory(hex: string): MemoryOperand {
  const operand = instruction(hex).operands.find(({ kind }) => kind === 'memory');
  assert.ok(operand?.kind === 'memory');
  return operand;
}

const PLAIN: MemoryOperand = {
  kind: 'memory',
  width: 64,
  segment: undefined,
  base: undefined,
  index: undefined,
  scale: 1,
  displacement: 0n,
  addressSize: 64,
};

describe('decode', () => {
  it('gives mnemonic, form, length and operands', () => {
    assert.deepEqual(instruction('4883c07f'), {
      mnemonic: 'add',
      code: 'Add_rm64_imm8',
      length: 4,
      operands: [
        { kind: 'register', register: 'rax', width: 64, high: false },
        { kind: 'immediate', value: 0x7fn, width: 64 },
      ],
      lock: false,
      repeat: undefined,
      operandSizePrefix: false,
      privileged: false,
      far: false,
      gather: false,
      undefinedFlags: [],
    } satisfies Instruction);
  });

  it('stops behind the first instruction', () => {
    assert.equal(instruction('55909090').length, 1);
  });

  const registers: readonly (readonly [hex: string, register: string, width: number, high: boolean])[] = [
    ['88e0', 'rax', 8, true], // ah
    ['40 88 e0'.replaceAll(' ', ''), 'rsp', 8, false], // spl
    ['4588c7', 'r8', 8, false],
    ['6689d8', 'rbx', 16, false],
    ['4489d8', 'r11', 32, false],
    ['4c89e0', 'r12', 64, false],
  ];
  for (const [hex, register, width, high] of registers) {
    it(`knows the register of ${disassemble(Buffer.from(hex, 'hex'), ADDRESS)}`, () => {
      assert.deepEqual(instruction(hex).operands[1], { kind: 'register', register, width, high });
    });
  }

  it('extends immediates as the instruction does', () => {
    assert.deepEqual(instruction('4883c0ff').operands[1], { kind: 'immediate', value: 2n ** 64n - 1n, width: 64 });
    assert.deepEqual(instruction('6683c0ff').operands[1], { kind: 'immediate', value: 0xffffn, width: 16 });
    assert.deepEqual(instruction('48c7c000000080').operands[1], {
      kind: 'immediate',
      value: 0xffffffff80000000n,
      width: 64,
    });
  });

  const addresses: readonly (readonly [hex: string, expected: Partial<MemoryOperand>])[] = [
    ['488b45f8', { base: 'rbp', displacement: -8n }],
    ['488b4424 08'.replace(' ', ''), { base: 'rsp', displacement: 8n }],
    ['4b8b44e510', { base: 'r13', index: 'r12', scale: 8, displacement: 16n }],
    ['488b04cd00100000', { index: 'rcx', scale: 8, displacement: 0x1000n }],
    ['488b0425f0ffffff', { displacement: -16n }],
    ['48a18877665544332211', { displacement: 0x1122334455667788n }],
    ['488b05f9ffffff', { base: 'rip', displacement: -7n }],
    ['67488b05f8ffffff', { base: 'rip', displacement: -8n, addressSize: 32 }],
    ['67488b4604', { base: 'rsi', displacement: 4n, addressSize: 32 }],
    ['67488b0425f0ffffff', { displacement: -16n, addressSize: 32 }],
    ['64488b042528000000', { segment: 'fs', displacement: 0x28n }],
    ['2e488b00', { base: 'rax' }],
    ['48a5', { base: 'rdi' }],
    ['6748a5', { base: 'rdi', addressSize: 32 }],
  ];
  for (const [hex, expected] of addresses) {
    it(`knows the address of ${disassemble(Buffer.from(hex, 'hex'), ADDRESS)}`, () => {
      assert.deepEqual(memory(hex), { ...PLAIN, ...expected });
    });
  }

  it('gives equal records for equal bytes, wherever they lie', () => {
    for (const hex of ['e800010000', 'eb10', '488b05f9ffffff']) {
      const bytes = Buffer.from(hex, 'hex');
      assert.deepEqual(decode(bytes, 0x401000n), decode(bytes, 0x7ffff7dc3000n));
    }
  });

  it('tells 66 with REX.W, which means nothing, from 66 without', () => {
    assert.equal(instruction('666648e800000000').operandSizePrefix, false);
    assert.equal(instruction('66e800000000').operandSizePrefix, true);
    assert.equal(instruction('f3660f1efa').operandSizePrefix, true);
  });

  it('gives nothing for bytes that are no instruction, or not all of one', () => {
    assert.equal(decode(Buffer.from('06', 'hex'), ADDRESS), undefined);
    assert.equal(decode(Buffer.from('488b', 'hex'), ADDRESS), undefined);
    assert.equal(decode(Buffer.from('', 'hex'), ADDRESS), undefined);
    assert.equal(decode(Buffer.from('66'.repeat(15) + '90', 'hex'), ADDRESS), undefined);
  });

  it('keeps no memory', () => {
    const bytes = Buffer.from('488b45f8', 'hex');
    const before = process.memoryUsage().external;
    for (let count = 0; count < 100_000; count++) decode(bytes, ADDRESS);
    // A leak of 32 bytes a time would make iced's memory grow by more than this.
    assert.ok(process.memoryUsage().external - before < 2 << 20);
  });
});

describe('disassemble', () => {
  it('writes Intel syntax with absolute addresses', () => {
    assert.equal(disassemble(Buffer.from('e800010000', 'hex'), ADDRESS), 'call 0x401105');
    assert.equal(disassemble(Buffer.from('488b05f9ffffff', 'hex'), ADDRESS), 'mov rax, [0x401000]');
  });

  it('marks what is no instruction', () => {
    assert.equal(disassemble(Buffer.from('06', 'hex'), ADDRESS), '(bad)');
  });
});
