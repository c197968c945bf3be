/** Functions that GCC has split or cloned: a call passes one place. */
import assert from 'node:assert/strict';
import { Image } from '../../../src/debuginfo/image';
import { compiled } from '../compile';

describe('functions that the compiler has split', () => {
  const fixture = compiled('split.c', '-O2');
  let image: Image;

  before(() => (image = Image.open(fixture.path)));
  after(() => image.dispose());

  const at = (symbol: string): number => {
    const address = image.symbolAddress(symbol);
    assert.ok(address !== undefined, `the compiler has made ${symbol}`);
    return Number(address);
  };
  const places = (name: string): number[] => image.functionPlaces(name).map(({ candidates }) => Number(candidates[0]));
  const linePlaces = (marker: string): number[] =>
    image.linePlaces(fixture.source, fixture.line(marker))!.places.map(({ candidates }) => Number(candidates[0]));
  const holders = (addresses: readonly number[]): (string | undefined)[] =>
    image
      .functionPlaces('look_up')
      .filter(({ candidates }) => addresses.includes(Number(candidates[0])))
      .map(({ candidates }) => image.describe(candidates[0]!).inlinedInto[0]);

  it('are entered where their beginning was inlined, not at the rest', () => {
    const rest = at('look_up.part.0');
    assert.ok(!places('look_up').includes(rest));
    assert.deepEqual(holders(places('look_up')).sort(), ['first', 'second']);
  });

  it('are entered once where their rest was inlined again', () => {
    assert.deepEqual(places('known'), [at('known')]);
  });

  it('are probed once on lines that both halves have', () => {
    assert.deepEqual(linePlaces('LOOK_UP'), places('look_up'));
    assert.deepEqual(linePlaces('LOOK_UP_TEST'), places('look_up'));
    assert.deepEqual(linePlaces('KNOWN'), [at('known')]);
    assert.equal(linePlaces('KNOWN_REST').length, 1);
  });

  it('are probed in the rest on lines that only the rest has', () => {
    const [place, ...others] = linePlaces('LOOK_UP_REST');
    assert.deepEqual(others, []);
    assert.ok(place! > at('look_up.part.0') && place! < at('look_up.part.0') + 0x100);
  });

  it('are not entered where unlikely code was put aside', () => {
    assert.ok(at('checked.cold') < at('checked'));
    assert.deepEqual(places('checked'), [at('checked')]);
  });

  it('are entered in their clones', () => {
    assert.deepEqual(places('scaled'), [at('scaled.constprop.0.isra.0')]);
  });
});
