/** Expressions whose values are not known yet: what they become in the model's operations. */
import assert from 'node:assert/strict';
import { OP } from '../../../src/debuginfo/dwarf/constants';
import { readOperations } from '../../../src/debuginfo/dwarf/expression';
import { StackMachine, type EvaluationContext, Unavailable } from '../../../src/debuginfo/symbols/stackMachine';
import { type Field, section, sleb, u64, u8, uleb } from '../assembler';
import { locationText } from '../show';

const INT = 0x20;
const UNSIGNED_LONG = 0x30;

const SURROUNDINGS: EvaluationContext = {
  frameBase: () => ({ operations: [{ op: 'register', register: 6 }], type: undefined }),
  callFrameAddress: () => ({
    operations: [{ op: 'register', register: 7 }, { op: 'const', value: 16n }, { op: 'add' }],
    type: undefined,
  }),
  entryValue: () => {
    throw new Unavailable('<optimized out>');
  },
  indexedAddress: (index) => 0x1000 + index,
  integerType: (offset) =>
    offset === INT ? { bits: 32, signed: true } : offset === UNSIGNED_LONG ? { bits: 64, signed: false } : undefined,
  threadLocal: (offset) => ({ op: 'tls', block: { kind: 'fixed', offset: 0n }, offset: offset - 0x40n }),
};

/** What is on top when the operations are done. */
function top(...operations: Field[]): string {
  const machine = new StackMachine(SURROUNDINGS);
  for (const operation of readOperations(section(...operations), undefined)) assert.ok(machine.run(operation));
  return locationText({ kind: 'memory', address: machine.pop().operations });
}

const reg = (register: number, offset = 0): Field => [OP.breg0 + register, ...sleb(offset)];

describe('expressions on unknown registers', () => {
  it('fold offsets into one', () => {
    assert.equal(top(reg(6, -20)), '[r6 -20 add]');
    assert.equal(top(reg(6)), '[r6]');
    assert.equal(top([OP.fbreg, ...sleb(-20)]), '[r6 -20 add]');
    assert.equal(top(u8(OP.call_frame_cfa), [OP.plus_uconst, ...uleb(8)]), '[r7 24 add]');
    assert.equal(top(reg(7, 8), [OP.const1s, ...u8(-8)], u8(OP.plus)), '[r7]');
  });

  it('compute', () => {
    assert.equal(
      top(reg(5), u8(OP.deref), u8(OP.lit0 + 3), u8(OP.shl), reg(4), u8(OP.plus)),
      '[r5 load8 3 shl r4 add]',
    );
    assert.equal(top(reg(5), [OP.deref_size, 4]), '[r5 load4]');
    assert.equal(top([OP.addr, ...u64(0x4000)]), '[0x4000]');
    assert.equal(top([OP.addrx, ...uleb(2)]), '[0x1002]');
    assert.equal(top([OP.constx, ...uleb(2)]), '[4098]');
    assert.equal(top(reg(5), reg(4), u8(OP.lt)), '[r5 r4 ltS]');
    assert.equal(top(reg(5), u8(OP.neg), u8(OP.not), u8(OP.abs)), '[r5 neg not abs]');
  });

  it('leave no trace of shuffled stacks', () => {
    assert.equal(top(reg(1), reg(2), u8(OP.over), u8(OP.minus), u8(OP.mul)), '[r1 r2 r1 sub mul]');
    assert.equal(top(reg(1), reg(2), u8(OP.swap), u8(OP.minus)), '[r2 r1 sub]');
    assert.equal(top(reg(1), reg(2), reg(3), u8(OP.rot), u8(OP.minus), u8(OP.mul)), '[r3 r1 r2 sub mul]');
    assert.equal(top(reg(1), reg(2), [OP.pick, 1], u8(OP.drop), u8(OP.dup), u8(OP.mul)), '[r2 r2 mul]');
  });

  it('cut typed numbers to their type', () => {
    assert.equal(top([OP.regval_type, ...uleb(5), ...uleb(INT)]), '[r5 s32]');
    assert.equal(top([OP.regval_type, ...uleb(5), ...uleb(INT)], reg(4), u8(OP.plus)), '[r5 s32 r4 add s32]');
    assert.equal(top([OP.regval_type, ...uleb(5), ...uleb(INT)], [OP.convert, ...uleb(0)]), '[r5 s32]');
    assert.equal(top([OP.const_type, ...uleb(INT), ...uleb(4), 0xff, 0xff, 0xff, 0xff]), '[4294967295 s32]');
    assert.equal(top(reg(5), [OP.deref_type, 4, ...uleb(INT)]), '[r5 load4 s32]');
  });

  it('find thread-local storage', () => {
    assert.equal(top([OP.const8u, ...u64(0x10)], u8(OP.form_tls_address)), '[tls-48]');
    assert.throws(() => top(reg(1), u8(OP.form_tls_address)), Unavailable);
  });

  it('are given up where the model can not say it, where they are wrong, and where they grow without end', () => {
    const unsigned = [OP.regval_type, ...uleb(5), ...uleb(UNSIGNED_LONG)];
    assert.throws(() => top(unsigned, unsigned, u8(OP.lt)), Unavailable);
    assert.throws(() => top(reg(5), [OP.deref_size, 3]), Unavailable);
    assert.throws(() => top(u8(OP.plus)), Unavailable);
    assert.throws(() => top([OP.entry_value, ...uleb(1), OP.reg0]), Unavailable);
    const doubling = Array.from({ length: 60 }, () => [OP.dup, OP.plus]);
    assert.throws(() => top(reg(1), ...doubling), { message: '<not available: its location is too complex>' });
  });
});
