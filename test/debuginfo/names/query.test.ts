import assert from 'node:assert/strict';
import { readableName } from '../../../src/debuginfo/elf/readableName';
import {
  lastComponent,
  matchesName,
  withoutParameters,
  withoutTemplateArguments,
} from '../../../src/debuginfo/names/query';
import { mostSimilar } from '../../../src/debuginfo/names/similarity';
import { commonSuffixLength, isPathSuffix } from '../../../src/debuginfo/names/sourcePath';

describe('names that a user types', () => {
  it('match a qualified name as a whole or from the start of a component', () => {
    for (const query of ['parse', 'Parser::parse', 'text::Parser::parse']) {
      assert.ok(matchesName('text::Parser::parse', query), query);
    }
    for (const query of ['arse', 'ext::Parser::parse', 'Parser', '']) {
      assert.ok(!matchesName('text::Parser::parse', query), query);
    }
  });

  it('may leave template arguments out', () => {
    assert.ok(matchesName('Map<int, std::vector<char> >::find<long>', 'Map::find'));
    assert.ok(matchesName('Map<int, std::vector<char> >::find<long>', 'find'));
    assert.equal(withoutTemplateArguments('Map<int, std::vector<char> >::find<long>'), 'Map::find');
    assert.equal(withoutTemplateArguments('call<fn(&str) -> Result<usize>, u8>::once'), 'call::once');
    assert.equal(withoutTemplateArguments('Number::operator<'), 'Number::operator<');
    assert.equal(withoutTemplateArguments('Handle::operator->'), 'Handle::operator->');
  });

  it("match Go's names from the package or the receiver on", () => {
    for (const query of ['Handle', '(*Server).Handle', 'main.(*Server).Handle']) {
      assert.ok(matchesName('main.(*Server).Handle', query), query);
    }
  });

  it('may carry the parameter list along', () => {
    assert.equal(withoutParameters('Square::area(int) const'), 'Square::area');
    assert.equal(withoutParameters('main.(*Server).Handle'), 'main.(*Server).Handle');
    assert.equal(withoutParameters('Adder::operator()'), 'Adder::operator()');
  });

  it('end in what debug information calls the thing', () => {
    assert.equal(lastComponent('text::Parser::parse'), 'parse');
    assert.equal(lastComponent('Map<a::b>::find'), 'find');
    assert.equal(lastComponent('main.(*Server).Handle'), 'main.(*Server).Handle');
  });
});

describe('mangled symbols', () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    main: undefined,
    _ZN4shop6Square4areaEi: 'shop::Square::area',
    _ZNK4shop6Square4areaEi: 'shop::Square::area',
    _ZN4shop6SquareC2Ed: 'shop::Square::Square',
    _ZN4shop6SquareD0Ev: 'shop::Square::~Square',
    _Z5twicei: 'twice',
    _ZL6helperv: 'helper',
    _ZNSt6thread4joinEv: 'std::thread::join',
    _ZN4core3fmt5write17h0123456789abcdefE: 'core::fmt::write',
    '_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE':
      '<alloc::string::String as core::fmt::Debug>::fmt',
    // Templates, operators and nonsense stay as they are.
    _ZN4shop7maximumIiEET_S1_S1_: undefined,
    _ZN4shop99cut: undefined,
    _Z: undefined,
  };
  for (const [symbol, expected] of Object.entries(cases)) {
    it(`${symbol} reads ${expected ?? 'as it is'}`, () => assert.equal(readableName(symbol), expected));
  }
});

describe('similar names', () => {
  it('differ in few letters, nearest first', () => {
    assert.deepEqual(mostSimilar('PyList_Apend', ['PyList_Append', 'PyList_AppendX', 'PyDict_New']), [
      'PyList_Append',
      'PyList_AppendX',
    ]);
    assert.deepEqual(mostSimilar('COUNTER', ['counter', 'conter']), ['counter', 'conter']);
    assert.deepEqual(mostSimilar('ab', ['ba', 'xyz']), ['ba']);
    assert.deepEqual(mostSimilar('name', ['name']), []);
  });

  it('are five at most, without repetition', () => {
    const names = ['count1', 'count2', 'count3', 'count4', 'count5', 'count6', 'count1'];
    assert.deepEqual(mostSimilar('count', names), names.slice(0, 5));
  });
});

describe('source paths', () => {
  it('end in whole components', () => {
    assert.ok(isPathSuffix('/src/Objects/list.c', 'list.c'));
    assert.ok(isPathSuffix('/src/Objects/list.c', './Objects/list.c'));
    assert.ok(!isPathSuffix('/src/Objects/list.c', 'ist.c'));
    assert.ok(!isPathSuffix('/src/Objects/list.c', 'src/list.c'));
  });

  it('share ends of whole components', () => {
    assert.equal(commonSuffixLength('/build/a/Objects/list.c', '/home/me/Objects/list.c'), 2);
    assert.equal(commonSuffixLength('/a/list.c', '/a/xlist.c'), 0);
  });
});
