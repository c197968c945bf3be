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

  it('keep words apart', () => {
    assert.equal(spellings('a<unsigned  int,char const (&)[2]>')[1], 'a<unsigned int, char const (&)[2]>');
  });

  it('mean the same type', () => {
    assert.ok(sameType('std::__1::a<0UL, int *>', 'std::a<0,int*>'));
    assert.ok(!sameType('a<unsigned int>', 'a<unsignedint>'));
    assert.ok(!sameType('a<1>', 'a<2>'));
  });
});
