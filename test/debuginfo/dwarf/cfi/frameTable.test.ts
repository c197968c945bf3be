import assert from 'node:assert/strict';
import { CFA } from '../../../../src/debuginfo/dwarf/constants';
import { FrameTable } from '../../../../src/debuginfo/dwarf/cfi/frameTable';
import { type CfaRule, ruleOf } from '../../../../src/debuginfo/dwarf/cfi/row';
import { counted, counted64, cstring, type Field, section, sleb, u16, u32, u64, u8, uleb } from '../../assembler';

const RBP = 6;
const RSP = 7;

/** A .debug_frame with one common entry (CFA = rsp + 8 at the start) and one description of [0x1000, 0x1100). */
function debugFrame(...instructions: Field[]): FrameTable {
  return new FrameTable({
    kind: '.debug_frame',
    file: 'a.out',
    bases: { section: 0 },
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

  it('carries every instruction out', () => {
    const table = debugFrame(
      u8(CFA.nop),
      [CFA.offset_extended, ...uleb(3), ...uleb(2)], // at CFA - 16
      [CFA.undefined, ...uleb(0)],
      [CFA.same_value, ...uleb(12)],
      [CFA.register, ...uleb(13), ...uleb(4)],
      [CFA.expression, ...uleb(14), ...uleb(2), 1, 2],
      [CFA.val_expression, ...uleb(15), ...uleb(2), 3, 4],
      [CFA.offset_extended_sf, ...uleb(1), ...sleb(-1)], // at CFA + 8
      [CFA.val_offset, ...uleb(2), ...uleb(1)],
      [CFA.val_offset_sf, ...uleb(4), ...sleb(-1)],
      [CFA.GNU_negative_offset_extended, ...uleb(5), ...uleb(3)], // at CFA + 24
      [CFA.GNU_args_size, ...uleb(16)],
      [CFA.def_cfa_sf, ...uleb(RBP), ...sleb(-4)],
      [CFA.advance_loc4, ...u32(0x10)],
      [CFA.def_cfa_offset_sf, ...sleb(-5)],
      [CFA.offset | 16, ...uleb(9)],
      [CFA.set_loc, ...u64(0x1020)],
      u8(CFA.restore | 3), // of which the common entry says nothing
      [CFA.restore_extended, ...uleb(16)], // of which it does
      [CFA.def_cfa_expression, ...uleb(2), 0x77, 0x08],
    );
    const first = table.rowAt(0x1000)!;
    assert.deepEqual(
      [16, 3, 0, 12, 13, 14, 15, 1, 2, 4, 5, 8].map((register) => ruleOf(first, register)),
      [
        { kind: 'offset', offset: -8 },
        { kind: 'offset', offset: -16 },
        { kind: 'undefined' },
        { kind: 'sameValue' },
        { kind: 'register', register: 4 },
        { kind: 'expression', expression: Uint8Array.of(1, 2) },
        { kind: 'valueExpression', expression: Uint8Array.of(3, 4) },
        { kind: 'offset', offset: 8 },
        { kind: 'valueOffset', offset: -8 },
        { kind: 'valueOffset', offset: 8 },
        { kind: 'offset', offset: 24 },
        { kind: 'architectural' },
      ],
    );
    assert.deepEqual([first.low, first.high, first.returnRegister, first.isSignalFrame], [0x1000, 0x1010, 16, false]);
    assert.deepEqual(table.cfaAt(0x1000), rule(RBP, 32));
    assert.deepEqual(table.cfaAt(0x1010), rule(RBP, 40));
    assert.deepEqual(ruleOf(table.rowAt(0x1010)!, 16), { kind: 'offset', offset: -72 });
    const last = table.rowAt(0x1020)!;
    assert.deepEqual(last.cfa, { kind: 'expression', expression: Uint8Array.of(0x77, 0x08) });
    assert.deepEqual([ruleOf(last, 3), ruleOf(last, 16)], [{ kind: 'architectural' }, { kind: 'offset', offset: -8 }]);
  });

  it('keeps remembered states apart from what changes afterwards', () => {
    const table = debugFrame(
      u8(CFA.remember_state),
      [CFA.offset | 3, ...uleb(2)],
      u8(CFA.remember_state),
      u8(CFA.advance_loc | 1),
      [CFA.offset | 3, ...uleb(4)],
      u8(CFA.advance_loc | 1),
      u8(CFA.restore_state),
      u8(CFA.advance_loc | 1),
      u8(CFA.restore_state),
    );
    assert.deepEqual(
      [0x1000, 0x1001, 0x1002, 0x1003].map((pc) => ruleOf(table.rowAt(pc)!, 3)),
      [
        { kind: 'offset', offset: -16 },
        { kind: 'offset', offset: -32 },
        { kind: 'offset', offset: -16 },
        { kind: 'architectural' },
      ],
    );
    assert.deepEqual(
      [...table.rows(table.descriptions()[0]!)].map(({ low, high }) => [low, high]),
      [
        [0x1000, 0x1001],
        [0x1001, 0x1002],
        [0x1002, 0x1003],
        [0x1003, 0x1100],
      ],
    );
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
      bases: { section: sectionAddress },
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
      bases: { section: 0 },
      bytes: section(common, counted64(u64(0), u64(0x1000), u64(0x10))),
    });
    assert.deepEqual(table.cfaAt(0x1008), rule(RSP, 8));
  });

  it('knows frames of signal handlers by their augmentation', () => {
    const common = counted(u32(0), u8(1), cstring('zRS'), uleb(1), sleb(-8), u8(16), uleb(1), u8(0x04));
    const described = counted(u32(common.length + 4), u64(0x1000), u64(0x10), uleb(0));
    const table = new FrameTable({
      kind: '.eh_frame',
      file: 'a.out',
      bases: { section: 0 },
      bytes: section(common, described),
    });
    assert.equal(table.rowAt(0x1008)!.isSignalFrame, true);
    assert.equal(table.rowAt(0x1008)!.cfa, undefined);
  });

  describe('with addresses in .eh_frame', () => {
    function ehFrame(encoding: number, address: number, bases: { readonly text?: number; readonly data?: number }) {
      const common = counted(u32(0), u8(1), cstring('zR'), uleb(1), sleb(-8), u8(16), uleb(1), u8(encoding), [
        CFA.def_cfa,
        ...uleb(RSP),
        ...uleb(8),
      ]);
      // The id of a description counts back from itself to its common entry.
      const described = counted(u32(common.length + 4), u32(address), u32(0x10), uleb(0));
      const bytes = section(common, described);
      return new FrameTable({ kind: '.eh_frame', file: 'a.out', bases: { section: 0x8000, ...bases }, bytes });
    }

    it('counts them from .text and .got', () => {
      assert.deepEqual(ehFrame(0x2b, 0x20, { text: 0x1000 }).cfaAt(0x1020), rule(RSP, 8));
      assert.equal(ehFrame(0x2b, 0x20, { text: 0x1000 }).cfaAt(0x1030), undefined);
      assert.deepEqual(ehFrame(0x3b, 0x20, { data: 0x3000 }).cfaAt(0x302f), rule(RSP, 8));
    });

    it('refuses those that count from a section that is not there, or lie where the linker writes them', () => {
      const message = (encoding: string): RegExp => new RegExp(`a pointer of encoding ${encoding} can't be read here`);
      assert.throws(() => ehFrame(0x2b, 0x20, {}).cfaAt(0x1020), { code: 'malformed', message: message('0x2b') });
      assert.throws(() => ehFrame(0x9b, 0x20, {}).cfaAt(0x1020), { code: 'malformed', message: message('0x9b') });
    });
  });

  it('finds what an unknown augmentation describes, and refuses to say how', () => {
    const bytes = section(
      counted(u32(0xffff_ffff), u8(1), cstring('odd'), uleb(1), sleb(-8), u8(16)),
      counted(u32(0), u64(0x1000), u64(0x10), u8(0x3e)),
    );
    const table = new FrameTable({ kind: '.debug_frame', file: 'a.out', bases: { section: 0 }, bytes });
    assert.deepEqual(
      table.descriptions().map(({ low, high }) => [low, high]),
      [[0x1000, 0x1010]],
    );
    assert.throws(() => table.rowAt(0x1000), { code: 'malformed', message: /unknown augmentation: "odd"/ });
    assert.equal(table.rowAt(0x1010), undefined);
  });

  it('ends, whatever the instructions say', () => {
    const malformed = { code: 'malformed' };
    assert.throws(() => debugFrame(u8(CFA.restore_state)).rowAt(0x1000), malformed);
    assert.throws(() => debugFrame([CFA.set_loc, ...u64(0x900)]).rowAt(0x1000), malformed);
    assert.throws(() => debugFrame([CFA.offset_extended, ...uleb(1000), ...uleb(1)]).rowAt(0x1000), malformed);
    assert.throws(() => debugFrame([CFA.val_expression, ...uleb(3), ...uleb(2 ** 40)]).rowAt(0x1000), malformed);
    assert.throws(() => debugFrame([CFA.offset | 3, ...uleb(2 ** 52)]).rowAt(0x1000), malformed);
    const partly = debugFrame([CFA.def_cfa_expression, ...uleb(1), 0x77], [CFA.def_cfa_offset, ...uleb(8)]);
    assert.throws(() => partly.rowAt(0x1000), malformed);
    assert.throws(() => debugFrame(new Array<number>((1 << 20) + 1).fill(CFA.nop)).rowAt(0x1000), malformed);
    // A row ends where its description does, however far an instruction advances.
    const far = debugFrame([CFA.advance_loc4, ...u32(0xffff_ffff)], [CFA.def_cfa_offset, ...uleb(64)]);
    assert.deepEqual(
      [far.rowAt(0x10ff)!.high, far.cfaAt(0x10ff), far.rowAt(0x1100)],
      [0x1100, rule(RSP, 8), undefined],
    );
  });

  it('refuses unknown instructions, endless remembering and lost common entries', () => {
    assert.throws(() => debugFrame(u8(0x3e)).cfaAt(0x1000), { code: 'malformed' });
    assert.throws(() => debugFrame(new Array<number>(100).fill(CFA.remember_state)).cfaAt(0x1000), {
      code: 'malformed',
    });
    const lost = section(counted(u32(0x5000), u64(0x1000), u64(0x10)));
    assert.throws(
      () => new FrameTable({ kind: '.debug_frame', file: 'a.out', bases: { section: 0 }, bytes: lost }).cfaAt(0x1000),
      { code: 'malformed', message: /\.debug_frame of a\.out/ },
    );
  });
});
