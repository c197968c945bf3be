/** How the psABI classes what is returned (System V ABI x86-64, §3.2.3): gcc and clang agree on each of these. */
import assert from 'node:assert/strict';
import { type BaseEncoding, type Member, type StructureType, type Type } from '../../../src/debuginfo/model/model';
import { base, DOUBLE, FLOAT, INT, LONG, VOID_POINTER } from '../../../src/language/typed/builtinTypes';
import { type Classes, classify } from '../../../src/language/typed/eightbytes';
import { systemVPlace } from '../../../src/language/typed/systemVResults';
import { arrayOf } from '../../../src/language/typed/types';

const CHAR = base('char', 1, 'character');
const LONG_DOUBLE = base('long double', 16, 'float');
const number = (name: string, size: number, encoding: BaseEncoding) => base(name, size, encoding);
const struct = (
  byteSize: number,
  members: readonly (readonly [Type, number])[],
  more: Partial<StructureType> = {},
): Type => ({
  kind: 'structure',
  name: 's',
  byteSize,
  language: 'c',
  members: members.map(([type, byteOffset]): Member => ({ name: 'm', type, byteOffset, inherited: false })),
  ...more,
});
const union = (byteSize: number, ...types: readonly Type[]) =>
  struct(
    byteSize,
    types.map((type) => [type, 0] as const),
    { kind: 'union' },
  );
const vector = (element: Type, count: number): Type => ({ ...arrayOf(element, count), isVector: true });

const I = 'integer';
const S = 'sse';
const P = 'ssePart';

const CASES: readonly (readonly [what: string, type: Type, classes: Classes])[] = [
  ['int', INT, [I]],
  ['pointer', VOID_POINTER, [I]],
  ['__int128', number('__int128', 16, 'signed'), [I, I]],
  ['float', FLOAT, [S]],
  ['_Complex float, packed into one', number('complex float', 8, 'complex'), [S]],
  ['_Complex double', number('complex double', 16, 'complex'), [S, S]],
  ['_Complex long double', number('complex long double', 32, 'complex'), ['complexX87', 'none', 'none', 'none']],
  ['long double', LONG_DOUBLE, ['x87', 'x87Part']],
  ['_Float128', number('_Float128', 16, 'float'), [S, P]],
  ['_Decimal128', number('_Decimal128', 16, 'decimal'), [S, P]],
  ['__m128', vector(FLOAT, 4), [S, P]],
  ['__m64', vector(INT, 2), [S]],
  ['__m256', vector(FLOAT, 8), [S, P, P, P]],
  [
    '{ int; float }: what is mixed is an integer',
    struct(8, [
      [INT, 0],
      [FLOAT, 4],
    ]),
    [I],
  ],
  [
    '{ double; int }',
    struct(16, [
      [DOUBLE, 0],
      [INT, 8],
    ]),
    [S, I],
  ],
  ['{ float[3] }', struct(12, [[arrayOf(FLOAT, 3), 0]]), [S, S]],
  ['{ char[9] }', struct(9, [[arrayOf(CHAR, 9), 0]]), [I, I]],
  ['{ long[3] }: more than 16 bytes', struct(24, [[arrayOf(LONG, 3), 0]]), 'memory'],
  [
    'packed { char; long }: a field that is not aligned',
    struct(9, [
      [CHAR, 0],
      [LONG, 1],
    ]),
    'memory',
  ],
  ['{ long double }', struct(16, [[LONG_DOUBLE, 0]]), ['x87', 'x87Part']],
  ['union { long double; long }: half of a long double', union(16, LONG_DOUBLE, LONG), 'memory'],
  ['union { float; int }', union(4, FLOAT, INT), [I]],
  ['union { double; float }', union(8, DOUBLE, FLOAT), [S]],
  [
    '{ { float }; { char } } in one eightbyte',
    struct(8, [
      [struct(4, [[FLOAT, 0]]), 0],
      [struct(1, [[CHAR, 0]]), 4],
    ]),
    [I],
  ],
  ['{ __m128 }', struct(16, [[vector(FLOAT, 4), 0]]), [S, P]],
  ['an empty class', struct(1, [], { language: 'c++', passedBy: 'value' }), ['none']],
  ['a class that must be copied', struct(4, [[INT, 0]], { language: 'c++', passedBy: 'reference' }), 'memory'],
  ['{ int; _Alignas(16) }: the rest is padding', struct(16, [[INT, 0]]), [I, 'none']],
  ['{ int a[0] }', struct(0, [[arrayOf(INT, 0), 0]]), ['none']],
  ['an incomplete type', { ...struct(4, []), byteSize: undefined } as Type, undefined],
];

describe('classes of eightbytes', () => {
  for (const [what, type, classes] of CASES) it(what, () => assert.deepEqual(classify(type), classes));

  it('bit-fields are integers, in each eightbyte that they touch', () => {
    const member = (offset: number, size: number): Member => ({
      name: 'b',
      type: LONG,
      byteOffset: 0,
      bits: { offset, size },
      inherited: false,
    });
    const type = { ...struct(16, []), members: [member(60, 40)] } as Type;
    assert.deepEqual(classify(type), [I, I]);
  });

  it('structures inside each other end, in hostile files too', () => {
    const endless = struct(8, []) as StructureType;
    Object.assign(endless, { members: [{ name: 'm', type: endless, byteOffset: 0, inherited: false }] });
    assert.equal(classify(endless), undefined);
  });
});

describe('places of what C and C++ return', () => {
  const RAX = { kind: 'register', register: 0 };
  const RDX = { kind: 'register', register: 1 };
  const XMM0 = { kind: 'register', register: 17 };
  const XMM1 = { kind: 'register', register: 18 };
  const inPieces = (...pieces: readonly (readonly [object, number])[]) => ({
    kind: 'pieces',
    pieces: pieces.map(([location, byteSize]) => ({ location, byteSize })),
  });

  it('are the next register of the class', () => {
    assert.deepEqual(systemVPlace(INT), RAX);
    assert.deepEqual(
      systemVPlace(
        struct(8, [
          [INT, 0],
          [INT, 4],
        ]),
      ),
      RAX,
    );
    assert.deepEqual(
      systemVPlace(
        struct(16, [
          [DOUBLE, 0],
          [LONG, 8],
        ]),
      ),
      inPieces([XMM0, 8], [RAX, 8]),
    );
    assert.deepEqual(
      systemVPlace(
        struct(16, [
          [LONG, 0],
          [DOUBLE, 8],
        ]),
      ),
      inPieces([RAX, 8], [XMM0, 8]),
    );
    assert.deepEqual(
      systemVPlace(
        struct(12, [
          [LONG, 0],
          [INT, 8],
        ]),
      ),
      inPieces([RAX, 8], [RDX, 4]),
    );
    assert.deepEqual(
      systemVPlace(
        struct(16, [
          [DOUBLE, 0],
          [DOUBLE, 8],
        ]),
      ),
      inPieces([XMM0, 8], [XMM1, 8]),
    );
    assert.deepEqual(systemVPlace(vector(FLOAT, 4)), XMM0);
  });

  it('are in memory that rax points to', () => {
    const memory = { kind: 'memory', address: [{ op: 'register', register: 0 }] };
    assert.deepEqual(systemVPlace(struct(24, [[arrayOf(LONG, 3), 0]])), memory);
    assert.deepEqual(systemVPlace(struct(4, [[INT, 0]], { language: 'c++', passedBy: 'reference' })), memory);
  });

  it('are not there where the agent does not read, or nothing tells', () => {
    for (const type of [LONG_DOUBLE, vector(FLOAT, 8), struct(4, [[INT, 0]], { language: 'c++' })])
      assert.equal(systemVPlace(type).kind, 'unavailable');
  });
});
