import assert from 'node:assert/strict';
import { ByteReader } from '../../../src/base/byteReader';
import { SidestepError } from '../../../src/base/errors';
import { Abbreviations, skipAttributes } from '../../../src/debuginfo/dwarf/abbreviations';
import { AT, FORM, TAG } from '../../../src/debuginfo/dwarf/constants';
import { section, sleb, u8, uleb } from '../assembler';

const ENCODING = { version: 5, offsetSize: 4, addressSize: 8 } as const;

function read(bytes: Uint8Array): Abbreviations {
  return Abbreviations.read(new ByteReader(bytes, { section: '.debug_abbrev' }), ENCODING);
}

describe('.debug_abbrev', () => {
  it('gives tag, children and attributes of each code', () => {
    const table = read(
      section(
        uleb(1), // code
        uleb(TAG.subprogram),
        u8(1), // has children
        ...[uleb(AT.name), uleb(FORM.strp)],
        ...[uleb(AT.low_pc), uleb(FORM.addr)],
        ...[uleb(0), uleb(0)], // end of attributes
        uleb(2), // code
        uleb(TAG.base_type),
        u8(0), // no children
        ...[uleb(AT.byte_size), uleb(FORM.implicit_const), sleb(-3)],
        ...[uleb(0), uleb(0)],
        uleb(0), // end of the table
      ),
    );
    const subprogram = table.get(1)!;
    assert.equal(subprogram.tag, TAG.subprogram);
    assert.equal(subprogram.hasChildren, true);
    assert.deepEqual(
      subprogram.attributes.map(({ name, form }) => [name, form.number]),
      [
        [AT.name, FORM.strp],
        [AT.low_pc, FORM.addr],
      ],
    );
    assert.equal(table.get(2)!.hasChildren, false);
    assert.equal(table.get(2)!.attributes[0]!.implicit, -3);
    assert.equal(table.get(3), undefined);
  });

  it('takes codes in any order and of any size', () => {
    const declaration = (code: number): (readonly number[])[] => [
      uleb(code),
      uleb(TAG.namespace),
      u8(0),
      ...[uleb(0), uleb(0)],
    ];
    const table = read(section(...declaration(7), ...declaration(1), ...declaration(1_000_000), uleb(0)));
    assert.deepEqual(
      [1, 7, 1_000_000, 2].map((code) => table.get(code)?.tag),
      [TAG.namespace, TAG.namespace, TAG.namespace, undefined],
    );
  });

  it('knows the size of entries whose attributes all have one', () => {
    const table = read(
      section(
        uleb(1),
        uleb(TAG.variable),
        u8(0),
        ...[uleb(AT.name), uleb(FORM.strp)], // 4 bytes
        ...[uleb(AT.external), uleb(FORM.flag_present)], // none
        ...[uleb(AT.low_pc), uleb(FORM.addr)], // 8 bytes
        ...[uleb(0), uleb(0)],
        uleb(2),
        uleb(TAG.variable),
        u8(0),
        ...[uleb(AT.decl_line), uleb(FORM.data2)], // 2 bytes
        ...[uleb(AT.location), uleb(FORM.exprloc)], // as long as it says
        ...[uleb(AT.type), uleb(FORM.ref4)], // 4 bytes
        ...[uleb(0), uleb(0)],
        uleb(0),
      ),
    );
    assert.equal(table.get(1)!.fixedSize, 12);
    assert.equal(table.get(2)!.fixedSize, -1);
    const values = section(u8(1), u8(0), uleb(3), u8(9), u8(9), u8(9), u8(0), u8(0), u8(0), u8(0));
    assert.equal(skipAttributes(values, 0, table.get(2)!, ENCODING), 10);
  });

  it('refuses a form it does not know, a code declared twice and a table without end', () => {
    const malformed = { code: 'malformed', message: /\.debug_abbrev is malformed at offset 0x/ };
    const unknown = section(uleb(1), uleb(TAG.variable), u8(0), uleb(AT.name), uleb(0x7f));
    assert.throws(() => read(unknown), malformed);
    const entry = [uleb(1), uleb(TAG.variable), u8(0), uleb(0), uleb(0)];
    assert.throws(() => read(section(...entry, ...entry, uleb(0))), malformed);
    assert.throws(() => read(section(...entry)), SidestepError);
  });
});
