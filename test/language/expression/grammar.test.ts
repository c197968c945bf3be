/** The same characters in the trees that each language makes of them, and what only some languages have. */
import assert from 'node:assert/strict';
import { type SourceLanguage } from '../../../src/debuginfo/model/model';
import { parseExpression } from '../../../src/language/expression/parser';
import { refusal } from '../errors';
import { lisp } from './lisp';

function reads(language: SourceLanguage, text: string, expected: string): void {
  const isType = (name: string) => ['Celsius', 'unsafe.Pointer', 'Item'].includes(name);
  const isTemplate = (name: string) => name.startsWith('Table<');
  assert.equal(lisp(parseExpression(text, { language, isType, isTemplate })), expected, text);
}

describe('grammars', () => {
  it('bind operators as the language does', () => {
    reads('c', 'a & b == c', '(& a (== b c))');
    reads('rust', 'a & b == c', '(== (& a b) c)');
    reads('go', 'a & b == c', '(== (& a b) c)');
    reads('go', 'a + b << c', '(+ a (<< b c))');
    reads('rust', 'a + b << c', '(<< (+ a b) c)');
    reads('go', 'a &^ b | c', '(| (&^ a b) c)');
    reads('c', 'a[0]@n + 1', '(@ ([] a 0) (+ n 1))');
  });

  it('read conversions as the language writes them', () => {
    reads('rust', '-x as u8 + 1', '(+ (cast <u8> (- x)) 1)');
    reads('rust', 'p as *const Item as usize', '(cast <usize> (cast <Item*> p))');
    reads('go', 'Celsius(x) + 1', '(+ (cast <Celsius> x) 1)');
    reads('go', '(*Item)(unsafe.Pointer(p))', '(cast <Item*> (cast <unsafe.Pointer> p))');
    reads('c++', 'static_cast<const Item *>(p)->x', '(. (cast <Item*> p) x)');
    reads('c++', 'static_cast<Item &>(i).x', '(. (cast <Item&> i) x)');
    reads('c++', 'int(x) / 2', '(/ (cast <int> x) 2)');
  });

  it('read what only some languages have', () => {
    reads('rust', 'a.0.1', '(. (. a 0) 1)');
    reads('rust', 'v[1..3]', '([] v 1..3)');
    reads('rust', 'v[..=n]', '([] v ..=n)');
    reads('rust', 's.x.len()', '(len (. s x))');
    reads('go', 's[1:n+1]', '([] s 1..(+ n 1))');
    reads('go', 'i.(*main.Dog).Age', '(. (is i <*main.Dog>) Age)');
    reads('go', 'cap(s) - len(s)', '(- (cap s) (len s))');
    reads('c++', 'Table<int, 3>::count < n', '(< Table<int, 3>::count n)');
    reads('c++', 'a < b', '(< a b)');
    reads('c++', 'draw(int, char *)', '(draw <int> <char*>)');
    reads('c', "'my file.c'::count", "'my file.c'::count");
    reads('c', '$bt(8)', '(bt 8)');
  });

  it('say where they are wrong', () => {
    const cases: [SourceLanguage, string, RegExp, string][] = [
      ['c', 'x as u8', /expected an operator/, 'as'],
      ['c', 'f(x)', /can't call functions/, '('],
      ['go', 'f(x)', /can't call functions/, '('],
      ['rust', 'v.push(x)', /can't call functions/, '('],
      ['rust', '~x', /expected an expression/, '~'],
      ['rust', 'x as', /expected a type/, ''],
      ['rust', 'x as *u8', /expected `const` or `mut`/, 'u8'],
      ['go', 'i.(', /a `\(` has no `\)`/, '('],
      ['go', 'i.()', /expected a type/, '()'],
      ['c', 'a[]', /expected an expression/, ']'],
      ['go', 's[1:2', /expected `\]`/, ''],
      ['c++', 'static_cast<int(x)', /expected `>`/, '('],
      ['c', '$bt(0)', /from 1 to 256/, '0'],
    ];
    for (const [language, text, message, at] of cases) {
      refusal(() => parseExpression(text, { language }), text, 'syntax', message, at);
    }
  });

  it('are all one before the program is known', () => {
    for (const text of ['x as u8', 'Celsius(x)', '^x &^ y', 'v[1..3]', 'i.(T).x', 'Table<int>::count', 's[1:2]']) {
      parseExpression(text, { isOpen: true });
    }
  });
});
