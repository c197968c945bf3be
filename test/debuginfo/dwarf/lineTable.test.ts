import assert from 'node:assert/strict';
import { FORM, LNCT, LNE, LNS } from '../../../src/debuginfo/dwarf/constants';
import { lineFilePath, readLineHeader } from '../../../src/debuginfo/dwarf/lineHeader';
import { LINE_FLAGS, type LineTable, readLineTable } from '../../../src/debuginfo/dwarf/lineTable';
import { counted, cstring, debugFile, type Field, section, sleb, u16, u32, u64, u8, uleb } from '../assembler';

/** Operand counts of the standard opcodes 1 to 12. */
const OPCODE_LENGTHS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1].map(u8);
/** Special opcode that advances by `address` bytes and `line` lines, with the parameters of {@link parameters}. */
const special = (address: number, line: number): Field => u8(13 + address * 14 + (line + 5));

const parameters = (version: number): Field[] => [
  u8(1), // minimum instruction length
  ...(version >= 4 ? [u8(1)] : []), // maximum operations per instruction
  u8(1), // default of is_stmt
  u8(-5), // line base
  u8(14), // line range
  u8(13), // opcode base
  ...OPCODE_LENGTHS,
];

const setAddress = (address: number | bigint): Field => [...u8(0), ...uleb(9), ...u8(LNE.set_address), ...u64(address)];
const endSequence: Field = [...u8(0), ...uleb(1), ...u8(LNE.end_sequence)];

/** A version 4 program with the files dir/a.c and b.h. */
function program(...opcodes: Field[]): Uint8Array {
  return section(
    counted(
      u16(4), // version
      counted(
        ...parameters(4),
        cstring('dir'), // directory 1
        u8(0), // end of directories
        ...[cstring('a.c'), uleb(1), uleb(0), uleb(0)], // file 1: directory, time, length
        ...[cstring('b.h'), uleb(0), uleb(0), uleb(0)],
        u8(0), // end of files
      ),
      ...opcodes,
    ),
  );
}

function run(line: Uint8Array, isCode: (address: number) => boolean = () => true): LineTable {
  const info = debugFile({ '.debug_line': line });
  return readLineTable(info, readLineHeader(info, 0, '/src'), isCode);
}

/** `address file:line:column flags` of each row, flags in letters: s statement, p prologue end, e end of sequence. */
function rows(table: LineTable): string[] {
  return [...table.addresses].map((address, row) => {
    const flags = [
      table.flags[row]! & LINE_FLAGS.isStatement ? 's' : '',
      table.flags[row]! & LINE_FLAGS.prologueEnd ? 'p' : '',
      table.flags[row]! & LINE_FLAGS.endSequence ? 'e' : '',
    ].join('');
    return `${address.toString(16)} ${table.files[row]!}:${table.lines[row]!}:${table.columns[row]!} ${flags}`;
  });
}

describe('.debug_line', () => {
  it('runs every standard opcode', () => {
    const table = run(
      program(
        setAddress(0x1000),
        [LNS.advance_line, ...sleb(9)], // line 10
        [LNS.set_column, ...uleb(3)],
        u8(LNS.copy),
        [LNS.advance_pc, ...uleb(4)],
        u8(LNS.negate_stmt),
        [LNS.set_file, ...uleb(2)],
        [LNS.advance_line, ...sleb(-2)], // line 8
        u8(LNS.copy),
        u8(LNS.negate_stmt),
        u8(LNS.set_basic_block),
        u8(LNS.set_prologue_end),
        u8(LNS.set_epilogue_begin),
        [LNS.set_isa, ...uleb(1)],
        special(2, 1), // address + 2, line + 1, and a row
        u8(LNS.const_add_pc), // as special opcode 255: address + 17
        [LNS.fixed_advance_pc, ...u16(0x100)],
        special(0, 0),
        endSequence,
      ),
    );
    assert.deepEqual(rows(table), ['1000 1:10:3 s', '1004 2:8:3 ', '1006 2:9:3 sp', '1117 2:9:3 s', '1117 2:9:3 se']);
  });

  it('passes over opcodes that are not defined yet, as their lengths say', () => {
    const info = debugFile({
      '.debug_line': section(
        counted(
          u16(4),
          counted(
            ...[u8(1), u8(1), u8(1), u8(-5), u8(14)],
            u8(14), // opcode base: one opcode more than we know
            ...OPCODE_LENGTHS,
            u8(2), // opcode 13 takes two operands
            ...[u8(0), u8(0)], // no directories, no files
          ),
          setAddress(0x10),
          [13, ...uleb(300), ...uleb(2)],
          [0, ...uleb(3), 0x99, 1, 2], // an extended opcode nobody knows
          u8(LNS.copy),
          [LNS.advance_pc, ...uleb(1)],
          endSequence,
        ),
      ),
    });
    const table = readLineTable(info, readLineHeader(info, 0, '/src'), () => true);
    assert.deepEqual(rows(table), ['10 1:1:0 s', '11 1:1:0 se']);
  });

  it('names files by the directories of version 2 to 4', () => {
    const info = debugFile({ '.debug_line': program() });
    const header = readLineHeader(info, 0, '/src');
    assert.equal(lineFilePath(header, 1), '/src/dir/a.c');
    assert.equal(lineFilePath(header, 2), '/src/b.h');
    assert.equal(lineFilePath(header, 0), undefined);
    assert.equal(lineFilePath(header, 3), undefined);
  });

  it('adds files that the program itself defines', () => {
    const define = [...cstring('/gen/c.inc'), ...uleb(0), ...uleb(0), ...uleb(0)];
    const table = run(
      program(
        [0, ...uleb(1 + define.length), LNE.define_file, ...define],
        [LNS.set_file, ...uleb(3)],
        setAddress(0x10),
        u8(LNS.copy),
        [LNS.advance_pc, ...uleb(1)],
        endSequence,
      ),
    );
    assert.equal(lineFilePath(table.header, table.files[0]!), '/gen/c.inc');
  });

  it('reads the tables of version 5, which describe themselves', () => {
    const info = debugFile({
      '.debug_line': section(
        counted(
          u16(5), // version
          u8(8), // size of addresses
          u8(0), // size of segment selectors
          counted(
            ...parameters(5),
            u8(1), // one field in a directory
            ...[uleb(LNCT.path), uleb(FORM.line_strp)],
            uleb(2), // directories
            ...[u32(0), u32(5)],
            u8(3), // three fields in a file
            ...[uleb(LNCT.path), uleb(FORM.string)],
            ...[uleb(LNCT.directory_index), uleb(FORM.udata)],
            ...[uleb(LNCT.MD5), uleb(FORM.data16)],
            uleb(2), // files
            ...[cstring('a.c'), uleb(0), new Array<number>(16).fill(0xaa)],
            ...[cstring('../b.h'), uleb(1), new Array<number>(16).fill(0xbb)],
          ),
          setAddress(0x10),
          u8(LNS.copy),
          [LNS.advance_pc, ...uleb(1)],
          endSequence,
        ),
      ),
      '.debug_line_str': section(cstring('/src'), cstring('include')),
    });
    const header = readLineHeader(info, 0, '');
    assert.equal(lineFilePath(header, 0), '/src/a.c');
    assert.equal(lineFilePath(header, 1), '/src/b.h');
    assert.equal(readLineTable(info, header, () => true).addresses.length, 2);
  });

  it('finds the row of an address, in sequences of any order', () => {
    const sequence = (start: number, line: number): Field[] => [
      setAddress(start),
      [LNS.advance_line, ...sleb(line - 1)],
      u8(LNS.copy),
      special(4, 1),
      special(0, 1), // a second row at the same address
      [LNS.advance_pc, ...uleb(4)],
      endSequence,
    ];
    const table = run(program(...sequence(0x200, 20), ...sequence(0x100, 10)));
    const lineAt = (address: number): number | undefined => {
      const row = table.rowAt(address);
      return row === undefined ? undefined : table.lines[row];
    };
    assert.deepEqual([0xff, 0x100, 0x103, 0x104, 0x107, 0x108, 0x200, 0x205].map(lineAt), [
      undefined,
      10,
      10,
      12,
      12,
      undefined,
      20,
      22,
    ]);
  });

  it('numbers the rows of one address as gcc does its views', () => {
    const table = run(
      program(setAddress(0x10), u8(LNS.copy), special(0, 1), special(0, 1), special(1, 1), endSequence),
    );
    assert.deepEqual(
      [0, 1, 2, 3].map((row) => table.viewOf(row)),
      [0, 1, Infinity, Infinity],
    );
  });

  it('drops sequences outside of the code and those that go backwards', () => {
    const table = run(
      program(
        ...[setAddress(0), u8(LNS.copy), special(4, 1), endSequence], // what the linker discarded
        ...[setAddress(0x1000), u8(LNS.copy), special(4, 1), endSequence],
        ...[setAddress(0x2000), u8(LNS.copy), setAddress(0x1f00), u8(LNS.copy), setAddress(0x2010), endSequence],
      ),
      (address) => address >= 0x1000,
    );
    assert.deepEqual(
      table.sequences.map(({ low, high }) => [low, high]),
      [[0x1000, 0x1004]],
    );
  });

  it('refuses what makes no sense', () => {
    const malformed = { code: 'malformed', message: /\.debug_line/ };
    assert.throws(() => run(section(u32(100), u16(4))), malformed);
    assert.throws(() => run(section(counted(u16(9)))), malformed);
    assert.throws(() => run(program([0, ...uleb(5), LNE.set_address, ...u32(0)])), malformed);
    assert.throws(() => run(program([LNS.advance_pc, 0x80])), malformed); // cut in the middle of a number
    const hugeTable = section(
      counted(
        u16(5),
        ...[u8(8), u8(0)],
        counted(...parameters(5), u8(1), uleb(LNCT.path), uleb(FORM.string), uleb(2 ** 40)),
      ),
    );
    assert.throws(() => run(hugeTable), malformed);
  });
});
