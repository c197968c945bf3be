import assert from 'node:assert/strict';
import { CFA } from '../../../src/debuginfo/dwarf/constants';
import { type CfaRule, FrameTable } from '../../../src/debuginfo/dwarf/frame';
import { counted, counted64, cstring, type Field, section, sleb, u16, u32, u64, u8, uleb } from '../assembler';

const RBP = 6;
const RSP = 7;

/** A .debug_frame with one common entry (CFA = rsp + 8 at the start) and one description of [0x1000, 0x1100). */
function debugFrame(...instructions: Field[]): FrameTable {
  return new FrameTable({
    kind: '.debug_frame',
    file: 'a.out',
    address: 0,
    bytes: section(
      counted(
        u32(0xffff_ffff), // this is a common entry
        u8(4), // version
        cstring(''), // augmentation
        u8(8), // size of addresses
        u8(0), // size of segment selectors
        uleb(1), // code alignment
        sleb(-8), // data alignment
        uleb(16), // return address register
        [CFA.def_cfa, ...uleb(RSP), ...uleb(8)],
        [CFA.offset | 16, ...uleb(1)], // the return address is at CFA - 8
      ),
      counted(
        u32(0), // where its common entry is
        u64(0x1000), // first address
        u64(0x100), // bytes
        ...instructions,
      ),
    ),
  });
}

const rule = (register: number, offset: number): CfaRule => ({ kind: 'register', register, offset });

describe('call frame information', () => {
  it('follows a function through its prologue and epilogue', () => {
    const table = debugFrame(
      u8(CFA.advance_loc | 1), // behind push %rbp
      [CFA.def_cfa_offset, ...uleb(16)],
      [CFA.offset | RBP, ...uleb(2)],
      [CFA.advance_loc1, 3], // behind mov %rsp,%rbp
      [CFA.def_cfa_register, ...uleb(RBP)],
      u8(CFA.remember_state),
      [CFA.advance_loc2, ...u16(0x40)], // behind an early return's leave
      [CFA.def_cfa, ...uleb(RSP), ...uleb(8)],
      u8(CFA.advance_loc | 1),
      u8(CFA.restore_state),
    );
    assert.deepEqual(
      [0xfff, 0x1000, 0x1001, 0x1003, 0x1004, 0x1043, 0x1044, 0x1045, 0x10ff, 0x1100].map((pc) => table.cfaAt(pc)),
      [
        undefined,
        rule(RSP, 8),
        rule(RSP, 16),
        rule(RSP, 16),
        rule(RBP, 16),
        rule(RBP, 16),
        rule(RSP, 8),
        rule(RBP, 16),
        rule(RBP, 16),
        undefined,
      ],
    );
  });

  it('passes over what does not concern the CFA', () => {
    const table = debugFrame(
      u8(CFA.nop),
      [CFA.offset_extended, ...uleb(3), ...uleb(1)],
      [CFA.restore_extended, ...uleb(3)],
      [CFA.undefined, ...uleb(3)],
      [CFA.same_value, ...uleb(3)],
      [CFA.register, ...uleb(3), ...uleb(4)],
      [CFA.expression, ...uleb(3), ...uleb(2), 1, 2],
      [CFA.val_expression, ...uleb(3), ...uleb(2), 1, 2],
      [CFA.offset_extended_sf, ...uleb(3), ...sleb(-1)],
      [CFA.val_offset, ...uleb(3), ...uleb(1)],
      [CFA.val_offset_sf, ...uleb(3), ...sleb(-1)],
      [CFA.GNU_args_size, ...uleb(16)],
      u8(CFA.restore | 3),
      [CFA.def_cfa_sf, ...uleb(RBP), ...sleb(-4)],
      [CFA.advance_loc4, ...u32(0x10)],
      [CFA.def_cfa_offset_sf, ...sleb(-5)],
      [CFA.set_loc, ...u64(0x1020)],
      [CFA.def_cfa_expression, ...uleb(2), 0x77, 0x08],
    );
    assert.deepEqual(table.cfaAt(0x1000), rule(RBP, 32));
    assert.deepEqual(table.cfaAt(0x1010), rule(RBP, 40));
    assert.deepEqual(table.cfaAt(0x1020), { kind: 'expression', expression: Uint8Array.of(0x77, 0x08) });
  });

  it('reads .eh_frame: relative pointers, augmentations, the end marker', () => {
    const common = counted(
      u32(0), // this is a common entry
      u8(1), // version
      cstring('zPLR'),
      uleb(1), // code alignment
      sleb(-8), // data alignment
      u8(16), // return address register
      uleb(7), // bytes of augmentation data
      ...[u8(0x1b), u32(0)], // personality routine: relative, 4 bytes
      u8(0x1b), // encoding of language-specific data
      u8(0x1b), // encoding of addresses: relative to themselves, 4 signed bytes
      [CFA.def_cfa, ...uleb(RSP), ...uleb(8)],
    );
    const sectionAddress = 0x9000;
    const descriptionAt = common.length;
    const pointerAt = descriptionAt + 8;
    const table = new FrameTable({
      kind: '.eh_frame',
      file: 'a.out',
      address: sectionAddress,
      bytes: section(
        common,
        counted(
          u32(descriptionAt + 4), // back to the common entry
          u32(0x4000 - (sectionAddress + pointerAt)), // first address, from here
          u32(0x20), // bytes
          uleb(4), // bytes of augmentation data
          u32(0), // language-specific data
        ),
        u32(0), // the end
        u32(0xffff_ffff), // not read
      ),
    });
    assert.deepEqual(table.cfaAt(0x4000), rule(RSP, 8));
    assert.deepEqual(table.cfaAt(0x401f), rule(RSP, 8));
    assert.equal(table.cfaAt(0x4020), undefined);
  });

  it('reads the 64-bit format', () => {
    const common = counted64(
      u64(2n ** 64n - 1n),
      u8(3), // version
      cstring(''),
      uleb(1),
      sleb(-8),
      uleb(16),
      [CFA.def_cfa, ...uleb(RSP), ...uleb(8)],
    );
    const table = new FrameTable({
      kind: '.debug_frame',
      file: 'a.out',
      address: 0,
      bytes: section(common, counted64(u64(0), u64(0x1000), u64(0x10))),
    });
    assert.deepEqual(table.cfaAt(0x1008), rule(RSP, 8));
  });

  it('refuses unknown instructions, endless remembering and lost common entries', () => {
    assert.throws(() => debugFrame(u8(0x3e)).cfaAt(0x1000), { code: 'malformed' });
    assert.throws(() => debugFrame(new Array<number>(100).fill(CFA.remember_state)).cfaAt(0x1000), {
      code: 'malformed',
    });
    const lost = section(counted(u32(0x5000), u64(0x1000), u64(0x10)));
    assert.throws(
      () => new FrameTable({ kind: '.debug_frame', file: 'a.out', address: 0, bytes: lost }).cfaAt(0x1000),
      { code: 'malformed', message: /\.debug_frame of a\.out/ },
    );
  });
});
