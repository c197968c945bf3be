import assert from 'node:assert/strict';
import { type StructureType, type TemplateArgument, type Type } from '../../../src/debuginfo/model/model';
import { parseNatvis } from '../../../src/language/natvis/parse';
import { visualizersOf } from '../../../src/language/natvis/visualizers';

const INT: Type = { kind: 'base', name: 'int', language: 'c++', byteSize: 4, encoding: 'signed' };

function structure(name: string, more: Partial<StructureType> = {}): StructureType {
  return { kind: 'structure', name, byteSize: 8, language: 'c++', members: [], ...more };
}

function derived(name: string, ...bases: readonly [StructureType, number][]): StructureType {
  const members = bases.map(([type, byteOffset]) => ({ name: undefined, type, byteOffset, inherited: true }));
  return structure(name, { members });
}

function typedef(name: string, target: Type): Type {
  return { kind: 'typedef', name, language: 'c++', byteSize: target.byteSize, target };
}

function table(...files: readonly string[]) {
  return visualizersOf(
    files.map((types, index) => {
      const text = types.startsWith('<AutoVisualizer') ? types : `<AutoVisualizer>${types}</AutoVisualizer>`;
      const { file, problems } = parseNatvis(text, `${index}.natvis`);
      assert.deepEqual(problems, []);
      return file;
    }),
  );
}

const types = (...patterns: readonly string[]) =>
  patterns
    .map(
      (name) =>
        `<Type Name="${name.replaceAll('<', '&lt;').replaceAll('&', '&amp;').replaceAll('&amp;lt;', '&lt;')}"/>`,
    )
    .join('');

/** The patterns that match, best first. */
const found = (visualizers: ReturnType<typeof table>, type: Type, view?: string) =>
  visualizers.find(type, view).map(({ visualizer }) => visualizer.names[0]?.pattern);

/** What the wildcards of the pattern stand for; undefined where it does not match. */
function captured(pattern: string, name: string, language?: 'go' | 'rust') {
  const file =
    language === undefined
      ? types(pattern)
      : `<AutoVisualizer Language="${language}">${types(pattern)}</AutoVisualizer>`;
  const [match] = table(file).find(structure(name, { language: language ?? 'c++' }));
  return match?.templateArguments.map(({ text }) => text);
}

describe('a pattern of type names', () => {
  const MATCHES: readonly (readonly [
    pattern: string,
    name: string,
    captured: readonly string[],
    language?: 'go' | 'rust',
  ])[] = [
    ['item', 'item', []],
    ['std::vector<*>', 'std::vector<int, std::allocator<int> >', ['int', 'std::allocator<int>']],
    ['std::vector<*,*>', 'std::vector<int, std::allocator<int>>', ['int', 'std::allocator<int>']],
    ['std::vector<*>', 'std::__1::vector<int, std::__1::allocator<int> >', ['int', 'std::__1::allocator<int>']],
    ['std::__1::vector<*>', 'std::__1::vector<int>', ['int']],
    ['std::vector<bool,*>', 'std::vector<bool, std::allocator<bool> >', ['std::allocator<bool>']],
    [
      'std::map<*,*,*,*>',
      'std::map<unsigned int, std::pair<int, char>, std::less<unsigned int>, std::allocator<int> >',
      ['unsigned int', 'std::pair<int, char>', 'std::less<unsigned int>', 'std::allocator<int>'],
    ],
    [
      'std::basic_string<char,*>',
      'std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >',
      ['std::char_traits<char>', 'std::allocator<char>'],
    ],
    ['std::_List<std::pair<*,*> >', 'std::_List<std::pair<int const, char*>>', ['int const', 'char*']],
    ['std::unique_ptr<*[],*>', 'std::unique_ptr<int [], D<int []> >', ['int', 'D<int []>']],
    ['Box<(Color)1>', 'Box<(Color)1>', []],
    ['f<*>', 'f<&(int (*)(a<1>, b))>', ['&(int (*)(a<1>, b))']],
    ['alloc::vec::Vec<*>', 'alloc::vec::Vec<i32, alloc::alloc::Global>', ['i32', 'alloc::alloc::Global'], 'rust'],
    ['&str', '&str', [], 'rust'],
    ['&[*]', '&[(i32, alloc::string::String)]', ['(i32, alloc::string::String)'], 'rust'],
    ['alloc::boxed::Box<dyn *>', 'alloc::boxed::Box<dyn core::fmt::Debug>', ['core::fmt::Debug'], 'rust'],
    ['[]*', '[]*main.Point', ['*main.Point'], 'go'],
    ['map[*]*', 'map[string]map[int][]string', ['string', 'map[int][]string'], 'go'],
    ['hash<*,*>', 'hash<string,int>', ['string', 'int'], 'go'],
    ['chan *', 'chan func(int) string', ['func(int) string'], 'go'],
    ['string', 'string', [], 'go'],
  ];

  for (const [pattern, name, expected, language] of MATCHES) {
    it(`${pattern} matches ${name}`, () => assert.deepEqual(captured(pattern, name, language), expected));
  }

  const OTHERS: readonly (readonly [pattern: string, name: string])[] = [
    ['std::vector<*>', 'std::vector<>'],
    ['std::vector<*,*,*>', 'std::vector<int, std::allocator<int> >'],
    ['std::vector<bool,*>', 'std::vector<int, std::allocator<int> >'],
    ['std::vector<*>', 'my::vector<int>'],
    ['std::vector<*>', 'std::vector<int>::iterator'],
    ['std::__1::vector<*>', 'std::vector<int>'],
    ['int *', 'int x'],
    ['item', 'items'],
    ['unsignedint', 'unsigned int'],
  ];

  for (const [pattern, name] of OTHERS) {
    it(`${pattern} does not match ${name}`, () => assert.equal(captured(pattern, name), undefined));
  }

  it('has the types of arguments where debug information does', () => {
    const pack: TemplateArgument = {
      name: 'Rest',
      kind: 'pack',
      arguments: [{ name: undefined, kind: 'type', type: INT }],
    };
    const number: TemplateArgument = {
      name: 'N',
      kind: 'value',
      type: INT,
      value: { kind: 'unavailable', reason: '' },
    };
    const type = structure('ns::array<Item, 3, int>', {
      templateArguments: [{ name: 'T', kind: 'type', type: structure('Item') }, number, pack],
    });
    const [match] = table(types('ns::array<*>')).find(typedef('items', type));
    assert.deepEqual(
      match?.templateArguments.map(({ text, type }) => [text, type && 'name' in type ? type.name : undefined]),
      [
        ['Item', 'Item'],
        ['3', undefined],
        ['int', 'int'],
      ],
    );
  });

  it('has the types of arguments of arguments', () => {
    const pair = structure('pair<int, char>');
    const allocator = structure('alloc<pair<int, char> >', {
      templateArguments: [{ name: 'T', kind: 'type', type: pair }],
    });
    const type = structure('map<int, alloc<pair<int, char> > >', {
      templateArguments: [
        { name: 'K', kind: 'type', type: INT },
        { name: 'A', kind: 'type', type: allocator },
      ],
    });
    const [match] = table(types('map<*,alloc<*>>')).find(type);
    assert.deepEqual(
      match?.templateArguments.map(({ text, type }) => [text, type]),
      [
        ['int', INT],
        ['pair<int, char>', pair],
      ],
    );
  });

  it('finds names that are written without their arguments', () => {
    const type = structure('ns::box', { templateArguments: [{ name: 'T', kind: 'type', type: INT }] });
    assert.deepEqual(found(table(types('ns::box<*>')), type), ['ns::box<*>']);
  });
});

describe('the visualizers of a type', () => {
  it('are those that say more, then those of higher priority, then the first', () => {
    const visualizers = table(
      types('box<*>', 'box<int,*>') + '<Type Name="box&lt;*,*&gt;" Priority="High"/>' + types('box<int,char>'),
    );
    const names = found(visualizers, structure('box<int, char>'));
    assert.deepEqual(names, ['box<int,char>', 'box<int,*>', 'box<*,*>', 'box<*>']);
  });

  it('of an earlier file come first', () => {
    assert.deepEqual(found(table(types('box<*>'), types('box<int>')), structure('box<int>')), ['box<*>', 'box<int>']);
  });

  it('by the name of a typedef come before those of what is under it', () => {
    const type = typedef('text', { kind: 'const', byteSize: 8, target: structure('std::basic_string<char>') });
    const visualizers = table(types('std::basic_string<*>', 'text'));
    assert.deepEqual(found(visualizers, type), ['text', 'std::basic_string<*>']);
  });

  it('are also those of base classes, with where they lie', () => {
    const base = structure('Base');
    const type = derived('Derived', [structure('First'), 0], [derived('Middle', [base, 8]), 16]);
    const visualizers = table(types('Base', 'Middle') + '<Type Name="First" Inheritable="false"/>');
    assert.deepEqual(
      visualizers
        .find(type)
        .map(({ visualizer, type, offset }) => [visualizer.names[0]?.pattern, 'name' in type ? type.name : '', offset]),
      [
        ['Middle', 'Middle', 16],
        ['Base', 'Base', 24],
      ],
    );
    assert.deepEqual(found(visualizers, structure('First')), ['First']);
  });

  it('are of the view that is asked for', () => {
    const visualizers = table('<Type Name="a" IncludeView="x"/><Type Name="a" ExcludeView="x"/>');
    assert.deepEqual(
      visualizers.find(structure('a'), 'x').map(({ visualizer }) => visualizer.views.included),
      [['x']],
    );
    assert.deepEqual(
      visualizers.find(structure('a')).map(({ visualizer }) => visualizer.views.included),
      [[]],
    );
  });

  it('of a file for one language are for its types alone', () => {
    const visualizers = table(`<AutoVisualizer Language="go">${types('string')}</AutoVisualizer>`);
    assert.deepEqual(found(visualizers, structure('string', { language: 'go' })), ['string']);
    assert.deepEqual(found(visualizers, structure('string', { language: 'c++' })), []);
  });

  it('of a class that is its own base end', () => {
    const members = [
      {
        name: undefined,
        byteOffset: 0,
        inherited: true,
        get type(): Type {
          return loop;
        },
      },
    ];
    const loop: StructureType = structure('Loop', { members });
    assert.ok(found(table(types('Loop')), loop).length > 0);
  });
});
