import assert from 'node:assert/strict';
import { AT, FORM, TAG, UT } from '../../../src/debuginfo/dwarf/constants';
import { type DebugInfo } from '../../../src/debuginfo/dwarf/debugInfo';
import { Entry } from '../../../src/debuginfo/dwarf/entry';
import { type EntryTable } from '../../../src/debuginfo/dwarf/entryTable';
import { type Unit } from '../../../src/debuginfo/dwarf/unit';
import {
  counted,
  counted64,
  cstring,
  debugInfo,
  type Field,
  section,
  sleb,
  u16,
  u32,
  u64,
  u8,
  uleb,
} from '../assembler';

/** An abbreviation table of one compile unit (code 1, no attributes) and one variable (code 2) with one attribute. */
function abbreviations(form: number, attribute: number = AT.name): Uint8Array {
  return section(
    ...[uleb(1), uleb(TAG.compile_unit), u8(1), uleb(0), uleb(0)],
    ...[uleb(2), uleb(TAG.variable), u8(0), uleb(attribute), uleb(form), uleb(0), uleb(0)],
    uleb(0),
  );
}

/** Header of a DWARF 5 compilation unit: 12 bytes with its length, so that its first entry is at offset 12. */
const HEADER_5: Field[] = [
  u16(5), // version
  u8(UT.compile),
  u8(8), // size of addresses
  u32(0), // offset in .debug_abbrev
];

/** The variable of a unit that holds just it, with `value` as its attribute. */
function variable(
  form: number,
  value: Field,
  more: Readonly<Record<string, Uint8Array>> = {},
  attribute?: number,
): Entry {
  const info = debugInfo({
    '.debug_abbrev': abbreviations(form, attribute),
    '.debug_info': section(counted(...HEADER_5, uleb(1), uleb(2), value, u8(0))),
    ...more,
  });
  return Entry.of(info.units[0]!.entries, 1);
}

describe('.debug_info', () => {
  it('reads unit headers of versions 2 to 5, in both formats', () => {
    const info = debugInfo({
      '.debug_abbrev': abbreviations(FORM.flag_present),
      '.debug_info': section(
        counted(
          u16(2), // version
          u32(0), // offset in .debug_abbrev
          u8(8), // size of addresses
          uleb(1), // the unit's entry
        ),
        counted64(
          u16(4),
          u64(0), // offset in .debug_abbrev, 64 bits wide
          u8(8),
          uleb(1),
        ),
        counted(...HEADER_5, uleb(1)),
        counted(
          u16(5),
          u8(UT.skeleton),
          u8(8),
          u32(0),
          u64(0x1122), // the .dwo file's id
          uleb(1),
        ),
      ),
    });
    assert.deepEqual(
      info.units.map(({ header, root }) => [header.version, header.offsetSize, header.type, root?.tag]),
      [
        [2, 4, UT.compile, TAG.compile_unit],
        [4, 8, UT.compile, TAG.compile_unit],
        [5, 4, UT.compile, TAG.compile_unit],
        [5, 4, UT.skeleton, TAG.compile_unit],
      ],
    );
  });

  it('passes over units of versions nobody has defined', () => {
    const info = debugInfo({
      '.debug_abbrev': abbreviations(FORM.flag_present),
      '.debug_info': section(counted(u16(6), u8(1), u8(2), u8(3)), counted(...HEADER_5, uleb(1))),
    });
    assert.equal(info.units.length, 1);
    assert.equal(info.units[0]!.header.offset, 9);
  });

  it('finds the unit of an offset', () => {
    const unit = counted(...HEADER_5, uleb(1), u8(0));
    const info = debugInfo({
      '.debug_abbrev': abbreviations(FORM.flag_present),
      '.debug_info': section(unit, unit, unit),
    });
    for (const offset of [0, 13]) assert.equal(info.unitAt(offset), info.units[0]);
    assert.equal(info.unitAt(unit.length), info.units[1]);
    assert.equal(info.unitAt(3 * unit.length - 1), info.units[2]);
    assert.equal(info.unitAt(3 * unit.length), undefined);
  });

  it('keeps the tree: children, siblings, parents', () => {
    const info = debugInfo({
      '.debug_abbrev': section(
        ...[uleb(1), uleb(TAG.compile_unit), u8(1), uleb(0), uleb(0)],
        ...[uleb(2), uleb(TAG.namespace), u8(1), uleb(AT.name), uleb(FORM.string), uleb(0), uleb(0)],
        ...[uleb(3), uleb(TAG.variable), u8(0), uleb(AT.name), uleb(FORM.string), uleb(0), uleb(0)],
        uleb(0),
      ),
      '.debug_info': section(
        counted(
          ...HEADER_5,
          uleb(1), // compile unit
          ...[uleb(2), cstring('outer')],
          ...[uleb(2), cstring('inner')],
          ...[uleb(3), cstring('a')],
          u8(0), // end of inner
          ...[uleb(3), cstring('b')],
          u8(0), // end of outer
          ...[uleb(3), cstring('c')],
          u8(0), // end of the unit
        ),
      ),
    });
    const names = (entry: Entry): unknown[] => [...entry.children()].map((child) => child.string(AT.name));
    const [root, outer, inner, a] = [0, 1, 2, 3].map((index) => Entry.of(info.units[0]!.entries, index)) as [
      Entry,
      Entry,
      Entry,
      Entry,
    ];
    assert.deepEqual(names(root), ['outer', 'c']);
    assert.deepEqual(names(outer), ['inner', 'b']);
    assert.deepEqual(names(inner), ['a']);
    assert.equal(a.parent!.parent!.string(AT.name), 'outer');
    assert.equal(root.parent, undefined);
  });

  it('reads strings from every place a form can point to', () => {
    const strings = section(cstring('zero'), cstring('one'), cstring('two'));
    const sections = {
      '.debug_str': strings,
      '.debug_line_str': section(cstring('line')),
      '.debug_str_offsets': section(
        counted(
          u16(5), // version
          u16(0), // padding
          ...[0, 5, 9].map(u32), // offsets in .debug_str
        ),
      ),
    };
    const cases: [string, number, Field, string][] = [
      ['string', FORM.string, cstring('here'), 'here'],
      ['strp', FORM.strp, u32(5), 'one'],
      ['line_strp', FORM.line_strp, u32(0), 'line'],
      ['strx', FORM.strx, uleb(2), 'two'],
      ['strx1', FORM.strx1, u8(1), 'one'],
      ['strx2', FORM.strx2, u16(2), 'two'],
      ['strx3', FORM.strx3, [1, 0, 0], 'one'],
      ['strx4', FORM.strx4, u32(0), 'zero'],
      ['indirect', FORM.indirect, [FORM.strp, ...u32(9)], 'two'],
    ];
    for (const [name, form, value, expected] of cases) {
      assert.equal(variable(form, value, sections).string(AT.name), expected, name);
    }
  });

  it('reads numbers of every form, signed where the form has a sign', () => {
    const cases: [string, number, Field, bigint][] = [
      ['data1', FORM.data1, u8(0xff), 255n],
      ['data2', FORM.data2, u16(0xffff), 65535n],
      ['data4', FORM.data4, u32(0xffff_ffff), 0xffff_ffffn],
      ['data8', FORM.data8, u64(2n ** 64n - 1n), 2n ** 64n - 1n],
      ['udata', FORM.udata, uleb(2n ** 64n - 1n), 2n ** 64n - 1n],
      ['sdata', FORM.sdata, sleb(-129), -129n],
    ];
    for (const [name, form, value, expected] of cases) {
      const entry = variable(form, value, {}, AT.const_value);
      assert.equal(entry.attribute(AT.const_value)!.constant(), expected, name);
    }
  });

  it('reads addresses, plain and numbered', () => {
    const sections = {
      '.debug_addr': section(
        counted(
          u16(5), // version
          u8(8), // size of addresses
          u8(0), // size of segment selectors
          ...[0x1000, 0x2000].map(u64),
        ),
      ),
    };
    const cases: [string, number, Field, number][] = [
      ['addr', FORM.addr, u64(0x40_1136), 0x40_1136],
      ['addrx', FORM.addrx, uleb(1), 0x2000],
      ['addrx1', FORM.addrx1, u8(0), 0x1000],
      ['addrx4', FORM.addrx4, u32(1), 0x2000],
    ];
    for (const [name, form, value, expected] of cases) {
      assert.equal(variable(form, value, sections, AT.low_pc).address(AT.low_pc), expected, name);
    }
  });

  it('reads blocks, flags and what is no block or flag as neither', () => {
    const bytes = (form: number, value: Field): number[] => [
      ...(variable(form, value, {}, AT.location).attribute(AT.location)!.block() ?? []),
    ];
    assert.deepEqual(bytes(FORM.exprloc, [2, 7, 8]), [7, 8]);
    assert.deepEqual(bytes(FORM.block1, [2, 7, 8]), [7, 8]);
    assert.deepEqual(bytes(FORM.block2, [2, 0, 7, 8]), [7, 8]);
    assert.deepEqual(bytes(FORM.block4, [2, 0, 0, 0, 7, 8]), [7, 8]);
    assert.equal(bytes(FORM.data16, new Array<number>(16).fill(3)).length, 16);
    assert.equal(variable(FORM.data1, u8(3), {}, AT.location).attribute(AT.location)!.block(), undefined);
    assert.equal(variable(FORM.flag, u8(1), {}, AT.external).flag(AT.external), true);
    assert.equal(variable(FORM.flag, u8(0), {}, AT.external).flag(AT.external), false);
    assert.equal(variable(FORM.flag_present, [], {}, AT.external).flag(AT.external), true);
  });

  describe('references', () => {
    /** Offset of the compile unit's entry, from the unit and from the section: the unit is the first. */
    const ROOT = 12;

    it('inside of the unit', () => {
      const cases: [string, number, Field][] = [
        ['ref1', FORM.ref1, u8(ROOT)],
        ['ref2', FORM.ref2, u16(ROOT)],
        ['ref4', FORM.ref4, u32(ROOT)],
        ['ref8', FORM.ref8, u64(ROOT)],
        ['ref_udata', FORM.ref_udata, uleb(ROOT)],
        ['ref_addr', FORM.ref_addr, u32(ROOT)],
      ];
      for (const [name, form, value] of cases) {
        const entry = variable(form, value, {}, AT.type);
        assert.equal(entry.reference(AT.type)?.tag, TAG.compile_unit, name);
        assert.equal(entry.referenceKey(AT.type), entry.reference(AT.type)!.key, name);
      }
    });

    it('to the file that dwz shares entries through', () => {
      const shared = {
        '.debug_abbrev': abbreviations(FORM.string),
        '.debug_info': section(counted(...HEADER_5, uleb(1), uleb(2), cstring('shared'), u8(0))),
      };
      for (const form of [FORM.GNU_ref_alt, FORM.ref_sup4]) {
        const info = debugInfo(
          {
            '.debug_abbrev': abbreviations(form, AT.type),
            '.debug_info': section(counted(...HEADER_5, uleb(1), uleb(2), u32(ROOT + 1), u8(0))),
          },
          shared,
        );
        const entry = Entry.of(info.units[0]!.entries, 1);
        assert.equal(entry.reference(AT.type)?.string(AT.name), 'shared');
        assert.equal(entry.referenceKey(AT.type), entry.reference(AT.type)!.key);
      }
    });

    it('to a type unit by its signature, in .debug_types and in DWARF 5', () => {
      const signature = 0x1234_5678_9abc_def0n;
      const sections = (infoUnits: Field[], types: Uint8Array): DebugInfo =>
        debugInfo({
          '.debug_abbrev': abbreviations(FORM.ref_sig8, AT.type),
          '.debug_info': section(counted(...HEADER_5, uleb(1), uleb(2), u64(signature), u8(0)), ...infoUnits),
          '.debug_types': types,
        });
      const version4 = sections(
        [],
        section(
          counted(
            u16(4), // version
            u32(0), // offset in .debug_abbrev
            u8(8), // size of addresses
            u64(signature),
            u32(23), // where the type's entry is: behind this header
            uleb(1),
          ),
        ),
      );
      const version5 = sections(
        [counted(u16(5), u8(UT.type), u8(8), u32(0), u64(signature), u32(24), uleb(1))],
        new Uint8Array(0),
      );
      for (const info of [version4, version5]) {
        const entry = Entry.of(info.units[0]!.entries, 1).reference(AT.type)!;
        assert.equal(entry.tag, TAG.compile_unit);
        assert.equal(entry.unit.header.signature, signature);
      }
    });

    it('into the middle of nowhere are errors that say from where', () => {
      assert.throws(() => variable(FORM.ref4, u32(3), {}, AT.type).reference(AT.type), {
        code: 'malformed',
        message: /^\.debug_info of a\.out is malformed at offset 0xe: a reference leads to 0x3: no entry$/,
      });
      assert.throws(() => variable(FORM.ref_addr, u32(0xffff), {}, AT.type).reference(AT.type), { code: 'malformed' });
    });
  });

  it('refuses what reaches past its end, is not declared, or is not for x86-64', () => {
    const malformed = { code: 'malformed' };
    const units = (...fields: Field[]): unknown => debugInfo({ '.debug_info': section(...fields) }).units;
    assert.throws(() => units(u32(100), u16(5)), malformed);
    assert.throws(() => units(u32(0xffff_fff0)), malformed);
    assert.throws(() => units(counted(u16(4), u32(0), u8(4))), malformed); // addresses of 4 bytes
    const undeclared = debugInfo({
      '.debug_abbrev': section(uleb(0)),
      '.debug_info': section(counted(...HEADER_5, uleb(1))),
    });
    assert.throws(() => undeclared.units[0]!.entries, malformed);
    const cut = debugInfo({
      '.debug_abbrev': abbreviations(FORM.data8),
      '.debug_info': section(counted(...HEADER_5, uleb(1), uleb(2), u32(0))),
    });
    assert.throws(() => cut.units[0]!.entries, malformed);
  });

  it('has entries nested two thousand deep, and refuses a hundred thousand', () => {
    const nested = (depth: number): EntryTable<Unit> =>
      debugInfo({
        '.debug_abbrev': abbreviations(FORM.flag_present),
        '.debug_info': section(counted(...HEADER_5, new Array<number>(depth).fill(1))),
      }).units[0]!.entries;
    assert.equal(nested(2000).length, 2000);
    assert.equal(nested(2000).ends[0], 2000);
    assert.throws(() => nested(100_000), { code: 'malformed', message: /nested more than 2048 deep/ });
  });
});
