import assert from 'node:assert/strict';
import { Image } from '../../src/debuginfo/image';
import { NamePattern } from '../../src/debuginfo/names/namePattern';
import { readFlow } from '../../src/emulator/flow';
import { buildFixture } from '../fixtures/build';

const ALL = 100_000;

describe('the functions that a pattern means', () => {
  for (const flags of [['-O0'], ['-O2'], ['-O2', '-gdwarf-4']]) {
    it(`have the places that their names have: g++ ${flags.join(' ')}`, () => {
      const image = Image.open(buildFixture('places/shapes.cc', { flags }).path, { readFlow });
      try {
        const { places, errors } = image.functionsMatching(new NamePattern('**'), ALL);
        assert.deepEqual(errors, []);
        const described = places.filter(({ line }) => line !== undefined);
        assert.ok(described.length > 3);
        // Names of operators are searched with their template arguments.
        const names = new Set(described.flatMap(({ function: name }) => (/\boperator/.test(name!) ? [] : name!)));
        for (const name of names) {
          const own = described.filter((place) => place.function === name).map(({ candidates }) => candidates[0]);
          const named = image.functionPlaces(name).filter((place) => place.function === name);
          assert.deepEqual(
            own,
            named.map(({ candidates }) => candidates[0]),
            name,
          );
        }
      } finally {
        image.dispose();
      }
    });
  }

  it('are told by symbols where there is no debug information, without what the compiler has put aside', () => {
    const image = Image.open(buildFixture('debuginfo/split.c', { flags: ['-O2', '-g0'], name: 'plain' }).path);
    try {
      const names = image.functionsMatching(new NamePattern('*'), ALL).places.map(({ function: name }) => name ?? '');
      assert.ok(names.includes('main'));
      assert.deepEqual(
        names.filter((name) => name.includes('.cold')),
        [],
      );
    } finally {
      image.dispose();
    }
  });

  it('are found once for all who ask', () => {
    const image = Image.open(buildFixture('debuginfo/templates.cc').path, { readFlow });
    try {
      const pattern = new NamePattern('*');
      assert.equal(image.functionsMatching(pattern, ALL), image.functionsMatching(new NamePattern('*'), ALL));
      assert.throws(() => image.functionsMatching(pattern, 1), { code: 'too-many' });
    } finally {
      image.dispose();
    }
  });
});
