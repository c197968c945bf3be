import assert from 'node:assert/strict';
import { SidestepError } from '../../../src/base/errors';
import { PackageIndex } from '../../../src/debuginfo/dwarf/packageIndex';
import { type DebugSectionName, DebugSections } from '../../../src/debuginfo/dwarf/sections';
import { type UnitHeader } from '../../../src/debuginfo/dwarf/unitHeader';
import { type Field, section, u16, u32, u64 } from '../assembler';

const FIRST = 0x1111_2222_3333_4444n;
const SECOND = 0xffff_0000_0000_0001n;

/** An index of two units, with four slots (DWARF 5 §7.3.5.3). */
function index(version: Field, columns: readonly number[], rows: { readonly row?: number; readonly end?: Field } = {}) {
  const cells = columns.map((_, column) => column);
  return section(
    version,
    u32(columns.length), // columns
    u32(2), // units
    u32(4), // slots
    ...[u64(FIRST), u64(0), u64(SECOND), u64(0)],
    ...[u32(1), u32(0), u32(rows.row ?? 2), u32(0)], // their rows, from 1
    ...columns.map((column) => u32(column)),
    ...cells.map((column) => u32(column * 0x10)), // where the parts of the first unit start
    ...cells.map((column) => u32(0x100 + column * 0x10)),
    ...cells.map(() => u32(0x40)), // how long they are
    ...cells.map(() => rows.end ?? u32(0x80)),
  );
}

function read(sections: Readonly<Record<string, Uint8Array>>): PackageIndex {
  return new PackageIndex(new DebugSections({ path: 'a.dwp', sectionBytes: (name) => sections[name] }));
}

function partsOf(packed: PackageIndex, offset: number, of: DebugSectionName, unitsIn = '.debug_info'): number {
  return packed.partOf({ section: unitsIn, offset } as UnitHeader, of);
}

describe('the index of a package', () => {
  it('tells where the parts of a unit are (version 5)', () => {
    const packed = read({ '.debug_cu_index': index([...u16(5), ...u16(0)], [1, 3, 5, 6, 8]) });
    assert.deepEqual(
      (['.debug_abbrev', '.debug_loclists', '.debug_str_offsets', '.debug_rnglists', '.debug_line'] as const).map(
        (name) => partsOf(packed, 0x100, name),
      ),
      [0x110, 0x120, 0x130, 0x140, 0],
    );
    assert.equal(partsOf(packed, 0x17f, '.debug_abbrev'), 0x110);
    assert.equal(partsOf(packed, 0x180, '.debug_abbrev'), 0, 'after the last unit');
    assert.equal(partsOf(packed, 0x3f, '.debug_abbrev'), 0x10);
    assert.deepEqual(
      { ...packed.unitsOf(SECOND), parts: undefined, section: undefined },
      { low: 0x100, high: 0x180, parts: undefined, section: undefined },
    );
    assert.equal(packed.unitsOf(SECOND + 1n), undefined);
    assert.equal(packed.hasTypeUnits, false);
  });

  it("tells it of GNU's for DWARF 4 (version 2), type units too", () => {
    const packed = read({
      '.debug_cu_index': index(u32(2), [1, 3, 5, 6]),
      '.debug_tu_index': index(u32(2), [2, 3, 6]),
    });
    assert.equal(partsOf(packed, 0, '.debug_loc'), 0x20);
    assert.equal(partsOf(packed, 0x100, '.debug_str_offsets'), 0x130);
    assert.equal(partsOf(packed, 0x100, '.debug_str_offsets', '.debug_types'), 0x120);
    assert.equal(packed.hasTypeUnits, true);
  });

  it('is refused where it is damaged', () => {
    const sound = index([...u16(5), ...u16(0)], [1, 3]);
    for (const [bytes, message] of [
      [index([...u16(3), ...u16(0)], [1, 3]), /version 3 is unknown/],
      [index(u32(2), [3, 6]), /no column of units/],
      [index([...u16(5), ...u16(0)], [1, 3], { row: 3 }), /no row 3/],
      [sound.subarray(0, sound.length - 1), /shorter than its tables/],
      [section(u32(5), u32(17), u32(1), u32(1)), /17 columns/],
      [section(u32(5), u32(2), u32(0xffff_ffff), u32(0xffff_ffff)), /shorter than its tables/],
    ] as const) {
      assert.throws(
        () => read({ '.debug_cu_index': bytes }),
        (error) => error instanceof SidestepError && error.code === 'malformed' && message.test(error.message),
      );
    }
  });
});
