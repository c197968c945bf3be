/** What names mean at an address: variables, their types and places, enumerators, functions, types by name. */
import assert from 'node:assert/strict';
import { Image } from '../../../src/debuginfo/image';
import { type Scope, type StructureType, type Type } from '../../../src/debuginfo/model/model';
import { type Fixture } from '../../fixtures/build';
import { compiled, compiledElsewhere } from '../compile';
import { locationText, typeText } from '../show';
import { skip } from '../../skip';

function using<T>(path: string, test: (image: Image) => T): T {
  const image = Image.open(path);
  try {
    return test(image);
  } finally {
    image.dispose();
  }
}

/** The scope at the only place of a marked line. */
function scopeAtMarker(image: Image, fixture: Fixture, marker: string): Scope {
  const [place] = image.linePlaces(fixture.source, fixture.line(marker))!.places;
  return image.scopeAt(place!.candidates[0]!, place!.function);
}

function structureOf(type: Type | undefined): StructureType {
  let current = type;
  while (current && 'target' in current) current = current.target;
  assert.ok(current?.kind === 'structure' || current?.kind === 'class' || current?.kind === 'union', current?.kind);
  return current;
}

describe('scopes of C', () => {
  const VERSIONS = ['-gdwarf-2', '-gdwarf-3', '-gdwarf-4', '-gdwarf-5'];

  for (const version of VERSIONS) {
    it(`have parameters and locals with their types, ${version}`, () => {
      const fixture = compiled('values.c', '-O0', version, '-gstrict-dwarf');
      using(fixture.path, (image) => {
        const scope = scopeAtMarker(image, fixture, 'OVER');
        assert.equal(scope.language, 'c');
        assert.equal(scope.function, 'walk');
        assert.deepEqual(
          scope.parameters().map(({ name, type }) => `${name}: ${typeText(type)}`),
          ['list: const node_t pointer', 'limit: int', 'tag: unsigned char', 'scale: double'],
        );
        assert.deepEqual(
          scope.locals().map(({ name, type, role }) => `${role} ${name}: ${typeText(type)}`),
          ['local over: int', 'local key: int', 'local at: const node_t pointer', 'local total: long int'],
        );
      });
    });

    it(`know structures, bit-fields and anonymous members, ${version}`, () => {
      const fixture = compiled('values.c', '-O0', version, '-gstrict-dwarf');
      using(fixture.path, (image) => {
        const node = structureOf(scopeAtMarker(image, fixture, 'OVER').lookup('at')!.type);
        assert.equal(node.name, 'node');
        assert.equal(node.byteSize, 32);
        assert.deepEqual(
          node.members.map(({ name, type, byteOffset, bits }) => [
            name ?? '-',
            typeText(type),
            byteOffset,
            ...(bits ? [bits.offset, bits.size] : []),
          ]),
          [
            ['key', 'int', 0],
            ['weights', 'short int[3]', 4],
            ['small', 'unsigned int', 10, 80, 3],
            ['wide', 'unsigned int', 12, 96, 17],
            ['next', 'structure node pointer', 16],
            ['-', 'union (anonymous)', 24],
          ],
        );
        const union = structureOf(node.members[5]!.type);
        assert.deepEqual(
          union.members.map(({ name, byteOffset }) => [name, byteOffset]),
          [
            ['whole', 0],
            ['real', 0],
          ],
        );
        // A structure that points to itself is one type, however it is reached.
        assert.equal(structureOf(node.members[4]!.type), node);
      });
    });
  }

  it('find the innermost variable of a name', () => {
    const fixture = compiled('values.c', '-O0');
    using(fixture.path, (image) => {
      const inside = scopeAtMarker(image, fixture, 'SHADOW');
      const outside = scopeAtMarker(image, fixture, 'PICK');
      assert.equal(inside.lookup('count')!.role, 'local');
      assert.equal(outside.lookup('count')!.role, 'parameter');
    });
  });

  it('find statics, globals, thread-local ones, enumerators and functions', () => {
    const fixture = compiled('values.c', '-O0', '-no-pie');
    using(fixture.path, (image) => {
      const scope = scopeAtMarker(image, fixture, 'ADD');
      const at = (name: string): string => `[0x${image.symbolAddress(name)!.toString(16)}]`;
      const calls = scope.lookup('calls')!;
      assert.equal(calls.role, 'local');
      assert.match(locationText(calls.location), /^\[0x[0-9a-f]+\]$/);
      for (const name of ['counter', 'file_static', 'version_text']) {
        const variable = scope.lookup(name)!;
        assert.equal(variable.role, 'global');
        assert.equal(locationText(variable.location), at(name), name);
      }
      assert.equal(typeText(scope.lookup('version_text')!.type), 'const const char pointer');
      assert.equal(locationText(scope.lookup('per_thread')!.location), '[tls-4]');
      assert.equal(locationText(scope.lookup('blue')!.location), '=40');
      assert.equal(locationText(scope.lookup('red')!.location), '=-1');
      assert.equal(typeText(scope.lookup('red')!.type), 'enumeration color');
      assert.equal(locationText(scope.lookup('walk')!.location), at('walk'));
      assert.equal(typeText(scope.lookup('walk')!.type), 'long int(const node_t pointer, int, unsigned char, double)');
      assert.equal(scope.lookup('amuont'), undefined);
      assert.deepEqual(scope.similarNames('amuont'), ['amount']);
      assert.deepEqual(scope.similarNames('conter'), ['counter']);
    });
  });

  it('find types by their names', () => {
    const fixture = compiled('values.c', '-O0');
    using(fixture.path, (image) => {
      const scope = scopeAtMarker(image, fixture, 'ADD');
      const named = (name: string): string | undefined => {
        const type = scope.lookupType(name);
        return type && `${typeText(type)} ${type.byteSize ?? '-'}`;
      };
      assert.equal(named('struct node'), 'structure node 32');
      assert.equal(named('node_t'), 'node_t 32');
      assert.equal(named('enum color'), 'enumeration color 4');
      assert.equal(named('union node'), undefined);
      assert.equal(named('unsigned'), 'unsigned int 4');
      assert.equal(named('long unsigned'), 'long unsigned int 8');
      assert.equal(named('unsigned long int'), 'long unsigned int 8');
      assert.equal(named('signed char'), 'signed char 1');
      assert.equal(named('uint16_t'), 'uint16_t 2');
      assert.equal(named('void'), 'void -');
      assert.equal(named('struct'), undefined);
      assert.equal(named('no_such_type'), undefined);
    });
  });

  it('say what was optimised away, and never show an outer variable of its name', () => {
    const fixture = compiled('values.c', '-O2');
    using(fixture.path, (image) => {
      const [place] = image.functionPlaces('pick');
      const scope = image.scopeAt(place!.candidates[0]!, place!.function);
      assert.equal(locationText(scope.lookup('last')!.location), '<optimized out>');
      assert.equal(scope.lookup('last')!.role, 'local');
    });
  });

  it('know at the entry of a function what its parameters are there (entry values)', () => {
    const fixture = compiled('values.c', '-O2');
    using(fixture.path, (image) => {
      const scope = image.scopeAt(image.symbolAddress('many')!);
      assert.deepEqual(
        scope.parameters().map(({ name, location }) => `${name} ${locationText(location)}`),
        ['a r5', 'b r4', 'c r1', 'd r2', 'e r8', 'f r9', 'g [r7 8 add]', 'h [r7 16 add]'],
      );
    });
  });

  it('complete a type that is only declared by its definition elsewhere', () => {
    const fixture = compiled('opaque.c', '-O0', `${__dirname}/../../fixtures/debuginfo/opaque_definition.c`);
    using(fixture.path, (image) => {
      const scope = scopeAtMarker(image, fixture, 'USE');
      const box = structureOf(scope.lookup('box')!.type);
      assert.equal(box.byteSize, 8);
      assert.deepEqual(
        box.members.map(({ name }) => name),
        ['width', 'height'],
      );
      const nowhere = structureOf(scope.lookup('nowhere')!.type);
      assert.equal(nowhere.byteSize, undefined);
      assert.deepEqual(nowhere.members, []);
      // An extern variable: its place is known only to the unit that defines it.
      assert.match(locationText(scope.lookup('shared_box')!.location), /^\[0x[0-9a-f]+\]$/);
    });
  });
});

describe('scopes of C++', () => {
  const fixtureOf = (): Fixture => compiled('catalog.cc', '-O0');

  it('have the object, references and qualified names', () => {
    const fixture = fixtureOf();
    using(fixture.path, (image) => {
      const area = scopeAtMarker(image, fixture, 'AREA');
      assert.equal(area.language, 'c++');
      assert.equal(area.function, 'shop::Square::area');
      assert.deepEqual(
        area.parameters().map(({ name, type }) => `${name}: ${typeText(type)}`),
        ['this: const const class shop::Square pointer', 'scale: int'],
      );
      const total = scopeAtMarker(image, fixture, 'SUM');
      assert.deepEqual(
        total.parameters().map(({ name, type }) => `${name}: ${type.kind}`),
        ['numbers: reference', 'name: reference', 'item: rvalueReference'],
      );
    });
  });

  it('show base classes, members that classes share, and enumerations of their own', () => {
    const fixture = fixtureOf();
    using(fixture.path, (image) => {
      const square = structureOf(scopeAtMarker(image, fixture, 'AREA').lookup('this')!.type);
      assert.deepEqual(
        square.members.map(({ name, inherited, byteOffset }) => [name ?? '-', inherited, byteOffset]),
        [
          ['-', true, 0],
          ['side_', false, 16],
        ],
      );
      const shape = structureOf(square.members[0]!.type);
      assert.equal(shape.name, 'shop::Shape');
      // The static member is none of the object's.
      assert.deepEqual(
        shape.members.map(({ name }) => name),
        ['_vptr.Shape', 'state'],
      );
      assert.equal(typeText(shape.members[1]!.type), 'enumeration shop::Shape::State');
      assert.equal(shape.members[1]!.type.byteSize, 1);
    });
  });

  it('look names up in the namespaces around', () => {
    const fixture = fixtureOf();
    using(fixture.path, (image) => {
      const scope = scopeAtMarker(image, fixture, 'SUM');
      for (const name of ['visitors', 'shop::visitors', 'hidden', 'Shape::made', 'shop::Shape::made', 'busy']) {
        assert.notEqual(scope.lookup(name), undefined, name);
      }
      assert.equal(locationText(scope.lookup('busy')!.location), '=7');
      for (const name of ['Item', 'shop::Item', 'struct Item', 'Shape::State', 'std::string']) {
        assert.notEqual(scope.lookupType(name), undefined, name);
      }
    });
  });

  it('of lambdas have what they capture', () => {
    const fixture = fixtureOf();
    using(fixture.path, (image) => {
      const { places } = image.linePlaces(fixture.source, fixture.line('LAMBDA'))!;
      const lambda = places.find(({ function: name }) => name?.endsWith('operator()'))!;
      const scope = image.scopeAt(lambda.candidates[0]!, lambda.function);
      assert.equal(scope.lookup('more')!.role, 'parameter');
      assert.equal(typeText(scope.lookup('item')!.type), 'structure shop::Item reference');
    });
  });

  it('find classes in type units', () => {
    const fixture = compiled('catalog.cc', '-O0', '-fdebug-types-section');
    using(fixture.path, (image) => {
      const square = structureOf(scopeAtMarker(image, fixture, 'AREA').lookup('this')!.type);
      assert.equal(square.byteSize, 24);
      assert.deepEqual(
        square.members.map(({ name }) => name),
        [undefined, 'side_'],
      );
    });
  });
});

describe('scopes of other languages', () => {
  it('Rust: parameters, fields, generics', function () {
    const fixture = compiledElsewhere('shapes.rs');
    if (!fixture) return skip(this, 'there is no rustc');
    using(fixture.path, (image) => {
      const scope = scopeAtMarker(image, fixture, 'WEIGHTED');
      assert.equal(scope.language, 'rust');
      assert.deepEqual(
        scope.parameters().map(({ name }) => name),
        ['self', 'factor'],
      );
      const point = structureOf(scope.lookup('self')!.type);
      assert.equal(point.name, 'shapes::geometry::Point');
      assert.deepEqual(point.members.map(({ name, type }) => `${name ?? ''}: ${typeText(type)}`).sort(), [
        'x: i64',
        'y: i64',
      ]);
      assert.equal(scope.lookupType('i64')?.byteSize, 8);
    });
  });

  it('Go: parameters without results, strings, slices; int is 64 bits wide', function () {
    const fixture = compiledElsewhere('server.go', '-gcflags=-N -l');
    if (!fixture) return skip(this, 'there is no Go compiler');
    using(fixture.path, (image) => {
      const scope = scopeAtMarker(image, fixture, 'HANDLE');
      assert.deepEqual(
        scope.parameters().map(({ name, type }) => `${name}: ${typeText(type)}`),
        ['s: main.Server pointer', 'id: int', 'what: structure string'],
      );
      assert.equal(scope.lookup('id')!.type.byteSize, 8);
      assert.equal(scope.lookupType('int')?.byteSize, 8);
      assert.deepEqual(
        structureOf(scope.lookup('s')!.type).members.map(({ name }) => name),
        ['name', 'count'],
      );
    });
  });
});
