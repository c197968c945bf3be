/** What C++, Rust and Go programs have that C's do not. */
import assert from 'node:assert/strict';
import { type Type } from '../../src/debuginfo/model/model';
import { compileProbe } from '../../src/language/compileProbe';
import { memoryOf, runCapture } from './agentInterpreter';
import { refusal } from './errors';
import {
  at,
  base,
  enumeration,
  inRegister,
  member,
  pointer,
  reference,
  type ScopeParts,
  scopeOf,
  structure,
  types,
  variable,
} from './scopes';

const point = structure('Point', 8, [member('x', types.int, 0), member('y', types.int, 4)], 'class', 'c++');
const circle = structure(
  'Circle',
  16,
  [member('Point', point, 0, { inherited: true }), member('radius', types.int, 8)],
  'class',
  'c++',
);

const memory = memoryOf({
  '4096': new Uint8Array(Int32Array.of(3, 4, 5, 0).buffer),
  '8192': Buffer.from('héllo, world'),
  '12288': new Uint8Array(BigUint64Array.of(8192n, 6n, 0n, 0n).buffer),
});

function says(message: string, parts: ScopeParts): string {
  const { agent, render } = compileProbe({ kind: 'log', message }, scopeOf(parts), 0n);
  const captures = agent.captures.map((operations) =>
    runCapture(operations, { registers: { rdi: 4096n, rsi: 4096n }, byteAt: memory }),
  );
  return render(captures, { pid: 1, tid: 1, threadName: '', timeNs: 1_700_000_000_000_000_000n, ordinal: 7 });
}

describe('C++', () => {
  const parts: ScopeParts = {
    language: 'c++',
    variables: [
      variable('this', pointer(circle), inRegister(5), 'parameter'),
      variable('other', reference(circle), inRegister(4), 'parameter'),
    ],
    types: { Color: enumeration('Color', { red: 1n, blue: 2n }), 'Box<Circle>': circle },
  };

  it('has the members of `this` as names, those of base classes too', () => {
    assert.equal(says('{radius} {x} {this->y}', parts), '5 3 4');
    refusal(() => says('{z}', parts), '{z}', 'unknown-name', /no `z` here/, 'z');
  });

  it('has references that are what they refer to', () => {
    assert.equal(says('{other.radius} {other} {&other}', parts), '5 {<Point> = {x = 3, y = 4}, radius = 5} 0x1000');
  });

  it('has enumerators with the name of their enumeration', () => {
    assert.equal(says('{Color::blue} {Color::blue + 1}', parts), 'blue 3');
  });

  it('has templates in casts', () => {
    assert.equal(says('{((Box<Circle> *)$rdi)->radius}', parts), '5');
  });
});

describe('Go', () => {
  const string = structure(
    'string',
    16,
    [member('str', pointer(types.unsignedChar), 0), member('len', types.long, 8)],
    'structure',
    'go',
  );
  const parts: ScopeParts = {
    language: 'go',
    types: { int: base('int', 8, 'signed') },
    variables: [
      variable('s', string, at(12288n)),
      variable('main.counter', types.int, at(4096n), 'global'),
      variable(
        'pair',
        structure('pair', 32, [member('a', string, 0), member('b', string, 16)], 'structure', 'go'),
        at(12288n),
      ),
    ],
  };

  it('has texts with a length', () => {
    assert.equal(says('{s} {s,sb}', parts), '"héllo" héllo');
    assert.equal(says('{pair}', parts), '{a = "héllo", b = ""}');
  });

  it('has variables of packages', () => {
    assert.equal(says('{main.counter} {main.counter + 1}', parts), '3 4');
  });

  it('has an int of its own', () => {
    assert.equal(says('{sizeof(int)}', parts), '8');
    assert.equal(says('{sizeof(int)}', { ...parts, types: {} }), '8');
  });
});

describe('Rust', () => {
  it('has texts with a length', () => {
    const members = [member('data_ptr', pointer(types.unsignedChar), 0), member('length', types.unsignedLong, 8)];
    const str = structure('&str', 16, members, 'structure', 'rust');
    assert.equal(says('{s}', { language: 'rust', variables: [variable('s', str, at(12288n))] }), '"héllo"');
  });
});

describe('C', () => {
  it('computes with bit-precise integers', () => {
    const precise = (encoding: 'signed' | 'unsigned', byteSize: number, bitSize: number): Type => ({
      kind: 'base',
      name: `_BitInt(${bitSize})`,
      language: 'c',
      byteSize,
      encoding,
      bitSize,
    });
    // 0x4_0000_0003: of 34 bits, only the 3 counts.
    const variables = [
      variable('n', precise('signed', 8, 34), at(4096n)),
      variable('u', precise('unsigned', 8, 34), at(4096n)),
      variable('small', precise('signed', 1, 2), at(4096n)),
    ];
    assert.equal(says('{n} {n + 1} {u - 4 < 0} {small} {small + 1} {sizeof n}', { variables }), '3 4 0 -1 0 8');
  });

  it('has structures that are named as texts of other languages, and are none', () => {
    const members = [member('str', pointer(types.unsignedChar), 0), member('len', types.long, 8)];
    const string = structure('string', 16, members);
    assert.match(says('{s}', { variables: [variable('s', string, at(12288n))] }), /^\{str = 0x2000 .*, len = 6\}$/);
  });
});
