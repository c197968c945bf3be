import assert from 'node:assert/strict';
import { OP } from '../../../src/debuginfo/dwarf/constants';
import { readOperations } from '../../../src/debuginfo/dwarf/expression';
import { section, sleb, u16, u32, u64, u8, uleb } from '../assembler';

describe('expressions', () => {
  it('are taken apart into operations and operands', () => {
    const operations = readOperations(
      section(
        [OP.addr, ...u64(0x40_2000)],
        [OP.const1s, ...u8(-1)],
        [OP.const2u, ...u16(0xffff)],
        [OP.const4s, ...u32(0xffff_fffe)],
        [OP.consts, ...sleb(-129)],
        u8(OP.lit0 + 17),
        u8(OP.reg0 + 5),
        [OP.breg0 + 6, ...sleb(-20)],
        [OP.bregx, ...uleb(40), ...sleb(8)],
        [OP.fbreg, ...sleb(-36)],
        [OP.implicit_value, ...uleb(2), 1, 2],
        u8(OP.stack_value),
      ),
      undefined,
    );
    assert.deepEqual(
      operations.map(({ opcode, operands, block }) => [opcode, ...operands, ...(block ? [[...block]] : [])]),
      [
        [OP.addr, 0x40_2000n],
        [OP.const1s, -1n],
        [OP.const2u, 0xffffn],
        [OP.const4s, -2n],
        [OP.consts, -129n],
        [OP.lit0, 17n],
        [OP.reg0, 5n],
        [OP.breg0, 6n, -20n],
        [OP.bregx, 40n, 8n],
        [OP.fbreg, -36n],
        [OP.implicit_value, [1, 2]],
        [OP.stack_value],
      ],
    );
  });

  it("know GNU's operations by the numbers that DWARF 5 gave them", () => {
    const operations = readOperations(
      section(u8(OP.GNU_push_tls_address), [OP.GNU_entry_value, ...uleb(1), OP.reg0 + 5], [OP.GNU_convert, ...uleb(9)]),
      undefined,
    );
    assert.deepEqual(
      operations.map(({ opcode }) => opcode),
      [OP.form_tls_address, OP.entry_value, OP.convert],
    );
  });

  it('are refused when they are cut short', () => {
    assert.throws(() => readOperations(section([OP.addr, 1, 2]), undefined), { code: 'malformed' });
    assert.throws(() => readOperations(section([OP.implicit_value, ...uleb(200), 1]), undefined), {
      code: 'malformed',
    });
  });
});
