import assert from 'node:assert/strict';
import { sameType, spellings } from '../../../src/language/natvis/spellings';

describe('the spellings of a type', () => {
  it('are as it is written, as GCC writes it, and as Clang does', () => {
    assert.deepEqual(spellings('std::_Head_base<0, a<b<int *>>, false>'), [
      'std::_Head_base<0, a<b<int *>>, false>',
      'std::_Head_base<0, a<b<int*> >, false>',
      'std::_Head_base<0UL, a<b<int *> >, false>',
      'std::_Head_base<0UL, a<b<int *>>, false>',
    ]);
  });

  it("leave what is in an argument as the program has it, beside Clang's numbers", () => {
    const all = spellings("std::_Head_base<1, T<-1, 'c', (lambda at a/b.cc:3:14)>, false>");
    assert.equal(all.at(-1), "std::_Head_base<1UL, T<-1, 'c', (lambda at a/b.cc:3:14)>, false>");
  });

  it('keep words apart', () => {
    assert.equal(spellings('a<unsigned  int,char const (&)[2]>')[1], 'a<unsigned int, char const (&)[2]>');
  });

  it('mean the same type', () => {
    assert.ok(sameType('std::__1::a<0UL, int *>', 'std::a<0,int*>'));
    assert.ok(!sameType('a<unsigned int>', 'a<unsignedint>'));
    assert.ok(!sameType('a<1>', 'a<2>'));
  });
});
