/**
 * The variables that random expressions are made of: as C declares them, and as debug information would describe them.
 */
import { type Type, type Variable } from '../../../src/debuginfo/model/model';
import { array, at, base, enumeration, member, pointer, structure, types, variable } from '../scopes';

interface Declared {
  readonly name: string;
  readonly type: Type;
  /** C's declaration with its value. */
  readonly declaration: string;
}

const longLong = base('long long int', 8, 'signed');

const PACK = structure('pack', 24, [
  member('low', types.int, 0, { bits: { offset: 0, size: 3 } }),
  member('mid', types.unsigned, 0, { bits: { offset: 3, size: 7 } }),
  member('high', types.int, 0, { bits: { offset: 10, size: 22 } }),
  member('wide', types.unsignedLong, 8, { bits: { offset: 64, size: 37 } }),
  member('c', types.char, 13),
  member('s', types.short, 14),
  member('f', types.float, 16),
]);

/** The names of integers of every type, floats, arrays, pointers into them, and a structure with bit-fields. */
export const DECLARATIONS: readonly Declared[] = [
  { name: 'c', type: types.char, declaration: 'char c = -7;' },
  { name: 'sc', type: types.signedChar, declaration: 'signed char sc = 113;' },
  { name: 'uc', type: types.unsignedChar, declaration: 'unsigned char uc = 250;' },
  { name: 'b', type: types.bool, declaration: '_Bool b = 1;' },
  { name: 'sh', type: types.short, declaration: 'short sh = -32000;' },
  { name: 'ush', type: types.unsignedShort, declaration: 'unsigned short ush = 65000;' },
  { name: 'i', type: types.int, declaration: 'int i = -123456;' },
  { name: 'j', type: types.int, declaration: 'int j = 2147483647;' },
  { name: 'u', type: types.unsigned, declaration: 'unsigned u = 4000000000u;' },
  { name: 'l', type: types.long, declaration: 'long l = -9000000000000000001;' },
  { name: 'll', type: longLong, declaration: 'long long ll = 36028797018963971;' },
  { name: 'ul', type: types.unsignedLong, declaration: 'unsigned long ul = 18000000000000000001ul;' },
  {
    name: 'e',
    type: enumeration('color', { RED: 0n, GREEN: 1n, BLUE: 7n }),
    declaration: 'enum color { RED, GREEN, BLUE = 7 } e = BLUE;',
  },
  { name: 'f', type: types.float, declaration: 'float f = 0.1f;' },
  { name: 'g', type: types.float, declaration: 'float g = -3.5e10f;' },
  { name: 'd', type: types.double, declaration: 'double d = 2.718281828459045;' },
  { name: 'a', type: array(types.int, 8), declaration: 'int a[8] = { 3, -1, 4, -1, 5, -9, 2, -6 };' },
  {
    name: 'm',
    type: array(types.short, 4, 4),
    declaration: 'short m[4][4] = { { 1, 2, 3, 4 }, { 5, 6 }, { -7 }, { 8 } };',
  },
  { name: 'p', type: pointer(types.int), declaration: 'int *p = a + 2;' },
  { name: 'q', type: pointer(types.int), declaration: 'int *q = a + 4;' },
  {
    name: 's',
    type: PACK,
    declaration:
      'struct pack { int low : 3; unsigned mid : 7; int high : 22; unsigned long wide : 37; char c; short s; float f; } ' +
      "s = { -3, 100, -200000, 123456789012, 'x', -5, 2.5f };",
  },
  { name: 'ps', type: pointer(PACK), declaration: 'struct pack *ps = &s;' },
];

/** The same variables, at the addresses that a run of the program had them at. */
export function variablesAt(addresses: ReadonlyMap<string, bigint>): Variable[] {
  return DECLARATIONS.map(({ name, type }) => variable(name, type, at(addresses.get(name)!), 'global'));
}
