import assert from 'node:assert/strict';
import { bareLocationEnd, formatLocation, parseLocation } from '../../../src/language/probes/location';
import { refusal } from '../errors';

describe('probe locations', () => {
  it('are lines of files', () => {
    assert.deepEqual(parseLocation('server.c:42'), { kind: 'line', file: 'server.c', line: 42 });
    assert.deepEqual(parseLocation('/src/a b.rs:7'), { kind: 'line', file: '/src/a b.rs', line: 7 });
  });

  it('are functions, as C++, Rust and Go name them', () => {
    const names = [
      'main',
      'ns::Stack<int, 4>::push',
      'ns::operator==',
      'operator<',
      'operator new[]',
      'Foo::operator()',
      'Foo::operator bool',
      'Foo::operator!=',
      'f(int, char const*)',
      '<alloc::vec::Vec<T> as core::ops::Drop>::drop',
      '<fn() -> T as X>::call',
      'main::{{closure}}',
      'main.(*Server).handle',
      '(*T).m',
      'std::literals::operator""s',
    ];
    for (const name of names) assert.deepEqual(parseLocation(name), { kind: 'function', name }, name);
  });

  it('are addresses', () => {
    assert.deepEqual(parseLocation('*0x401136'), { kind: 'address', address: 0x401136n });
  });

  it('are offsets from the entry of a function in a module', () => {
    const libc = { kind: 'offset', module: 'libc.so.6', function: 'malloc' };
    assert.deepEqual(parseLocation('libc.so.6!malloc+0x1f'), { ...libc, offset: 0x1f });
    assert.deepEqual(parseLocation('libc.so.6!malloc+4'), { ...libc, offset: 4 });
    assert.deepEqual(parseLocation('libc.so.6!malloc'), { kind: 'function', name: 'malloc', module: 'libc.so.6' });
    assert.deepEqual(parseLocation('a.out!ns::operator!=+0x4'), {
      kind: 'offset',
      module: 'a.out',
      function: 'ns::operator!=',
      offset: 4,
    });
  });

  it('are patterns of functions where a `*` stands for other letters', () => {
    const patterns = ['Py*_Append', '*_append', 'Class::*', 'ns::**', '*', 'main.(*Server).*', 'S<char*>::*', 'a::op*'];
    for (const pattern of patterns) assert.deepEqual(parseLocation(pattern), { kind: 'functions', pattern }, pattern);
    assert.deepEqual(parseLocation('libssl!SSL_*'), { kind: 'functions', pattern: 'SSL_*', module: 'libssl' });
    assert.deepEqual(parseLocation('lib*!malloc'), { kind: 'functions', pattern: 'malloc', module: 'lib*' });
  });

  it('are functions where a `*` is a part of the name', () => {
    const names = [
      'operator*',
      'ns::Vector::operator*',
      'operator*=',
      'operator->*',
      'Foo::operator char *',
      'f(char*)',
      'max<char*>',
      '<*const T as X>::f',
      'main.(*Server).handle',
    ];
    for (const name of names) assert.deepEqual(parseLocation(name), { kind: 'function', name }, name);
  });

  it('are all lines of files', () => {
    for (const file of ['server.c', 'src/*.c', '/src/a b.rs']) {
      assert.deepEqual(parseLocation(`${file}:*`), { kind: 'lines', file });
    }
  });

  it('refuse what is none, and say what is', () => {
    const cases: [string, RegExp][] = [
      ['', /expected a location/],
      ['*0main', /hexadecimal address/],
      ['*0xfffffffffffffffff', /hexadecimal address/],
      ['a.c:12:5', /can't have a column/],
      ['a.c:0', /no line 0/],
      ['42', /is not a location/],
      ['*.c:12', /a pattern of files needs all their lines/],
      ['libc!mem*+0x4', /an offset needs one function/],
      ['lib*!memcpy+4', /an offset needs one function/],
    ];
    for (const [text, message] of cases) refusal(() => parseLocation(text), text, 'syntax', message, text);
    assert.match(
      refusal(() => parseLocation('42'), '42', 'syntax', /is not a location/).advice!,
      /FILE:LINE, FUNCTION/,
    );
  });

  it('reach to the next space that is in no brackets', () => {
    const cases: [string, string][] = [
      ['main if x', 'main'],
      ['S<int, 3>::f "m"', 'S<int, 3>::f'],
      ['f(int, char) if', 'f(int, char)'],
      ['operator new[] if', 'operator new[]'],
      ['operator<< if', 'operator<<'],
      ['operator< <int> if', 'operator<'],
      ['Foo::operator() if', 'Foo::operator()'],
      ['<A as B>::f', '<A as B>::f'],
      ['myoperator < 3', 'myoperator'],
    ];
    for (const [text, location] of cases) assert.equal(text.slice(0, bareLocationEnd(text, 0)), location);
    refusal(() => bareLocationEnd('S<int if x', 0), 'S<int if x', 'syntax', /not closed/, '<');
  });

  it('are written back as they are read', () => {
    for (const text of ['a.c:3', 'ns::f<int>', '*0x401136', 'libc.so.6!malloc+0x4', 'a.c:*', 'libssl!SSL_*']) {
      assert.equal(formatLocation(parseLocation(text)), text);
    }
  });
});
