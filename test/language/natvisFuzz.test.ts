/**
 * Broken Natvis files and names: a sound file's text is changed at random, and random texts are taken for patterns and
 * for names. Nothing but a SidestepError may be thrown, and no answer may take long. SIDESTEP_FUZZ=N asks for N rounds.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SidestepError } from '../../src/base/errors';
import { type Type } from '../../src/debuginfo/model/model';
import { parseNatvis } from '../../src/language/natvis/parse';
import { parsedName, typePattern } from '../../src/language/natvis/pattern';
import { visualizersOf } from '../../src/language/natvis/visualizers';

const PARAMETERS = { seed: 20_261_127, numRuns: Number(process.env['SIDESTEP_FUZZ'] ?? 2000) };

const SOUND = `<?xml version="1.0" encoding="utf-8"?>
<AutoVisualizer xmlns="http://schemas.microsoft.com/vstudio/debugger/natvis/2010">
  <Intrinsic Name="twice" Expression="2 * x"><Parameter Name="x" Type="int"/></Intrinsic>
  <Type Name="std::vector&lt;*&gt;" Priority="High"><AlternativeType Name="b&lt;c&lt;*,*&gt;,int&gt;"/>
    <DisplayString Condition="n &lt; 2">{{size={n,d}}} {p,[n]na} {m,view(x)!}</DisplayString><StringView>p,sb</StringView>
    <Expand HideRawView="true"><Item Name="[{i}]">a,x</Item><Synthetic Name="s"><Expand/></Synthetic>
      <ArrayItems><Size>n</Size><ValuePointer>p</ValuePointer></ArrayItems>
      <TreeItems><HeadPointer>h</HeadPointer><LeftPointer>l</LeftPointer><RightPointer>r</RightPointer>
        <ValueNode/></TreeItems>
      <CustomListItems><Variable Name="i" InitialValue="0"/><Size>n</Size><Loop Condition="i &lt; n">
        <If Condition="a"><Break/></If><Elseif Condition="b"><Exec>++i</Exec></Elseif><Else><Item>p[i]</Item></Else>
      </Loop></CustomListItems></Expand></Type></AutoVisualizer>`;

/** Pieces that mean something, wherever they come to stand. */
const PIECES = [
  '<',
  '>',
  '/',
  '"',
  '&',
  ';',
  '{',
  '}',
  '<Type>',
  '</Type>',
  '<!--',
  ']]>',
  '<![CDATA[',
  '<?',
  '\0',
  '\u{10ffff}',
  '*',
];

const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5 }));
const change = fc.record({
  at: fc.integer({ min: 0, max: SOUND.length }),
  length: fc.integer({ min: 0, max: 60 }),
  piece,
});
const nameText = fc
  .array(
    fc.oneof(fc.constantFrom('*', '<', '>', ',', '(', ')', '[', ']', '::', 'std', 'a', ' ', '__1', '->', '"'), piece),
    {
      maxLength: 40,
    },
  )
  .map((parts) => parts.join(''));

describe('a broken Natvis file', function () {
  this.timeout(60_000);

  it('is read, or refused with a place', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const text = changes.reduce(
          (broken, { at, length, piece }) => broken.slice(0, at) + piece + broken.slice(at + length),
          SOUND,
        );
        try {
          const { file, problems } = parseNatvis(text, 'f');
          for (const { message } of problems) assert.match(message, /^f:\d+:\d+: /);
          visualizersOf([file]);
        } catch (error) {
          if (!(error instanceof SidestepError)) throw error;
          assert.match(error.message, /^f:\d+:\d+: /);
        }
      }),
      PARAMETERS,
    );
  });

  it('whose patterns and names are anything compares them', () => {
    fc.assert(
      fc.property(nameText, nameText, (pattern, name) => {
        const captured = typePattern(pattern).match(parsedName(name)) ?? [];
        for (const { start, end } of captured) assert.ok(start < end && end <= name.length);
      }),
      PARAMETERS,
    );
  });

  it('matches a name without wildcards and brackets against itself', () => {
    fc.assert(
      fc.property(nameText, (name) => {
        const type: Type = { kind: 'structure', name, byteSize: 1, language: 'c++', members: [] };
        const pattern = typePattern(name);
        if (parsedName(name).plain.length > 0) assert.ok(pattern.match(parsedName(type.name ?? '')), name);
      }),
      PARAMETERS,
    );
  });

  it('compares the longest names', () => {
    const times = (part: string, length: number) => part.repeat(length / part.length);
    for (const [pattern, name] of [
      ['<', '<'],
      ['*,', 'a,'],
      ['*::', 'b::'],
      ['a<', 'a<'],
      ['* a ', 'b a '],
    ] as const) {
      const match = (around: (text: string) => string): void =>
        void typePattern(around(times(pattern, 1000))).match(parsedName(around(times(name, 20_000))));
      match((text) => text);
      match((text) => `<${text}>`);
    }
  });
});
