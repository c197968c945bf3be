/** Locations of variables from hand-assembled expressions: branches, parts of bytes, calls, implicit pointers. */
import assert from 'node:assert/strict';
import { AT, ATE, FORM, OP, TAG, UT } from '../../../src/debuginfo/dwarf/constants';
import { Entry } from '../../../src/debuginfo/dwarf/entry';
import { SplitUnits } from '../../../src/debuginfo/dwarf/splitUnits';
import { ProgramNames } from '../../../src/debuginfo/index/programNames';
import { type Location } from '../../../src/debuginfo/model/model';
import { Locations } from '../../../src/debuginfo/symbols/locations';
import { Program } from '../../../src/debuginfo/symbols/program';
import { counted, debugInfo, type Field, section, sleb, u16, u32, u8, uleb } from '../assembler';
import { locationText } from '../show';
import { NO_FACTS } from '../noFacts';

const PC = 0x1000;

/** Where the first of some variables is, by their expressions. */
function locate(...expressions: Field[][]): Location {
  const info = debugInfo({
    '.debug_abbrev': section(
      ...[uleb(1), uleb(TAG.compile_unit), u8(1), uleb(0), uleb(0)],
      ...[uleb(2), uleb(TAG.variable), u8(0)],
      ...[uleb(AT.type), uleb(FORM.ref4), uleb(AT.location), uleb(FORM.exprloc), uleb(0), uleb(0)],
      ...[uleb(3), uleb(TAG.base_type), u8(0)],
      ...[uleb(AT.byte_size), uleb(FORM.data1), uleb(AT.encoding), uleb(FORM.data1), uleb(0), uleb(0)],
      uleb(0),
    ),
    '.debug_info': section(
      counted(
        ...[u16(5), u8(UT.compile), u8(8), u32(0)],
        uleb(1),
        ...[uleb(3), u8(4), u8(ATE.signed)], // at TYPE
        ...expressions.flatMap((fields) => {
          const bytes = fields.flat();
          return [uleb(2), u32(TYPE), uleb(bytes.length), bytes];
        }),
        u8(0),
      ),
    ),
  });
  const [unit] = info.units;
  assert.ok(unit);
  const split = new SplitUnits(info, { openPackage: () => undefined, open: () => undefined });
  const program = new Program(
    info,
    NO_FACTS,
    new ProgramNames(info, split, { open: () => undefined, known: undefined }),
    split,
  );
  return new Locations(program, PC, undefined, unit).of(Entry.of(unit.entries, 2));
}

/** Offsets of the type and of the first variable, from the unit's header. */
const TYPE = 13;
const FIRST = 16;

const text = (...fields: Field[]): string => locationText(locate(fields));
const reg = (register: number): Field => u8(OP.reg0 + register);
const breg = (register: number, offset = 0): Field => [OP.breg0 + register, ...sleb(offset)];
const lit = (value: number): Field => u8(OP.lit0 + value);
const jump = (opcode: number, distance: number): Field => [opcode, ...u16(distance)];
const bits = (size: number, offset = 0): Field => [OP.bit_piece, ...uleb(size), ...uleb(offset)];

describe('locations with branches', () => {
  it('choose at run time', () => {
    // rdi != 0 ? rsi : rdx
    assert.equal(
      text(breg(5), jump(OP.bra, 6), breg(1), u8(OP.stack_value), jump(OP.skip, 3), breg(4), u8(OP.stack_value)),
      '=r5 ? (r4) : (r1)',
    );
    assert.equal(text(breg(5), jump(OP.bra, 5), breg(1), jump(OP.skip, 2), breg(4)), '[r5 ? (r4) : (r1)]');
  });

  it('keep what is on the stack', () => {
    // 8(rax) plus 1 or 2
    assert.equal(
      text(breg(0, 8), breg(5), jump(OP.bra, 4), lit(1), jump(OP.skip, 1), lit(2), u8(OP.plus)),
      '[r5 ? (r0 10 add) : (r0 9 add)]',
    );
  });

  it('may have no value on one side', () => {
    const gone: Field = [OP.entry_value, ...uleb(1), OP.reg0 + 5];
    const value = u8(OP.stack_value);
    assert.equal(
      text(breg(5), jump(OP.bra, 7), gone, value, jump(OP.skip, 2), lit(7), value),
      '=r5 ? (7) : (<optimized out>)',
    );
  });

  it('are given up where they go round for ever, or lead into an operation', () => {
    assert.match(text(jump(OP.skip, 0xfffd)), /too complex/);
    assert.match(text(breg(5), jump(OP.bra, 0xfffb), lit(1)), /too complex|\?/);
    assert.match(text(breg(5), jump(OP.bra, 1), [OP.const2u, 1, 2]), /malformed/);
    assert.match(text(breg(5), jump(OP.bra, 100), lit(1)), /malformed/);
  });
});

describe('locations in pieces', () => {
  it('have holes', () => {
    assert.equal(
      text(reg(5), [OP.piece, ...uleb(4)], [OP.piece, ...uleb(4)], breg(7, 8), [OP.piece, ...uleb(8)]),
      'r5:4 <optimized out>:4 [r7 8 add]:8',
    );
  });

  it('put parts of bytes together', () => {
    // 3 bits of rdi, 5 bits of rsi from its bit 2 on
    assert.equal(text(reg(5), bits(3), reg(4), bits(5, 2)), '=r5 u3 r4 2 shrU u5 3 shl or:1');
    assert.equal(text(reg(5), bits(16, 8)), '=r5 8 shrU u16:2');
    assert.equal(text(breg(7), bits(16, 8)), '[r7 1 add]:2');
    assert.equal(text(reg(5), bits(3), bits(5), reg(4), bits(8)), '<optimized out>:1 r4:1');
  });
});

describe('implicit pointers', () => {
  it('lead to an object, which may lead back', () => {
    // code, type, length, and an expression of an operation, an offset and a number of one byte
    const second = FIRST + 1 + 4 + 1 + 6;
    const pointer = (to: number, offset: number): Field => [OP.implicit_pointer, ...u32(to), ...sleb(offset)];
    const location = locate([pointer(second, 2)], [pointer(FIRST, 0)]);
    assert.equal(locationText(location), 'pointer to 2 in 4 bytes');
    const back = location.kind === 'implicitPointer' ? location.object.location : undefined;
    assert.equal(back && locationText(back), 'pointer to 0 in 4 bytes');
  });

  it('lead nowhere where there is no entry', () => {
    assert.match(text([OP.implicit_pointer, ...u32(0), ...sleb(0)]), /does not say what it points to/);
  });
});
