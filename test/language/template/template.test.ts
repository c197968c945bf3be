import assert from 'node:assert/strict';
import { parseTemplate } from '../../../src/language/template/template';
import { refusal } from '../errors';
import { lisp } from '../expression/lisp';

/** Texts as they are, values as `<tree style [count]>`. */
function parts(message: string): string[] {
  return parseTemplate(message).map((part) => {
    if (part.kind === 'text') return part.text;
    const { style, count } = part.format;
    return `<${[lisp(part.expression), style, count && `[${lisp(count)}]`].filter(Boolean).join(' ')}>`;
  });
}

describe('log messages', () => {
  it('are texts with expressions in braces', () => {
    assert.deepEqual(parts('x is {x}, y is { p->y + 1 }.'), ['x is ', '<x>', ', y is ', '<(+ (. p y) 1)>', '.']);
    assert.deepEqual(parts('{a}{b}'), ['<a>', '<b>']);
    assert.deepEqual(parts(''), []);
  });

  it('may hold braces as text', () => {
    assert.deepEqual(parts('\\{x\\} {{y}} }'), ['{x} {y} }']);
    assert.deepEqual(parts('{a}}}'), ['<a>', '}']);
    assert.deepEqual(parts('\\\\{a}'), ['\\', '<a>']);
    assert.deepEqual(parts('C:\\new'), ['C:\\new']);
  });

  it('leave braces in characters and texts to the expression', () => {
    assert.deepEqual(parts("{c == '}'}"), [`<(== c ${'}'.charCodeAt(0)})>`]);
    assert.deepEqual(parts('{s == "}"}'), ['<(== s "}")>']);
  });

  it('take formats behind a comma', () => {
    assert.deepEqual(parts('{x,x} {x,d} {x,b} {x,c} {p,s} {p,sb} {x,o} {x,u}'), [
      '<x hexadecimal>',
      ' ',
      '<x decimal>',
      ' ',
      '<x binary>',
      ' ',
      '<x character>',
      ' ',
      '<p string>',
      ' ',
      '<p bare>',
      ' ',
      '<x octal>',
      ' ',
      '<x unsigned>',
    ]);
    assert.deepEqual(parts('{p,5} {p,[n + 1]} {p,[4],x} {p,x,4}'), [
      '<p [5]>',
      ' ',
      '<p [(+ n 1)]>',
      ' ',
      '<p hexadecimal [4]>',
      ' ',
      '<p hexadecimal [4]>',
    ]);
  });

  it('say where they are wrong', () => {
    const cases: [string, RegExp, string][] = [
      ['a {', /expected an expression/, ''],
      ['a {}', /between the braces/, '{}'],
      ['a {x', /no `}`/, '{'],
      ['a {x y}', /expected `}` or an operator, found `y`/, 'y'],
      ['a {x,}', /expected a format/, '}'],
      ['a {x,q}', /expected a format \(x, h/, 'q'],
      ['a {x,x,d}', /only one format/, 'd'],
      ['a {x,1,2}', /one number of elements/, '2'],
      ['a {x,[1}', /expected `\]`/, '}'],
    ];
    for (const [message, pattern, at] of cases) refusal(() => parseTemplate(message), message, 'syntax', pattern, at);
  });
});
