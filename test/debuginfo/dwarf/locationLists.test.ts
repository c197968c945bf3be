import assert from 'node:assert/strict';
import { AT, FORM, LLE, OP, TAG, UT } from '../../../src/debuginfo/dwarf/constants';
import { expressionAt, isLocationList } from '../../../src/debuginfo/dwarf/locationLists';
import { type Attribute, Entry } from '../../../src/debuginfo/dwarf/entry';
import { counted, debugInfo, type Field, section, u16, u32, u64, u8, uleb } from '../assembler';

const BASE = 0x1000;

/** The location attribute of a unit that starts at {@link BASE}. */
function location(
  version: number,
  form: number,
  value: Field,
  sections: Readonly<Record<string, Uint8Array>>,
): Attribute {
  const header = version >= 5 ? [u16(version), u8(UT.compile), u8(8), u32(0)] : [u16(version), u32(0), u8(8)];
  const info = debugInfo({
    '.debug_abbrev': section(
      ...[uleb(1), uleb(TAG.compile_unit), u8(0)],
      ...[uleb(AT.low_pc), uleb(FORM.addr)],
      ...[uleb(AT.loclists_base), uleb(FORM.sec_offset)],
      ...[uleb(AT.location), uleb(form)],
      ...[uleb(0), uleb(0)],
      uleb(0),
    ),
    '.debug_info': section(counted(...header, uleb(1), u64(BASE), u32(12), value)),
    ...sections,
  });
  return Entry.rootOf(info.units[0]!)!.attribute(AT.location)!;
}

/** The first operation that holds at each address; undefined where none does. */
function at(value: Attribute, ...addresses: number[]): (number | undefined)[] {
  return addresses.map((address) => expressionAt(value, address)?.[0]);
}

const register = (number: number): number => OP.reg0 + number;

describe('location lists', () => {
  it('are no lists where the attribute is an expression itself', () => {
    const value = location(5, FORM.exprloc, [1, register(3)], {});
    assert.equal(isLocationList(value), false);
    assert.deepEqual(at(value, 0), [register(3)]);
  });

  it('come from .debug_loc before DWARF 5', () => {
    const list = section(
      ...[u64(0x0), u64(0x10), u16(1), u8(register(0))],
      ...[u64(2n ** 64n - 1n), u64(0x8000)], // a new base
      ...[u64(0x0), u64(0x4), u16(1), u8(register(1))],
      ...[u64(0), u64(0)], // the end
    );
    for (const [version, form] of [
      [4, FORM.sec_offset],
      [3, FORM.data4],
    ] as const) {
      const value = location(version, form, u32(0), { '.debug_loc': list });
      assert.equal(isLocationList(value), true);
      assert.deepEqual(at(value, BASE, BASE + 0xf, BASE + 0x10, 0x8003), [
        register(0),
        register(0),
        undefined,
        register(1),
      ]);
    }
  });

  it('come from .debug_loclists in DWARF 5, in every kind of entry', () => {
    const expression = (number: number): Field => [...uleb(1), ...u8(register(number))];
    const list: Field[] = [
      [LLE.GNU_view_pair, ...uleb(1), ...uleb(2)],
      [LLE.offset_pair, ...uleb(0), ...uleb(4), ...expression(0)],
      [LLE.base_address, ...u64(0x2000)],
      [LLE.offset_pair, ...uleb(0), ...uleb(4), ...expression(1)],
      [LLE.base_addressx, ...uleb(0)],
      [LLE.offset_pair, ...uleb(0), ...uleb(4), ...expression(2)],
      [LLE.start_end, ...u64(0x4000), ...u64(0x4004), ...expression(3)],
      [LLE.start_length, ...u64(0x5000), ...uleb(4), ...expression(4)],
      [LLE.startx_endx, ...uleb(1), ...uleb(2), ...expression(5)],
      [LLE.startx_length, ...uleb(2), ...uleb(4), ...expression(6)],
      [LLE.default_location, ...expression(7)],
      [LLE.end_of_list],
    ];
    const addresses = section(counted(u16(5), u8(8), u8(0), ...[0x3000, 0x6000, 0x6100].map(u64)));
    const places = [BASE + 3, 0x2003, 0x3003, 0x4003, 0x5003, 0x6003, 0x6103, 0x9999];
    const expected = [0, 1, 2, 3, 4, 5, 6, 7].map(register);
    const byOffset = location(5, FORM.sec_offset, u32(0), {
      '.debug_loclists': section(...list),
      '.debug_addr': addresses,
    });
    assert.deepEqual(at(byOffset, ...places), expected);
    const byIndex = location(5, FORM.loclistx, uleb(1), {
      '.debug_loclists': section(
        counted(
          u16(5), // version
          u8(8), // size of addresses
          u8(0), // size of segment selectors
          u32(2), // offsets, counted from here
          ...[u32(0), u32(8)],
          ...list,
        ),
      ),
      '.debug_addr': addresses,
    });
    assert.deepEqual(at(byIndex, ...places), expected);
  });

  it('are refused where they have no end or hold what nobody knows', () => {
    const list = (...entries: Field[]): Attribute =>
      location(5, FORM.sec_offset, u32(0), { '.debug_loclists': section(...entries) });
    assert.throws(() => at(list([LLE.base_address, ...u64(0)]), 0), { code: 'malformed' });
    assert.throws(() => at(list([0x77]), 0), { code: 'malformed' });
    assert.throws(() => at(location(5, FORM.sec_offset, u32(99), {}), 0), { code: 'malformed' });
  });
});
