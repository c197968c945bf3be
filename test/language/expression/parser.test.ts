import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Expression } from '../../../src/language/expression/ast';
import { parseExpression, parseExpressionAt } from '../../../src/language/expression/parser';
import { refusal } from '../errors';
import { lisp } from './lisp';

function reads(text: string, expected: string, isType?: (name: string) => boolean): void {
  assert.equal(lisp(parseExpression(text, isType && { isType })), expected, text);
}

describe('the expression parser', () => {
  it('binds operators as C does', () => {
    reads('a + b * c - d', '(- (+ a (* b c)) d)');
    reads('a - b - c', '(- (- a b) c)');
    reads('a << 1 + b < c == d & e ^ f | g && h || i', '(|| (&& (| (^ (& (== (< (<< a (+ 1 b)) c) d) e) f) g) h) i)');
    reads('-a * !b', '(* (- a) (! b))');
    reads('*p->x[1].y', '(* (. ([] (. p x) 1) y))');
    reads('&a[0] == &*p', '(== (& ([] a 0)) (& (* p)))');
    reads('a ? b : c ? d : e', '(? a b (? c d e))');
    reads('a ? b ? c : d : e', '(? a (? b c d) e)');
    reads('(a + b) * c', '(* (+ a b) c)');
  });

  it('takes `.` and `->` for the same', () => {
    reads('p->a.b', '(. (. p a) b)');
    reads('p.a->b', '(. (. p a) b)');
  });

  it('knows casts by the look of their types', () => {
    reads('(int)x', '(cast <int> x)');
    reads('(unsigned long int)-x', '(cast <unsigned long int> (- x))');
    reads('(struct item *)p', '(cast <struct item*> p)');
    reads('(const struct item *const *)p', '(cast <struct item**> p)');
    reads('(Foo *)p', '(cast <Foo*> p)');
    reads('(ns::Vec<int, char> *)p', '(cast <ns::Vec<int, char>*> p)');
    reads('((Foo *)p)->x', '(. (cast <Foo*> p) x)');
    reads('(Foo *)p->x', '(cast <Foo*> (. p x))');
  });

  it('reads `(name) operand` as a cast where nothing else is possible', () => {
    reads('(size_t)x', '(cast <size_t> x)');
    reads('(size_t)(x)', '(cast <size_t> x)');
    reads('(size_t)~x', '(cast <size_t> (~ x))');
    reads('(a)', 'a');
    reads('(a) == b', '(== a b)');
    reads('(a[1])', '([] a 1)');
    reads('(a < b)', '(< a b)');
  });

  it('asks whether a name is a type where both are possible', () => {
    reads('(name) - x', '(- name x)');
    reads('(name) - x', '(cast <name> (- x))', (name) => name === 'name');
    reads('(name) * x', '(cast <name> (* x))', (name) => name === 'name');
    reads('(other) * x', '(* other x)', (name) => name === 'name');
  });

  it('reads sizeof of types and of values', () => {
    reads('sizeof(int)', '(sizeof <int>)');
    reads('sizeof(struct item *)', '(sizeof <struct item*>)');
    reads('sizeof(int [4])', '(sizeof <int[4]>)');
    reads('sizeof x', '(sizeof x)');
    reads('sizeof(x)', '(sizeof x)');
    reads('sizeof x->y + 1', '(+ (sizeof (. x y)) 1)');
  });

  it('gives every node the range of its characters', () => {
    const text = ' (a + b->c) * -d';
    const covered = new Map<string, string>();
    visit(parseExpression(text), (node) => covered.set(lisp(node), text.slice(node.range.start, node.range.end)));
    assert.deepEqual(Object.fromEntries(covered), {
      '(* (+ a (. b c)) (- d))': '(a + b->c) * -d',
      '(+ a (. b c))': '(a + b->c)',
      a: 'a',
      '(. b c)': 'b->c',
      b: 'b',
      '(- d)': '-d',
      d: 'd',
    });
  });

  it('says what it expected, and where', () => {
    const cases: [string, RegExp, string][] = [
      ['', /expected an expression, found the end/, ''],
      ['a +', /expected an expression, found the end/, ''],
      ['a + * ', /expected an expression, found the end/, ''],
      ['(a', /expected `\)`, found the end/, ''],
      ['a b', /expected an operator, found `b`/, 'b'],
      ['a[1', /expected `\]`/, ''],
      ['a.1', /expected the name of a member/, '1'],
      ['a->', /expected the name of a member/, ''],
      ['a ? b', /expected `:`/, ''],
      ['(int x', /expected `\)` after the type, found `x`/, 'x'],
      ['(struct)x', /expected the name of the struct/, ')'],
      ['a)', /expected an operator, found `\)`/, ')'],
    ];
    for (const [text, message, at] of cases) refusal(() => parseExpression(text), text, 'syntax', message, at);
  });

  it('refuses what would change the program', () => {
    for (const [text, at] of [
      ['a = 1', '='],
      ['a++', '++'],
      ['--a', '--'],
      ['a[b += 1]', '+='],
      ['f(x)', '('],
    ] as const) {
      refusal(() => parseExpression(text), text, 'syntax', /change|call/, at);
    }
    assert.equal(refusal(() => parseExpression('a = 1'), 'a = 1', 'syntax', /=/).advice, 'Write `==` to compare.');
  });

  it('bounds depth and length', () => {
    const deep = `${'('.repeat(1000)}a${')'.repeat(1000)}`;
    refusal(() => parseExpression(deep), deep, 'syntax', /too deeply/);
    const stars = `${'*'.repeat(1000)}a`;
    refusal(() => parseExpression(stars), stars, 'syntax', /too deeply/);
    const long = Array.from({ length: 1000 }, () => 'a').join('+');
    refusal(() => parseExpression(long), long, 'syntax', /too long/);
  });

  it('stops where the expression ends, for texts that hold more', () => {
    assert.equal(parseExpressionAt('{a + b} }§', 1).next.range.start, 6);
    const { expression, next } = parseExpressionAt('(a) hits > 3', 0, { terminator: 'hits' });
    assert.equal(lisp(expression), 'a');
    assert.equal(next.text, 'hits');
  });

  it('never throws anything but a syntax error', () => {
    const fragment = fc.constantFrom(
      ...[
        'a',
        'int',
        'struct',
        '(',
        ')',
        '[',
        ']',
        '*',
        '-',
        '&',
        '->',
        '.',
        '?',
        ':',
        '<',
        '>',
        '1',
        "'",
        '"',
        ',',
        '{',
        'sizeof',
        ' ',
        '$r',
        '=',
      ],
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        try {
          parseExpression(fragments.join(''));
        } catch (thrown) {
          assert.equal((thrown as { code?: string }).code, 'syntax', String(thrown));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function visit(node: Expression, see: (node: Expression) => void): void {
  see(node);
  for (const value of Object.values(node) as unknown[]) {
    if (typeof value === 'object' && value !== null && 'kind' in value) visit(value as Expression, see);
  }
}
