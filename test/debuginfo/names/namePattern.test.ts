import assert from 'node:assert/strict';
import { isNamePattern, NamePattern } from '../../../src/debuginfo/names/namePattern';

describe('patterns of names', () => {
  const matching = (pattern: string, names: readonly string[]): string[] =>
    names.filter((name) => new NamePattern(pattern).matches(name));

  it('match any letters of one component, whole or from its start', () => {
    const names = ['PyList_Append', 'PyList_AppendTo', '_PyList_Append', 'ns::PyX_Append', 'PyList::x_Append'];
    assert.deepEqual(matching('Py*_Append', names), ['PyList_Append', 'ns::PyX_Append']);
    assert.deepEqual(matching('*_Append', names), [
      'PyList_Append',
      '_PyList_Append',
      'ns::PyX_Append',
      'PyList::x_Append',
    ]);
  });

  it('go beyond `::` only with `**`', () => {
    const names = ['ns::f', 'ns::Class::f', 'ns::Class::Inner::f', 'other::f', 'other::ns::f'];
    assert.deepEqual(matching('ns::*', names), ['ns::f', 'other::ns::f']);
    assert.deepEqual(matching('ns::*::f', names), ['ns::Class::f']);
    assert.deepEqual(matching('ns::**', names), ['ns::f', 'ns::Class::f', 'ns::Class::Inner::f', 'other::ns::f']);
    assert.deepEqual(matching('ns::**::f', names), ['ns::Class::f', 'ns::Class::Inner::f']);
  });

  it('mean all instances of a template, or the one that they name', () => {
    const names = ['Stack<int>::push', 'Stack<char*>::push', 'Stack<char*>::Iterator::next', 'max<char*>'];
    assert.deepEqual(matching('Stack::*', names), ['Stack<int>::push', 'Stack<char*>::push']);
    assert.deepEqual(matching('Stack<char*>::*', names), ['Stack<char*>::push']);
    assert.deepEqual(matching('ma*', names), ['max<char*>']);
  });

  it("leave Go's receivers and C++'s operators as they are", () => {
    const names = ['main.(*Server).handle', 'main.(Server).handle', 'main.(*Client).handle', 'main.main'];
    assert.deepEqual(matching('main.(*Server).*', names), ['main.(*Server).handle']);
    assert.deepEqual(matching('main.*', names), names);
    assert.equal(isNamePattern('Vector::operator*'), false);
    assert.deepEqual(matching('Vector::oper*', ['Vector::operator*', 'Vector::operator[]', 'Vector::push']), [
      'Vector::operator*',
      'Vector::operator[]',
    ]);
  });

  it('take letters that regular expressions mean otherwise as they are', () => {
    assert.deepEqual(matching('a.b*', ['a.bc', 'axbc']), ['a.bc']);
    assert.deepEqual(matching('{impl#0}::*', ['m::{impl#0}::fmt', 'm::{impl#1}::fmt']), ['m::{impl#0}::fmt']);
  });

  it('have a coarse form, which matches no less', () => {
    const cases: [string, string][] = [
      ['Py*_Append', 'Py*_Append'],
      ['ns::**', '*'],
      ['ns::**::f*', 'f*'],
      ['Stack<int>::p*', 'Stack::p*'],
      ['f*(int)', 'f*'],
    ];
    for (const [pattern, coarse] of cases) assert.equal(new NamePattern(pattern).coarse, coarse, pattern);
  });
});
