import assert from 'node:assert/strict';
import { classify } from '../../../src/emulator/emulator';
import { type RefusalCode, REFUSALS } from '../../../src/emulator/decode/refusal';

const CASES: readonly (readonly [code: RefusalCode, hex: string, what: string])[] = [
  ['undecodable', '06', 'push es, which 64-bit mode has not'],
  ['undecodable', '48', 'the end of the bytes'],
  ['lock', 'f2f0ff00', 'xacquire lock inc dword ptr [rax]'],
  ['atomic-exchange', 'f3488703', 'xrelease xchg [rbx], rax'],
  ['atomic-exchange', 'c4e261e01408', 'cmpoxadd [rax+rcx], edx, ebx'],
  ['system-call', '0f05', 'syscall'],
  ['system-call', '0f34', 'sysenter'],
  ['interrupt', 'cc', 'int3'],
  ['interrupt', 'cd80', 'int 0x80'],
  ['undefined-instruction', '0fb9c0', 'ud1'],
  ['privileged', 'f4', 'hlt'],
  ['privileged', 'ec', 'in al, dx'],
  ['privileged', '0f20c0', 'mov rax, cr0'],
  ['far-transfer', 'cb', 'retf'],
  ['far-transfer', '48cf', 'iretq'],
  ['far-transfer', 'ff28', 'jmp far [rax]'],
  ['segment-load', '8ed8', 'mov ds, eax'],
  ['segment-load', '0fa1', 'pop fs'],
  ['gather', 'c4e261901408', 'vpgatherdd'],
  ['transactional', 'c7f800000000', 'xbegin'],
  ['shadow-stack', 'f3480f1ec8', 'rdsspq rax'],
  ['vendor-specific', '66e800000000', 'data16 call'],
  ['vendor-specific', '66c3', 'data16 ret'],
  ['vendor-specific', '660fc8', 'bswap ax'],
  ['state-save', '0fae00', 'fxsave [rax]'],
  ['protection-keys', '0f01ee', 'rdpkru'],
  ['protection-keys', '0f01ef', 'wrpkru'],
];

describe('instructions that are refused', () => {
  for (const [code, hex, what] of CASES) {
    it(`${what}: ${code}`, () => {
      const classification = classify(Buffer.from(hex, 'hex'), 0x401000n);
      assert.equal(classification.execution, 'refused');
      assert.equal(classification.code, code);
      assert.equal(classification.reason, REFUSALS[code]);
    });
  }

  it('leaves to a twin what must be atomic, and says why it can not do without', () => {
    for (const [hex, code] of [
      ['f0ff00', 'lock'], // lock inc dword ptr [rax]
      ['f00fc70a', 'lock'], // lock cmpxchg8b [rdx]
      ['488703', 'atomic-exchange'], // xchg [rbx], rax
    ] as const) {
      const classification = classify(Buffer.from(hex, 'hex'), 0x401000n);
      assert.ok(classification.execution === 'twin', hex);
      assert.deepEqual([classification.code, classification.reason], [code, REFUSALS[code]]);
    }
  });

  it('does not refuse what only looks like it', () => {
    // xchg rbx, rax; call with 66 and REX.W, as the general dynamic TLS sequence has it; repz ret; bnd jmp; mov eax,
    // ds.
    for (const hex of ['4893', '666648e800000000', 'f3c3', 'f2eb10', '8cd8']) {
      assert.equal(classify(Buffer.from(hex, 'hex'), 0x401000n).execution, 'emulated', hex);
    }
  });
});
