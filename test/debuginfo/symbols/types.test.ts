/** Types beyond what every language has: arguments of templates, structures that are one of several variants. */
import assert from 'node:assert/strict';
import { Image } from '../../../src/debuginfo/image';
import { Entry } from '../../../src/debuginfo/dwarf/entry';
import { AT, ATE, DSC, FORM, TAG } from '../../../src/debuginfo/dwarf/constants';
import { type Scope, type StructureType, type TemplateArgument, type Type } from '../../../src/debuginfo/model/model';
import { Types } from '../../../src/debuginfo/symbols/types';
import { canBuild, type Fixture, buildFixture } from '../../fixtures/build';
import { skip } from '../../skip';
import { counted, cstring, debugInfo, type Field, section, sleb, u16, u32, u8, uleb } from '../assembler';
import { compiled } from '../compile';
import { locationText, typeText } from '../show';

function using(fixture: Fixture, marker: string, test: (scope: Scope, image: Image) => void): void {
  const image = Image.open(fixture.path);
  try {
    const [place] = image.linePlaces(fixture.source, fixture.line(marker))!.places;
    test(image.scopeAt(place!.candidates[0]!, place!.function), image);
  } finally {
    image.dispose();
  }
}

function structureOf(type: Type | undefined): StructureType {
  let current = type;
  while (current && 'target' in current) current = current.target;
  assert.ok(current?.kind === 'structure', current?.kind);
  return current;
}

function argumentText(argument: TemplateArgument): string {
  switch (argument.kind) {
    case 'type':
      return typeText(argument.type);
    case 'value':
      return `${typeText(argument.type)} ${locationText(argument.value)}`;
    case 'template':
      return `template ${argument.template}`;
    case 'pack':
      return `[${argument.arguments.map(argumentText).join(', ')}]`;
  }
}

describe('templates', () => {
  for (const version of ['-gdwarf-4', '-gdwarf-5']) {
    it(`have their arguments, ${version}`, () => {
      using(compiled('templates.cc', '-O0', version), 'MAIN', (scope, image) => {
        const text = (name: string) => {
          const found = structureOf(scope.lookup(name)?.type).templateArguments;
          return found?.map((each) => `${each.name ?? '-'}: ${argumentText(each)}`).join('; ');
        };
        const address = (name: string) => image.symbolAddress(name)!.toString(16);
        assert.equal(text('box'), 'T: short int; N: int =3; B: bool =1; P: int pointer =0');
        assert.equal(text('withAddress'), `T: int; N: int =2; B: bool =0; P: int pointer =0x${address('global')}`);
        assert.equal(text('pack'), 'Ts: [int, structure One<double>, char pointer]');
        assert.equal(text('sequence'), 'Numbers: [int =1, int =-2, int =3]');
        assert.match(text('of')!, /^C: template One; Letter: char =120$/);
        assert.equal(text('values'), 'C: enumeration Color =1; U: long unsigned int =-1; S: long int =-3');
        assert.equal(text('calls'), `F: int(int) pointer =0x${address('_Z5twicei')}`);
        assert.equal(text('nested'), 'T: structure One<int>');
        assert.equal(text('plain'), undefined);
      });
    });
  }
});

describe('languages of types', () => {
  it('are those of the units that describe them', function () {
    using(compiled('templates.cc', '-O0'), 'MAIN', (scope) => {
      assert.equal(structureOf(scope.lookup('box')?.type).language, 'c++');
      const color = scope.lookupType('Color')!;
      assert.equal(color.kind === 'enumeration' && color.language, 'c++');
    });
    using(compiled('values.c', '-O0'), 'OVER', (scope) => {
      const key = scope.lookup('key')!.type;
      assert.equal(key.kind === 'base' && key.language, 'c');
    });
    if (!canBuild('kinds.rs')) skip(this, 'there is no rustc');
    using(buildFixture('values/kinds.rs', { flags: [] }), 'NUMBERS', (scope) => {
      const letter = scope.lookup('letter')!.type;
      assert.equal(letter.kind === 'base' && letter.language, 'rust');
    });
  });
});

describe('variants', () => {
  it('of Rust are told apart by their discriminant', function () {
    if (!canBuild('kinds.rs')) skip(this, 'there is no rustc');
    using(buildFixture('values/kinds.rs', { flags: [] }), 'SHAPES', (scope) => {
      const { members, variants } = structureOf(scope.lookup('wide')?.type);
      assert.deepEqual(members, []);
      assert.equal(variants?.discriminant?.type.byteSize, 1);
      assert.deepEqual(
        variants.variants.map(({ values, members: own }) => [values, own.map(({ name }) => name)]),
        [
          [[{ low: 3n, high: 3n }], ['First']],
          [[{ low: 200n, high: 200n }], ['Last']],
        ],
      );
      const only = structureOf(scope.lookup('only')?.type).variants;
      assert.deepEqual([only?.discriminant, only?.variants.length], [undefined, 1]);
    });
  });

  it('may have lists of values, with a sign, and one of all others', () => {
    const { variants } = handMade();
    assert.equal(variants?.discriminant?.byteOffset, 0);
    assert.deepEqual(
      variants.variants.map(({ values, members }) => [values, members.map(({ name }) => name)]),
      [
        [
          [
            { low: 0xffn, high: 0xffn },
            { low: 2n, high: 5n },
          ],
          ['listed'],
        ],
        [undefined, ['other']],
      ],
    );
  });
});

describe('bit-precise integers', () => {
  it('say how many bits they have, or their name does', () => {
    const unit = new HandMadeUnit();
    const stated = unit.add(2, cstring('_BitInt(17)'), u8(4), u8(ATE.signed), u8(17));
    const named = unit.add(3, cstring('unsigned _BitInt(65)'), u8(16), u8(ATE.unsigned));
    const extended = unit.add(2, cstring('long double'), u8(16), u8(ATE.float), u8(80));
    const bits = [AT.bit_size, FORM.data1] as const;
    const types = unit.types(
      declared(2, TAG.base_type, false, NAME, BYTES, ENCODING, bits),
      declared(3, TAG.base_type, false, NAME, BYTES, ENCODING),
    );
    const read = [stated, named, extended]
      .map(types)
      .map((type) => type.kind === 'base' && [type.byteSize, type.bitSize]);
    assert.deepEqual(read, [
      [4, 17],
      [16, 65],
      [16, undefined],
    ]);
  });
});

const NAME = [AT.name, FORM.string] as const;
const BYTES = [AT.byte_size, FORM.data1] as const;
const ENCODING = [AT.encoding, FORM.data1] as const;

/** One declaration in .debug_abbrev; `pairs`: attributes and forms. */
function declared(code: number, tag: number, hasChildren: boolean, ...pairs: (readonly [number, number])[]): Field {
  return [...uleb(code), ...uleb(tag), ...u8(hasChildren ? 1 : 0), ...pairs.flat().flatMap((each) => uleb(each)), 0, 0];
}

/** A DWARF 4 unit, entry after entry; abbreviation 1 is its root's. */
class HandMadeUnit {
  readonly #entries: Field[] = [uleb(1)];

  /** Where the next entry will be, in .debug_info. */
  get end(): number {
    // The header is 11 bytes long.
    return 11 + this.#entries.flat().length;
  }

  /** An entry of that abbreviation and its attributes; 0 ends a list of children. Where it is. */
  add(code: number, ...attributes: Field[]): number {
    const at = this.end;
    this.#entries.push([...uleb(code), ...attributes.flat()]);
    return at;
  }

  /** Reads the type at an offset. */
  types(...abbreviations: Field[]): (offset: number) => Type {
    const root = declared(1, TAG.compile_unit, true);
    const header = [u16(4), u32(0), u8(8)]; // version, offset into .debug_abbrev, size of addresses
    const info = debugInfo({
      '.debug_abbrev': section(root, ...abbreviations, u8(0)),
      '.debug_info': section(counted(...header, ...this.#entries, u8(0))),
    });
    const types = new Types(() => undefined);
    return (offset) => types.of(Entry.at({ units: info, section: '.debug_info', offset, unit: undefined }));
  }
}

/** A structure with a signed discriminant: for -1 and 2 to 5 one member, for all else another. */
function handMade(): StructureType {
  const unit = new HandMadeUnit();
  const tag = unit.add(2, cstring('tag'), u8(1), u8(ATE.signed));
  const structure = unit.add(3, u8(2));
  // Its discriminant is the entry that follows it.
  unit.add(4, u32(unit.end + 5));
  const member = (name: string, at: number) => unit.add(5, cstring(name), u32(tag), u8(at));
  member('kind', 0);
  const list: Field = [...u8(DSC.label), ...sleb(-1), ...u8(DSC.range), ...sleb(2), ...sleb(5)];
  unit.add(6, u8(list.length), list);
  member('listed', 1);
  unit.add(0);
  unit.add(7);
  member('other', 1);
  for (let end = 0; end < 3; end++) unit.add(0);
  const types = unit.types(
    declared(2, TAG.base_type, false, NAME, BYTES, ENCODING),
    declared(3, TAG.structure_type, true, BYTES),
    declared(4, TAG.variant_part, true, [AT.discr, FORM.ref4]),
    declared(5, TAG.member, false, NAME, [AT.type, FORM.ref4], [AT.data_member_location, FORM.data1]),
    declared(6, TAG.variant, true, [AT.discr_list, FORM.block1]),
    declared(7, TAG.variant, true),
  );
  return structureOf(types(structure));
}
