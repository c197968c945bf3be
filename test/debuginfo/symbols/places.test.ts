/** Where probes stand: the places of functions and lines. */
import assert from 'node:assert/strict';
import { linkAddress } from '../../../src/base/address';
import { Image } from '../../../src/debuginfo/image';
import { compiled, compiledElsewhere } from '../compile';
import { locationText, placeText } from '../show';
import { skip } from '../../skip';

/** Opens a program for one test. */
function using<T>(path: string, test: (image: Image) => T): T {
  const image = Image.open(path);
  try {
    return test(image);
  } finally {
    image.dispose();
  }
}

describe('places of functions', () => {
  it('are behind the prologue where arguments are kept in the frame', () => {
    const fixture = compiled('values.c', '-O0');
    using(fixture.path, (image) => {
      const [place, ...others] = image.functionPlaces('twice');
      assert.equal(others.length, 0);
      assert.equal(placeText(place!), `twice:${fixture.line('TWICE')}`);
      assert.ok(place!.candidates[0]! > image.symbolAddress('twice')!);
    });
  });

  it('are the entry where arguments read right there', () => {
    using(compiled('values.c', '-O2').path, (image) => {
      const [place] = image.functionPlaces('walk');
      assert.equal(place!.candidates[0], image.symbolAddress('walk'));
      const scope = image.scopeAt(place!.candidates[0]!, place!.function);
      assert.deepEqual(
        scope.parameters().map(({ name, location }) => `${name} ${locationText(location)}`),
        ['list r5', 'limit r4', 'tag r1', 'scale r17'],
      );
    });
  });

  it('include every inlined copy', () => {
    const fixture = compiled('catalog.cc', '-Og');
    using(fixture.path, (image) => {
      const places = image.functionPlaces('clamp');
      const opening = `shop::clamp:${fixture.line('CLAMP') - 1}`;
      assert.deepEqual(places.map(placeText), [opening, opening]);
      const callers = places.flatMap(({ candidates }) => image.describe(candidates[0]!).inlinedInto);
      assert.deepEqual(callers.sort(), ['main', 'shop::total']);
    });
  });

  it('go by whole and partial qualified names, with or without template arguments', () => {
    const fixture = compiled('catalog.cc', '-O0');
    using(fixture.path, (image) => {
      const names = (query: string): (string | undefined)[] =>
        image.functionPlaces(query).map((place) => place.function);
      for (const query of ['area', 'Square::area', 'shop::Square::area', 'shop::Square::area(int) const']) {
        assert.deepEqual(names(query), ['shop::Square::area'], query);
      }
      for (const query of ['maximum', 'shop::maximum']) {
        assert.deepEqual(names(query).sort(), ['shop::maximum<double>', 'shop::maximum<int>'], query);
      }
      assert.deepEqual(names('maximum<double>'), ['shop::maximum<double>']);
      assert.deepEqual(names('Shape::area'), []);
      assert.deepEqual(names('are'), []);
      assert.deepEqual(names('op::maximum'), []);
    });
  });

  it('are found for Rust, with generics', function () {
    const fixture = compiledElsewhere('shapes.rs');
    if (!fixture) return skip(this, 'there is no rustc');
    using(fixture.path, (image) => {
      assert.deepEqual(image.functionPlaces('Point::weighted').map(placeText), [
        `shapes::geometry::Point::weighted:${fixture.line('WEIGHTED')}`,
      ]);
      assert.deepEqual(image.functionPlaces('geometry::double').map(placeText).sort(), [
        `shapes::geometry::double<f64>:${fixture.line('DOUBLE')}`,
        `shapes::geometry::double<i64>:${fixture.line('DOUBLE')}`,
      ]);
    });
  });

  for (const [title, flags] of Object.entries({ optimised: [], 'not optimised': ['-gcflags=-N -l'] })) {
    it(`are behind Go's stack check, ${title}`, function () {
      const fixture = compiledElsewhere('server.go', ...flags);
      if (!fixture) return skip(this, 'there is no Go compiler');
      using(fixture.path, (image) => {
        for (const query of ['main.(*Server).Handle', '(*Server).Handle', 'Handle']) {
          const [place, ...others] = image.functionPlaces(query);
          assert.equal(place?.function, 'main.(*Server).Handle', query);
          assert.equal(others.length, 0, query);
        }
        const [place] = image.functionPlaces('main.sum');
        const scope = image.scopeAt(place!.candidates[0]!);
        assert.equal(scope.language, 'go');
        assert.deepEqual(
          scope.parameters().map(({ name }) => name),
          ['numbers', 'scale'],
        );
        for (const { name, location } of scope.parameters()) assert.notEqual(location.kind, 'unavailable', name);
      });
    });
  }

  it('are the entry where only symbols are known', () => {
    using(compiled('values.c', '-O0', '-g0').path, (image) => {
      assert.equal(image.hasDebugInfo, false);
      const [place] = image.functionPlaces('walk');
      assert.deepEqual(place, {
        candidates: [image.symbolAddress('walk')],
        function: 'walk',
        line: undefined,
      });
      assert.deepEqual(image.functionPlaces('twice').length, 1);
      assert.deepEqual(image.functionPlaces('counter'), []);
      assert.deepEqual(image.scopeAt(place.candidates[0]!).parameters(), []);
    });
    using(compiled('catalog.cc', '-O0', '-g0').path, (image) => {
      const [place] = image.functionPlaces('Square::area');
      assert.equal(place?.function, 'shop::Square::area');
    });
  });

  it('are the same under an alias', () => {
    using(compiled('values.c', '-O0', '-Wl,--defsym=stroll=walk').path, (image) => {
      assert.deepEqual(image.functionPlaces('stroll'), image.functionPlaces('walk'));
    });
  });

  it('do not exist for what is no function, and similar names are offered', () => {
    using(compiled('values.c', '-O0').path, (image) => {
      assert.deepEqual(image.functionPlaces('no_such_function'), []);
      assert.deepEqual(image.functionPlaces(''), []);
      assert.deepEqual(image.similarFunctions('wolk'), ['walk']);
      assert.deepEqual(image.similarFunctions('add_two'), ['add_to']);
    });
  });
});

describe('places of lines', () => {
  it('are one for each function instance that has the line', () => {
    const fixture = compiled('catalog.cc', '-O0');
    using(fixture.path, (image) => {
      const found = image.linePlaces(fixture.source, fixture.line('MAX'))!;
      assert.equal(found.line, fixture.line('MAX'));
      assert.deepEqual(found.places.map(({ function: name }) => name).sort(), [
        'shop::maximum<double>',
        'shop::maximum<int>',
      ]);
    });
  });

  it('include inlined copies', () => {
    const fixture = compiled('catalog.cc', '-Og');
    using(fixture.path, (image) => {
      const { places } = image.linePlaces(fixture.source, fixture.line('CLAMP'))!;
      assert.deepEqual([...new Set(places.map(({ function: name }) => name))], ['shop::clamp']);
      const outer = places.flatMap(({ candidates }) => image.describe(candidates[0]!).inlinedInto);
      assert.ok(outer.includes('shop::total'), outer.join(', '));
      assert.ok(outer.includes('main'), outer.join(', '));
    });
  });

  it('are behind the prologue where the line is the opening one', () => {
    const fixture = compiled('values.c', '-O0');
    using(fixture.path, (image) => {
      const opening = image.describe(image.symbolAddress('walk')!).line!.line;
      const { line, places } = image.linePlaces(fixture.source, opening)!;
      assert.equal(line, opening);
      assert.deepEqual(places[0]!.candidates[0], image.functionPlaces('walk')[0]!.candidates[0]);
    });
  });

  it('move down to the next line that has code', () => {
    const fixture = compiled('values.c', '-O0');
    using(fixture.path, (image) => {
      const shadow = fixture.line('SHADOW');
      // The line above it only opens a block.
      assert.equal(image.linePlaces(fixture.source, shadow - 1)?.line, shadow);
      assert.deepEqual(image.codeLines(fixture.source, shadow - 1, shadow + 1), [shadow, shadow + 1]);
    });
  });

  it('do not move into a function far below, nor past the end', () => {
    const fixture = compiled('values.c', '-O0');
    using(fixture.path, (image) => {
      assert.equal(image.linePlaces(fixture.source, 1), undefined);
      assert.equal(image.linePlaces(fixture.source, 100_000), undefined);
      assert.equal(image.linePlaces('/no/such/file.c', 1), undefined);
    });
  });

  it('take the file by its path, its end, or its name', () => {
    const fixture = compiled('values.c', '-O0');
    using(fixture.path, (image) => {
      const line = fixture.line('TWICE');
      const expected = image.linePlaces(fixture.source, line);
      for (const file of ['values.c', 'debuginfo/values.c', './values.c', '/elsewhere/fixtures/debuginfo/values.c']) {
        assert.deepEqual(image.linePlaces(file, line), expected, file);
      }
      assert.equal(image.linePlaces('other/values.c', line), undefined);
      assert.ok(image.sourceFiles().includes(fixture.source));
    });
  });

  it('of assembly files are where their instructions are', () => {
    const fixture = compiled('count.S');
    using(fixture.path, (image) => {
      const main = image.symbolAddress('main')!;
      const at = (marker: string): (bigint | undefined)[] =>
        image.linePlaces(fixture.source, fixture.line(marker))!.places.map(({ candidates }) => candidates[0]! - main);
      assert.deepEqual(at('START'), [0n]);
      assert.deepEqual(at('LOOP'), [5n]);
      assert.deepEqual(at('CALL'), [9n]);
      assert.equal(image.scopeAt(main).language, 'asm');
      assert.equal(image.describe(linkAddress(main + 5n)).line?.line, fixture.line('LOOP'));
    });
  });
});
