import assert from 'node:assert/strict';
import { type Type } from '../../../src/debuginfo/model/model';
import { type Style } from '../../../src/language/expression/format';
import { valueText } from '../../../src/language/value/format';
import { type Snapshot, snapshot } from '../../../src/language/value/snapshot';
import { array, base, constant, enumeration, member, pointer, structure, typedef, types } from '../scopes';

function bytes(...parts: (number | bigint | string | ArrayBufferView)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1');
      if (typeof part === 'bigint') return Buffer.from(BigUint64Array.of(BigInt.asUintN(64, part)).buffer);
      if (typeof part === 'number') return Buffer.from(Int32Array.of(part).buffer);
      return Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    }),
  );
}

function reads(type: Type, value: Uint8Array, expected: string, style?: Style): void {
  assert.equal(valueText(type, snapshot(value), style), expected);
}

const point = structure('point', 8, [member('x', types.int, 0), member('y', types.int, 4)]);

describe('values', () => {
  it('of integers are decimal', () => {
    reads(types.int, bytes(-5), '-5');
    reads(types.unsigned, bytes(-5), '4294967291');
    reads(types.unsignedLong, bytes(-1n), '18446744073709551615');
    reads(types.int128, bytes(-2n, -1n), '-2');
    reads(typedef('pid_t', constant(types.int)), bytes(7), '7');
  });

  it('of bit-precise integers are their bits, whatever the others are', () => {
    const precise = (bitSize: number, byteSize: number, encoding: 'signed' | 'unsigned'): Type => ({
      kind: 'base',
      name: `_BitInt(${bitSize})`,
      language: 'c',
      byteSize,
      encoding,
      bitSize,
    });
    reads(precise(5, 1, 'signed'), bytes('\xef'), '15');
    reads(precise(5, 1, 'signed'), bytes('\x10'), '-16');
    reads(precise(5, 1, 'unsigned'), bytes('\xff'), '31');
    reads(precise(37, 8, 'signed'), bytes(-1n << 36n), '-68719476736');
    reads(precise(37, 8, 'signed'), bytes(-1n), '0x1fffffffff', 'hexadecimal');
    reads(
      precise(200, 32, 'signed'),
      bytes(0n, 0n, 0n, 0xffn << 7n),
      '-803469022129495137770981046170581301261101496891396417650688',
    );
  });

  it('of characters are the number and the character; of bytes by name, the number', () => {
    reads(types.char, bytes('a'), "97 'a'");
    reads(types.char, bytes('\xff'), "-1 '\\377'");
    reads(types.unsignedChar, bytes('\xff'), "255 '\\377'");
    reads(typedef('uint8_t', typedef('__uint8_t', types.unsignedChar)), bytes('a'), '97');
    reads(base('char', 4, 'character'), bytes(0x1f600), "128512 '😀'");
  });

  it('of bool are true and false, and a number where they are neither', () => {
    reads(types.bool, bytes('\0'), 'false');
    reads(types.bool, bytes('\x01'), 'true');
    reads(types.bool, bytes('\x02'), '2');
  });

  it('of enumerations are names', () => {
    const color = enumeration('color', { RED: 0n, GREEN: 1n, BLUE: 2n, LAST: 2n });
    reads(color, bytes(2), 'BLUE');
    reads(color, bytes(7), 'GREEN | BLUE | unknown: 0x4');
    const signed = enumeration('sign', { MINUS: -1n, PLUS: 1n }, true);
    reads(signed, bytes(-1), 'MINUS');
  });

  it('of enumerations of flags are names joined by |', () => {
    const flags = enumeration('flags', { NONE: 0n, A: 1n, B: 2n, OTHER_B: 2n, C: 4n });
    reads(flags, bytes(0), 'NONE');
    reads(flags, bytes(3), 'A | B');
    reads(flags, bytes(5), 'A | C');
    reads(flags, bytes(0x43), 'A | B | unknown: 0x40');
    reads(flags, bytes(0x40), 'unknown: 0x40');
    const numbers = enumeration('numbers', { ONE: 1n, TWO: 2n, THREE: 3n });
    reads(numbers, bytes(7), '7');
    reads(enumeration('masks', { ONE: 1n, MASK: 12n }), bytes(13), '13');
  });

  it('of pointers are hexadecimal', () => {
    reads(pointer(point), bytes(0x7ffe0010n), '0x7ffe0010');
    reads(pointer(types.void), bytes(0n), '0x0');
    const callback = pointer({ kind: 'function', byteSize: undefined, returns: types.int, parameters: [] });
    reads(callback, bytes(0x401136n), '0x401136');
  });

  it('of complex numbers have both parts', () => {
    reads(base('complex double', 16, 'complex'), bytes(Float64Array.of(1, -2.5)), '1 + -2.5i');
  });

  it('of structures have their members by name', () => {
    reads(point, bytes(1, -2), '{x = 1, y = -2}');
    const line = structure('line', 20, [
      member('from', point, 0),
      member('to', point, 8),
      member('width', types.float, 16),
    ]);
    reads(line, bytes(1, 2, 3, 4, Float32Array.of(0.5)), '{from = {x = 1, y = 2}, to = {x = 3, y = 4}, width = 0.5}');
    reads(structure('empty', 1, []), bytes('\0'), '{}');
  });

  it('of unions have all members; anonymous members and base classes are shown as what they are', () => {
    const either = structure('either', 4, [member('i', types.int, 0), member('f', types.float, 0)], 'union');
    reads(either, bytes(Float32Array.of(1)), '{i = 1065353216, f = 1}');
    const derived = structure('derived', 16, [
      member('point', point, 0, { inherited: true }),
      member(undefined, either, 8),
      member('z', types.int, 12),
    ]);
    reads(derived, bytes(1, 2, 0, 3), '{<point> = {x = 1, y = 2}, {i = 0, f = 0}, z = 3}');
  });

  it('of bit-fields are their bits', () => {
    const fields = structure('fields', 4, [
      member('a', types.int, 0, { bits: { offset: 0, size: 3 } }),
      member('b', types.unsigned, 0, { bits: { offset: 3, size: 5 } }),
      member('c', types.int, 0, { bits: { offset: 8, size: 24 } }),
    ]);
    reads(fields, bytes(0x1234_56ff), '{a = -1, b = 31, c = 1193046}');
    reads(fields, bytes(0x1234_56ff), '{a = 0x7, b = 0x1f, c = 0x123456}', 'hexadecimal');
  });

  it('of arrays are lists, equal elements counted', () => {
    reads(array(types.int, 3), bytes(1, 2, 3), '{1, 2, 3}');
    reads(array(types.int, 13), bytes(7, ...Array.from({ length: 12 }, () => 0)), '{7, 0 <repeats 12 times>}');
    reads(array(types.int, 3), bytes(1, 1, 1), '{1, 1, 1}');
    reads(array(types.int, 2, 2), bytes(1, 2, 3, 4), '{{1, 2}, {3, 4}}');
    reads(array(point, 2), bytes(1, 2, 3, 4), '{{x = 1, y = 2}, {x = 3, y = 4}}');
    const many = Int32Array.from({ length: 1000 }, (_, index) => index);
    assert.match(valueText(array(types.int, 1000), snapshot(bytes(many))), /^\{0, 1, .* 999\}$/);
  });

  it('of arrays of characters are texts up to the NUL', () => {
    reads(array(types.char, 8), bytes('abc\0\0xyz'), '"abc"');
    reads(array(types.char, 3), bytes('abc'), '"abc"');
    reads(array(types.char, 3), bytes('abc'), '{0x61, 0x62, 0x63}', 'hexadecimal');
    reads(array(typedef('uint8_t', types.unsignedChar), 3), bytes('abc'), '{97, 98, 99}');
    reads(array(typedef('uint8_t', types.unsignedChar), 3), bytes('abc'), '"abc"', 'string');
    reads(array(types.char, 3), bytes('abc'), 'abc', 'bare');
  });

  it('end where the captured bytes end', () => {
    reads(point, bytes(1), '{x = 1, ...}');
    reads(array(types.int, 5), bytes(1, 2), '{1, 2...}');
    reads(array(types.char, 9), bytes('abc'), '"abc"...');
    reads(types.int, new Uint8Array(), '...');
  });

  it('show why a part of them is missing', () => {
    const parts: Snapshot = snapshot(bytes(1, 0), { holes: [{ start: 4, end: 8, reason: '<optimized out>' }] });
    assert.equal(valueText(point, parts), '{x = 1, y = <optimized out>}');
  });

  it('show the texts that were collected with them', () => {
    const named = structure('named', 16, [member('id', types.int, 0), member('name', pointer(types.char), 8)]);
    const value = snapshot(bytes(1, 0, 0x5000n), { texts: [{ offset: 8, kind: 'terminated', text: '"bob"' }] });
    assert.equal(valueText(named, value), '{id = 1, name = 0x5000 "bob"}');
    const nothing = snapshot(bytes(1, 0, 0n), { texts: [{ offset: 8, kind: 'terminated', text: '<not readable>' }] });
    assert.equal(valueText(named, nothing), '{id = 1, name = 0x0}');
  });

  it('of types that are only declared say so', () => {
    reads(structure('opaque', undefined, []), bytes(), '<incomplete type>');
    reads(array(types.int, undefined), bytes(), '...');
  });

  it('nest only so deep', () => {
    let deep: Type = types.int;
    for (let level = 0; level < 12; level++) deep = structure('level', 4, [member('in', deep, 0)]);
    assert.equal(valueText(deep, snapshot(bytes(1))), `${'{in = '.repeat(8)}{...}${'}'.repeat(8)}`);
  });

  it('can be written in other notations', () => {
    const cases: [Style, string][] = [
      ['hexadecimal', '0xfffffffe'],
      ['decimal', '-2'],
      ['unsigned', '4294967294'],
      ['octal', '037777777776'],
      ['binary', `0b${'1'.repeat(31)}0`],
    ];
    for (const [style, text] of cases) reads(types.int, bytes(-2), text, style);
    reads(types.int, bytes(97), "97 'a'", 'character');
    reads(types.int, bytes(0), '0', 'octal');
    reads(types.double, bytes(Float64Array.of(1)), '0x3ff0000000000000', 'hexadecimal');
    reads(types.bool, bytes('\x01'), '1', 'decimal');
    reads(pointer(types.int), bytes(16n), '16', 'decimal');
    reads(point, bytes(10, 255), '{x = 0xa, y = 0xff}', 'hexadecimal');
  });
});
