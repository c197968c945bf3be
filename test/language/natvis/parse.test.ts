import assert from 'node:assert/strict';
import { type CustomListItems, type DisplayText } from '../../../src/language/natvis/ast';
import { parseNatvis } from '../../../src/language/natvis/parse';

const parse = (types: string) => parseNatvis(`<AutoVisualizer>\n${types}\n</AutoVisualizer>`, 'my.natvis');
const problems = (types: string) => parse(types).problems.map(({ message }) => message);
const only = (types: string) => {
  const { file, problems } = parse(types);
  assert.deepEqual(problems, []);
  assert.equal(file.visualizers.length, 1);
  return file.visualizers[0]!;
};
/** Back to how it is written. */
const written = (text: DisplayText): string =>
  text
    .map((part) =>
      part.kind === 'text'
        ? part.text
        : `⟨${part.expression.text}${part.specifier === undefined ? '' : `|${part.specifier.text}`}⟩`,
    )
    .join('');

describe('a Natvis file', () => {
  it('has names, priorities and inheritance', () => {
    const { names, views } = only(`
      <Type Name="ns::A&lt;*&gt;" Priority="High" Inheritable="false" IncludeView="simple; other">
        <AlternativeType Name="B"/>
        <AlternativeType Name="C" Priority="Low" Inheritable="true"/>
      </Type>`);
    assert.deepEqual(
      names.map(({ pattern, priority, isInheritable }) => [pattern, priority, isInheritable]),
      [
        ['ns::A<*>', 4, false],
        ['B', 4, false],
        ['C', 0, true],
      ],
    );
    assert.deepEqual(views, { included: ['simple', 'other'], excluded: [] });
  });

  it('has texts with values and specifiers', () => {
    const { displayStrings, stringViews } = only(`
      <Type Name="A">
        <DisplayString Condition="n == 0">empty {{}}</DisplayString>
        <DisplayString Optional="true" ExcludeView="simple">{{size={n,d}}} {f(a, b)} {p,[n]na} {m,view(x)} {q,!}</DisplayString>
        <StringView>text,[n]sb</StringView>
      </Type>`);
    assert.deepEqual(
      displayStrings.map(({ text }) => written(text)),
      ['empty {}', '{size=⟨n|d⟩} ⟨f(a, b)⟩ ⟨p|[n]na⟩ ⟨m|view(x)⟩ ⟨q|!⟩'],
    );
    assert.equal(displayStrings[0]?.condition?.text, 'n == 0');
    assert.equal(displayStrings[1]?.isOptional, true);
    assert.deepEqual(displayStrings[1].views.excluded, ['simple']);
    const [view] = stringViews;
    assert.equal(view?.expression.text, 'text');
    assert.equal(view.specifier?.count?.text, 'n');
    assert.equal(view.specifier.style, 'sb');
    const values = displayStrings[1].text.flatMap((part) => (part.kind === 'value' ? [part.specifier] : []));
    assert.equal(values[2]?.style, 'na');
    assert.equal(values[3]?.view, 'x');
    assert.equal(values[4]?.isRaw, true);
  });

  it('keeps commas and braces in expressions together', () => {
    const { displayStrings } = only(`
      <Type Name="A"><DisplayString>{*(pair&lt;int,x&gt;*)p} {c == '}' ? a : b} {a[b{1,2}],10}</DisplayString></Type>`);
    assert.equal(written(displayStrings[0]!.text), "⟨*(pair<int,x>*)p⟩ ⟨c == '}' ? a : b⟩ ⟨a[b{1,2}]|10⟩");
  });

  it('has children of every kind', () => {
    const { expand } = only(`
      <Type Name="A">
        <Expand HideRawView="true">
          <Item Name="[{i}]" Condition="n">a,x</Item>
          <Synthetic Name="more"><DisplayString>text</DisplayString><Expand><Item Name="b">b</Item></Expand></Synthetic>
          <ArrayItems>
            <Direction>Backward</Direction><Rank>2</Rank><Size>$i</Size><LowerBound>1</LowerBound>
            <ValuePointer Condition="small">in</ValuePointer><ValuePointer>out</ValuePointer>
          </ArrayItems>
          <IndexListItems><Size>n</Size><ValueNode>*at[$i]</ValueNode></IndexListItems>
          <LinkedListItems>
            <HeadPointer>head</HeadPointer><NextPointer>next</NextPointer><ValueNode/>
          </LinkedListItems>
          <TreeItems>
            <Size>n</Size><HeadPointer>head</HeadPointer><LeftPointer>l</LeftPointer><RightPointer>r</RightPointer>
            <ValueNode Name="[{key}]" Condition="isReal">value</ValueNode>
          </TreeItems>
          <ExpandedItem>base,nd</ExpandedItem>
        </Expand>
      </Type>`);
    assert.equal(expand?.hidesRawView, true);
    const kinds = 'item synthetic arrayItems indexListItems linkedListItems treeItems expandedItem';
    assert.equal(expand.items.map(({ kind }) => kind).join(' '), kinds);
    const [item, synthetic, array, , list, tree] = expand.items;
    assert.ok(item?.kind === 'item' && synthetic?.kind === 'synthetic' && array?.kind === 'arrayItems');
    assert.equal(written(item.name), '[⟨i⟩]');
    assert.equal(written(synthetic.displayStrings[0]!.text), 'text');
    assert.equal(synthetic.expand?.items.length, 1);
    assert.equal(array.direction, 'backward');
    assert.deepEqual(
      array.valuePointers.map(({ condition, value }) => [condition?.text, value.expression.text]),
      [
        ['small', 'in'],
        [undefined, 'out'],
      ],
    );
    assert.ok(list?.kind === 'linkedListItems' && tree?.kind === 'treeItems');
    assert.deepEqual(list.sizes, []);
    assert.equal(list.valueNode.expression.text, 'this');
    assert.equal(written(tree.valueNode.name ?? []), '[⟨key⟩]');
    assert.equal(tree.valueNode.condition?.text, 'isReal');
  });

  it('has programs that walk a list', () => {
    const { expand } = only(`
      <Type Name="A">
        <Expand>
          <CustomListItems MaxItemsPerView="100">
            <Variable Name="i" InitialValue="0"/>
            <Variable Name="p" InitialValue="first"/>
            <Size>n</Size>
            <Loop Condition="i &lt; n">
              <If Condition="p == 0"><Break/></If>
              <Elseif Condition="p->isHole"><Exec>++i</Exec></Elseif>
              <Else><Item Name="{i}">p->value</Item></Else>
              <Exec Condition="p">p = p->next</Exec>
              <Break Condition="i == 7"/>
            </Loop>
          </CustomListItems>
        </Expand>
      </Type>`);
    const list = expand?.items[0] as CustomListItems;
    assert.equal(list.maxItemsPerView, 100);
    assert.deepEqual(
      list.variables.map(({ name, initialValue }) => [name, initialValue.text]),
      [
        ['i', '0'],
        ['p', 'first'],
      ],
    );
    const [loop] = list.body;
    assert.ok(loop?.kind === 'loop' && loop.condition?.text === 'i < n');
    assert.equal(loop.body.map(({ kind }) => kind).join(' '), 'if exec break');
    const [branches] = loop.body;
    assert.ok(branches?.kind === 'if');
    assert.deepEqual(
      branches.branches.map(({ condition, body }) => [condition?.text, body.map(({ kind }) => kind).join(' ')]),
      [
        ['p == 0', 'break'],
        ['p->isHole', 'exec'],
        [undefined, 'item'],
      ],
    );
  });

  it('has functions, its own and those of the file, and pointers to what counts', () => {
    const { intrinsics, smartPointer, mostDerivedTypes } = only(`
      <Intrinsic Name="twice" Expression="2 * x"><Parameter Name="x" Type="int"/></Intrinsic>
      <Type Name="A">
        <Version Name="a.dll"/>
        <Intrinsic Name="size" Expression="twice(n)" ReturnType="int"/>
        <MostDerivedType IgnoreVTable="true">(B*)this</MostDerivedType>
        <SmartPointer Usage="Minimal" DefaultExpansion="false">p</SmartPointer>
        <UIVisualizer ServiceId="{0}" Id="1"/>
      </Type>`);
    assert.deepEqual(
      intrinsics.map(({ name, parameters, expression }) => [name, parameters, expression.text]),
      [
        ['size', [], 'twice(n)'],
        ['twice', [{ name: 'x', type: 'int' }], '2 * x'],
      ],
    );
    assert.equal(smartPointer?.expression.text, 'p');
    assert.equal(smartPointer.isExpanded, false);
    assert.equal(mostDerivedTypes[0]?.ignoresVtable, true);
  });

  it('says where each expression stands', () => {
    const { displayStrings } = only(
      '<Type Name="A">\n  <DisplayString Condition="n &lt; 2">{n}</DisplayString></Type>',
    );
    assert.deepEqual(displayStrings[0]?.condition?.place, { file: 'my.natvis', line: 3, column: 29 });
    const [value] = displayStrings[0].text;
    assert.deepEqual(value?.kind === 'value' && value.expression.place, { file: 'my.natvis', line: 3, column: 39 });
  });
});

describe('a mistake in a Natvis file', () => {
  const MISTAKES: Readonly<Record<string, string>> = {
    '<Type><DisplayString/></Type>': 'my.natvis:2:1: expected `Name` in <Type>',
    '<Type Name="A"><DisplayString>{a</DisplayString></Type>': 'my.natvis:2:31: expected `}` after `{a`',
    '<Type Name="A"><DisplayString>a}</DisplayString></Type>': 'my.natvis:2:31: expected `{` before the `}` of `a}`',
    '<Type Name="A"><DisplayString>{}</DisplayString></Type>': 'my.natvis:2:31: expected an expression',
    '<Type Name="A"><DisplayString Conditon="a">x</DisplayString></Type>':
      'my.natvis:2:41: expected `LegacyAddin`, `Export`, `Encoding`, `Condition`, `Optional`, `IncludeView`, ' +
      '`ExcludeView`, `ModuleName`, `ModuleVersionMin`, `ModuleVersionMax` in <DisplayString>, found `Conditon`',
    '<Type Name="A">\n  <Expand><Itm Name="x">x</Itm></Expand></Type>':
      'my.natvis:3:11: expected <Item>, <ArrayItems>, <IndexListItems>, <LinkedListItems>, <TreeItems>, ' +
      '<CustomListItems>, <ExpandedItem>, <Synthetic> in <Expand>, found <Itm>',
    '<Type Name="A"><Expand><ArrayItems><Size>n</Size></ArrayItems></Expand></Type>':
      'my.natvis:2:24: expected <ValuePointer> in <ArrayItems>',
    '<Type Name="A" Priority="Huge"/>':
      'my.natvis:2:26: expected Low, MediumLow, Medium, MediumHigh, High as the value of `Priority`, found "Huge"',
    '<Type Name="A"><Expand><CustomListItems><Else/></CustomListItems></Expand></Type>':
      'my.natvis:2:41: expected <If> before <Else>',
    '<Type Name="A"><Expand><CustomListItems><If/></CustomListItems></Expand></Type>':
      'my.natvis:2:41: expected `Condition` in <If>',
    '<Type Name="A"><Expand/><Expand/></Type>': 'my.natvis:2:25: expected one <Expand> in a <Type>, found two',
  };

  for (const [type, message] of Object.entries(MISTAKES)) {
    it(`is told with its place: ${message}`, () => assert.deepEqual(problems(type), [message]));
  }

  it('costs its type alone', () => {
    const { file } = parse('<Type Name="A"/><Type Name="B"><Nonsense/></Type><Type Name="C"/>');
    assert.deepEqual(
      file.visualizers.map(({ names }) => names[0]?.pattern),
      ['A', 'C'],
    );
  });

  const BROKEN: Readonly<Record<string, RegExp>> = {
    '<AutoVisualizer>\n<Type>': /^x\.natvis:2:7: unclosed root tag$/,
    '<AutoVisualizer><Type></Typ></AutoVisualizer>': /^x\.natvis:1:\d+: unexpected close tag$/,
    '<Visualizer/>': /^x\.natvis:1:1: expected <AutoVisualizer>, found <Visualizer>$/,
    '': /^x\.natvis:1:1: expected an element$/,
    'int main;': /^x\.natvis:1:\d+: non-whitespace before first tag$/,
    '<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]><AutoVisualizer>&b;</AutoVisualizer>':
      /^x\.natvis:1:\d+: a document type is not allowed here$/,
    [`<AutoVisualizer>${'<a>'.repeat(200)}`]: /^x\.natvis:1:\d+: more than 100 elements lie inside each other$/,
  };

  for (const [text, message] of Object.entries(BROKEN)) {
    it(`costs the file where it is no Natvis at all: ${message.source}`, () => {
      assert.throws(() => parseNatvis(text, 'x.natvis'), { name: 'SidestepError', code: 'malformed', message });
    });
  }
});
