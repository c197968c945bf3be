import assert from 'node:assert/strict';
import { AT, FORM, RLE, TAG, UT } from '../../../src/debuginfo/dwarf/constants';
import { readAranges } from '../../../src/debuginfo/dwarf/aranges';
import { Entry } from '../../../src/debuginfo/dwarf/entry';
import { entryRanges } from '../../../src/debuginfo/dwarf/ranges';
import { counted, debugFile, debugInfo, type Field, section, u16, u32, u64, u8, uleb } from '../assembler';

const MAX = 2n ** 64n - 1n;

/** The ranges of a unit's own entry with these attributes; the unit's base address is its DW_AT_low_pc. */
function rangesOf(
  version: number,
  attributes: readonly [name: number, form: number, value: Field][],
  sections: Readonly<Record<string, Uint8Array>> = {},
): [number, number][] {
  const header = version >= 5 ? [u16(version), u8(UT.compile), u8(8), u32(0)] : [u16(version), u32(0), u8(8)];
  const info = debugInfo({
    '.debug_abbrev': section(
      ...[uleb(1), uleb(TAG.compile_unit), u8(0)],
      ...attributes.flatMap(([name, form]) => [uleb(name), uleb(form)]),
      ...[uleb(0), uleb(0)],
      uleb(0),
    ),
    '.debug_info': section(counted(...header, uleb(1), ...attributes.map(([, , value]) => value))),
    ...sections,
  });
  return entryRanges(Entry.rootOf(info.units[0]!)!).map(({ low, high }) => [low, high]);
}

describe('address ranges', () => {
  it('are low_pc up to high_pc, an address before DWARF 4 and a length since', () => {
    assert.deepEqual(
      rangesOf(3, [
        [AT.low_pc, FORM.addr, u64(0x1000)],
        [AT.high_pc, FORM.addr, u64(0x1010)],
      ]),
      [[0x1000, 0x1010]],
    );
    assert.deepEqual(
      rangesOf(5, [
        [AT.low_pc, FORM.addr, u64(0x1000)],
        [AT.high_pc, FORM.data4, u32(0x10)],
      ]),
      [[0x1000, 0x1010]],
    );
  });

  it('are none without code', () => {
    assert.deepEqual(rangesOf(5, [[AT.low_pc, FORM.addr, u64(0x1000)]]), []);
    assert.deepEqual(
      rangesOf(5, [
        [AT.low_pc, FORM.addr, u64(0x1000)],
        [AT.high_pc, FORM.data4, u32(0)],
      ]),
      [],
    );
  });

  it('come from .debug_ranges before DWARF 5', () => {
    const list = section(
      ...[u64(0x10), u64(0x20)], // from the unit's base
      ...[u64(0x30), u64(0x30)], // empty
      ...[u64(MAX), u64(0x9000)], // a new base
      ...[u64(0x1), u64(0x2)],
      ...[u64(0), u64(0)], // the end
    );
    assert.deepEqual(
      rangesOf(
        4,
        [
          [AT.low_pc, FORM.addr, u64(0x1000)],
          [AT.ranges, FORM.sec_offset, u32(0)],
        ],
        { '.debug_ranges': list },
      ),
      [
        [0x1010, 0x1020],
        [0x9001, 0x9002],
      ],
    );
  });

  it('come from .debug_rnglists in DWARF 5, in every kind of entry', () => {
    const addresses = section(counted(u16(5), u8(8), u8(0), ...[0x7000, 0x7100, 0x8000].map(u64)));
    const list: Field[] = [
      [RLE.offset_pair, ...uleb(0x10), ...uleb(0x20)],
      [RLE.base_address, ...u64(0x5000)],
      [RLE.offset_pair, ...uleb(0), ...uleb(1)],
      [RLE.base_addressx, ...uleb(2)],
      [RLE.offset_pair, ...uleb(2), ...uleb(3)],
      [RLE.start_end, ...u64(0x6000), ...u64(0x6004)],
      [RLE.start_length, ...u64(0x6100), ...uleb(4)],
      [RLE.startx_endx, ...uleb(0), ...uleb(1)],
      [RLE.startx_length, ...uleb(2), ...uleb(4)],
      [RLE.end_of_list],
    ];
    const expected = [
      [0x1010, 0x1020],
      [0x5000, 0x5001],
      [0x8002, 0x8003],
      [0x6000, 0x6004],
      [0x6100, 0x6104],
      [0x7000, 0x7100],
      [0x8000, 0x8004],
    ];
    const low: [number, number, Field] = [AT.low_pc, FORM.addr, u64(0x1000)];
    const byOffset = rangesOf(5, [low, [AT.ranges, FORM.sec_offset, u32(0)]], {
      '.debug_addr': addresses,
      '.debug_rnglists': section(...list),
    });
    assert.deepEqual(byOffset, expected);
    const byIndex = rangesOf(
      5,
      [low, [AT.rnglists_base, FORM.sec_offset, u32(12)], [AT.ranges, FORM.rnglistx, uleb(1)]],
      {
        '.debug_addr': addresses,
        '.debug_rnglists': section(
          counted(
            u16(5), // version
            u8(8), // size of addresses
            u8(0), // size of segment selectors
            u32(2), // offsets, counted from here
            ...[u32(0), u32(8)],
            ...list,
          ),
        ),
      },
    );
    assert.deepEqual(byIndex, expected);
  });

  it('are refused where they end before they start, or where a list has no end', () => {
    const list = (...entries: Field[]): unknown =>
      rangesOf(5, [[AT.ranges, FORM.sec_offset, u32(0)]], { '.debug_rnglists': section(...entries) });
    assert.throws(() => list([RLE.offset_pair, ...uleb(9), ...uleb(3)], [0]), { code: 'malformed' });
    assert.throws(() => list([RLE.offset_pair, ...uleb(1), ...uleb(3)]), { code: 'malformed' });
    assert.throws(() => list([0x55]), { code: 'malformed' });
  });
});

describe('.debug_aranges', () => {
  it('gives the unit of each range', () => {
    const set = (unit: number, ...pairs: [number, number][]): Field =>
      counted(
        u16(2), // version
        u32(unit), // offset in .debug_info
        u8(8), // size of addresses
        u8(0), // size of segment selectors
        u32(0), // up to a multiple of 16 from the set's start
        ...pairs.flatMap(([address, size]) => [u64(address), u64(size)]),
        ...[u64(0), u64(0)], // the end
      );
    const info = debugFile({ '.debug_aranges': section(set(0, [0x1000, 0x10], [0x3000, 0]), set(0x55, [0x2000, 8])) });
    assert.deepEqual(readAranges(info), [
      { low: 0x1000, high: 0x1010, unitOffset: 0 },
      { low: 0x2000, high: 0x2008, unitOffset: 0x55 },
    ]);
  });

  it('passes over sets of other versions and refuses those cut short', () => {
    assert.deepEqual(readAranges(debugFile({ '.debug_aranges': section(counted(u16(9), u32(0), u8(8), u8(0))) })), []);
    assert.throws(() => readAranges(debugFile({ '.debug_aranges': section(u32(80), u16(2)) })), { code: 'malformed' });
  });
});
