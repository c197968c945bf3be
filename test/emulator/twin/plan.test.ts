import assert from 'node:assert/strict';
import { decode } from '../../../src/emulator/decode/decode';
import { formName, twinCodeOf } from '../../../src/emulator/twin/forms';
import { twinPlanOf } from '../../../src/emulator/twin/plan';
import { exchangeTwins, formsIn, lockedTwins } from '../../../src/emulator/twin/search';

/** The ways of an instruction, in their order. */
function ways(hex: string): string {
  const instruction = decode(Buffer.from(hex, 'hex'), 0x401000n);
  assert.ok(instruction !== undefined);
  const plan = twinPlanOf(instruction);
  return plan === undefined ? 'none' : plan.ways.map(({ form, given }) => `${formName(form)} ${given}`).join(', ');
}

function code(hex: string): string {
  const found = twinCodeOf(Buffer.from(hex, 'hex'));
  if (found === undefined) return 'none';
  const { base, displacement, source, length } = found.code;
  return `${formName(found.form)}: ${base}${displacement < 0 ? '' : '+'}${displacement}, ${source ?? '-'}; ${length}`;
}

describe('a twin’s plan', () => {
  it('prefers the instruction that does it at once, then a swap', () => {
    assert.equal(ways('f0ff00'), 'xadd 32 zeros, cmpxchg 32 memory, cmpxchg 64 memory'); // lock inc dword ptr [rax]
    assert.equal(ways('f0482103'), 'and 64 ones, cmpxchg 64 memory'); // lock and [rbx], rax
    assert.equal(ways('f0f61b'), 'cmpxchg 8 memory, cmpxchg 32 memory, cmpxchg 64 memory, cmpxchg 16 memory'); // lock neg
    assert.equal(ways('87420c'), 'xchg 32 zeros, cmpxchg 32 memory, cmpxchg 64 memory'); // xchg [rdx+12], eax
  });

  it('takes a comparison for itself but where a larger one must do', () => {
    assert.equal(ways('f00fb113'), 'cmpxchg 32 accumulator, cmpxchg 64 memory'); // lock cmpxchg [rbx], edx
    assert.equal(ways('f00fc70f'), 'cmpxchg8b 64 zeros, cmpxchg 64 memory'); // lock cmpxchg8b [rdi]
    assert.equal(ways('f0480fc70f'), 'cmpxchg16b 128 zeros'); // lock cmpxchg16b [rdi]
  });

  it('is not for what is not atomic, not known, or a hint about transactions', () => {
    assert.equal(ways('ff00'), 'none'); // inc dword ptr [rax]
    assert.equal(ways('93'), 'none'); // xchg eax, ebx
    assert.equal(ways('c4e261e01408'), 'none'); // cmpoxadd [rax+rcx], edx, ebx
    assert.equal(ways('f2f0ff00'), 'none'); // xacquire lock inc dword ptr [rax]
  });
});

describe('an instruction that can be a twin', () => {
  it('has its operand at a register and a displacement', () => {
    assert.equal(code('f00fc111'), 'xadd 32: rcx+0, rdx; 4');
    assert.equal(code('f04c0fb14df8'), 'cmpxchg 64: rbp-8, r9; 6');
    assert.equal(code('f0410fb0742410'), 'cmpxchg 8: r12+16, rsi; 7');
    assert.equal(code('66f00fc18b00010000'), 'xadd 16: rbx+256, rcx; 9');
    assert.equal(code('8707'), 'xchg 32: rdi+0, rax; 2');
    assert.equal(code('f0480fc70f'), 'cmpxchg16b 128: rdi+0, -; 5');
  });

  it('uses no register for two things, and nothing else for the address', () => {
    for (const hex of [
      'f00fc109', // lock xadd [rcx], ecx
      'f00fb108', // lock cmpxchg [rax], ecx
      'f00fb103', // lock cmpxchg [rbx], eax
      'f0480fc70a', // lock cmpxchg16b [rdx]
      'f00fc10c24', // lock xadd [rsp], ecx
      'f00fc10c93', // lock xadd [rbx+rdx*4], ecx
      'f00fc10d00000000', // lock xadd [rip], ecx
      'f064480fc10b', // lock xadd fs:[rbx], rcx
      '67f00fc10b', // lock xadd [ebx], ecx
      'f00fc023', // lock xadd [rbx], ah
      'f08303 01', // lock add dword ptr [rbx], 1
      '0fc10b', // xadd [rbx], ecx
      'f2870b', // xacquire xchg [rbx], ecx
      '93', // xchg eax, ebx
    ]) {
      assert.equal(code(hex.replace(' ', '')), 'none', hex);
    }
  });
});

describe('a search for twins', () => {
  it('finds them at any byte, and cut off at no other', () => {
    // mov eax, 0x11c10ff0: the immediate is lock xadd [rcx], edx.
    const text = Buffer.from('b8f00fc111c3', 'hex');
    assert.deepEqual(
      [...lockedTwins(text)].map(({ form, offset, code: { length } }) => [formName(form), offset, length]),
      [['xadd 32', 1, 4]],
    );
    assert.deepEqual([...lockedTwins(text.subarray(0, 4))], []);
  });

  it('takes prefixes in front of LOCK along, and XCHG with any or none', () => {
    const found = (text: string, search: typeof lockedTwins): unknown =>
      [...search(Buffer.from(text, 'hex'))].map(({ form, offset }) => [formName(form), offset]);
    // lock xadd [rbx], ecx, from its second byte on.
    assert.deepEqual(found('66f00fc10b', lockedTwins), [
      ['xadd 32', 1],
      ['xadd 16', 0],
    ]);
    assert.deepEqual(found('66f0666642', lockedTwins), []);
    assert.deepEqual(found('488703', exchangeTwins), [
      ['xchg 32', 1],
      ['xchg 64', 0],
    ]);
    assert.deepEqual(found('668703', exchangeTwins), [
      ['xchg 32', 1],
      ['xchg 16', 0],
    ]);
  });

  it('names what a text has', () => {
    const text = Buffer.from('9090f04c0fb14df8c3488703c3f00823', 'hex');
    assert.deepEqual([...formsIn(text)].sort(), ['cmpxchg 64', 'xchg 32', 'xchg 64']);
  });
});
