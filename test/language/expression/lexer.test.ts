import assert from 'node:assert/strict';
import { type Token, tokenAt } from '../../../src/language/expression/lexer';
import { refusal } from '../errors';

function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; ; at = found.at(-1)!.range.end) {
    found.push(tokenAt(text, at));
    if (found.at(-1)!.kind === 'end') return found.slice(0, -1);
  }
}

function one<K extends Token['kind']>(text: string, kind: K): Extract<Token, { kind: K }> {
  const [token, ...rest] = tokens(text);
  assert.equal(token?.kind, kind);
  assert.deepEqual(rest, []);
  return token as Extract<Token, { kind: K }>;
}

describe('the lexer', () => {
  it('cuts an expression into tokens with their ranges', () => {
    assert.deepEqual(
      tokens(' a->b >>=1').map(({ kind, text, range }) => [kind, text, range.start, range.end]),
      [
        ['name', 'a', 1, 2],
        ['punctuator', '->', 2, 4],
        ['name', 'b', 4, 5],
        ['punctuator', '>>=', 6, 9],
        ['integer', '1', 9, 10],
      ],
    );
  });

  it('reads qualified names, and any letters in them, as one name', () => {
    for (const name of ['x', '_x1', 'std::vec::Vec', '::global', 'ns::~Type', 'größe', '变量']) one(name, 'name');
    assert.deepEqual(
      tokens('a ?b :c').map(({ text }) => text),
      ['a', '?', 'b', ':', 'c'],
    );
  });

  it('reads registers with their $', () => {
    assert.equal(one('$rdi', 'register').text, '$rdi');
    assert.equal(one('$xmm0', 'register').text, '$xmm0');
  });

  it('reads integers in all bases of C, with suffixes', () => {
    const cases: [string, bigint, { decimal?: boolean; unsigned?: boolean; long?: boolean }][] = [
      ['0', 0n, {}],
      ['42', 42n, { decimal: true }],
      ['0x2A', 42n, {}],
      ['0b101', 5n, {}],
      ['017', 15n, {}],
      ['42u', 42n, { decimal: true, unsigned: true }],
      ['42ULL', 42n, { decimal: true, unsigned: true, long: true }],
      ['0xffffffffffffffffl', (1n << 64n) - 1n, { long: true }],
    ];
    for (const [text, value, flags] of cases) {
      const token = one(text, 'integer');
      const { decimal = false, unsigned = false, long = false } = flags;
      assert.deepEqual(
        [token.value, token.decimal, token.unsigned, token.long],
        [value, decimal, unsigned, long],
        text,
      );
    }
  });

  it('reads floating-point numbers; `f` makes them single', () => {
    for (const [text, value] of [
      ['1.5', 1.5],
      ['.5', 0.5],
      ['1.', 1],
      ['1e3', 1000],
      ['1.25e-2', 0.0125],
    ] as const) {
      const token = one(text, 'float');
      assert.equal(token.value, value);
      assert.equal(token.single, false);
    }
    assert.equal(one('0.1f', 'float').value, Math.fround(0.1));
    assert.equal(one('0.1F', 'float').single, true);
  });

  it('does not take a hexadecimal digit e for an exponent', () => {
    assert.deepEqual(
      tokens('0x1e+1').map(({ text }) => text),
      ['0x1e', '+', '1'],
    );
  });

  it('reads characters and texts with the escapes of C', () => {
    const characters = {
      "'a'": 97,
      "'\\n'": 10,
      "'\\''": 39,
      "'\\0'": 0,
      "'\\x41'": 65,
      "'\\101'": 65,
      "'ä'": 0xe4,
      "'😀'": 0x1f600,
    };
    for (const [text, value] of Object.entries(characters)) assert.equal(one(text, 'character').value, value, text);
    assert.equal(one('"a\\"b}"', 'string').value, 'a"b}');
    assert.equal(one("'\\u{1f600}'", 'character').value, 0x1f600);
  });

  it('refuses what is no token', () => {
    const cases: [string, RegExp, string][] = [
      ['12abc', /not a number/, '12abc'],
      ['08', /not a number/, '08'],
      ['1.2.3', /not a number/, '1.2.3'],
      ['0x1ffffffffffffffff', /64 bits/, '0x1ffffffffffffffff'],
      ["'a", /no closing/, "'"],
      ["'ab'", /not one character/, "'ab'"],
      ["'\\q'", /not an escape/, "'\\q'"],
      ['"abc', /no closing/, '"'],
      ['"\\xff"', /UTF-8/, '"\\xff"'],
      ['§', /no meaning/, '§'],
      ['$', /no meaning/, '$'],
    ];
    for (const [text, message, at] of cases) refusal(() => tokens(text), text, 'syntax', message, at);
  });
});
