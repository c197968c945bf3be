/** Names that are found nowhere, or in several places: told where the probe is placed, with what was meant perhaps. */
import assert from 'node:assert/strict';
import { Image } from '../../../src/debuginfo/image';
import { type Scope } from '../../../src/debuginfo/model/model';
import { compileProbe } from '../../../src/language/compileProbe';
import { buildFixture, canBuild } from '../../fixtures/build';
import { skip } from '../../skip';
import { refusal } from '../errors';

interface Refused {
  readonly expression: string;
  readonly code: 'unknown-name' | 'type';
  readonly message: RegExp;
  readonly at: string;
  readonly advice?: RegExp;
}

function refuses(scope: Scope, cases: readonly Refused[]): void {
  for (const { expression, code, message, at, advice } of cases) {
    const text = `{${expression}}`;
    const compile = () => compileProbe({ kind: 'log', message: text }, scope, 0n);
    const error = refusal(compile, text, code, message, at);
    if (advice !== undefined) assert.match(error.advice ?? '', advice, expression);
  }
}

function atMarker(file: string, flags: readonly string[], marker: string, work: (scope: Scope) => void): void {
  const fixture = buildFixture(`values/${file}`, { flags });
  const image = Image.open(fixture.path);
  try {
    const place = image.linePlaces(fixture.source, fixture.line(marker))?.places[0];
    work(image.scopeAt(place!.candidates[0]!, place!.function));
  } finally {
    image.dispose();
  }
}

describe('names that mean nothing, or too much', function () {
  this.timeout(60_000);

  it('are refused in C++', () => {
    const flags = ['-std=c++20', '-O0'];
    const unknown = { code: 'unknown-name' } as const;
    const wrong = { code: 'type' } as const;
    atMarker('expressions.cc', flags, 'bases', (scope) => {
      refuses(scope, [
        { ...wrong, expression: 'shared', message: /ambiguous: `Left::shared` or `Right::shared`/, at: 'shared' },
        { ...wrong, expression: 'this->shared', message: /ambiguous/, at: 'shared', advice: /Write `Left::shared` or/ },
        { ...unknown, expression: 'this->lefd', message: /no member `lefd`/, at: 'lefd', advice: /mean `left`/ },
        { ...unknown, expression: 'lfet', message: /no `lfet` here/, at: 'lfet' },
      ]);
    });
    atMarker('expressions.cc', flags, 'casts', (scope) => {
      const cast = { ...wrong, at: 'dynamic_cast<Both *>(part)' };
      refuses(scope, [
        { ...cast, expression: 'dynamic_cast<Both *>(part)', message: /has no dynamic_cast/ },
        { ...wrong, expression: 'static_cast<C *>(root)', message: /virtual base/, at: 'static_cast<C *>(root)' },
        { ...unknown, expression: 'handler == draw', message: /`draw` is ambiguous/, at: 'draw' },
        { ...unknown, expression: 'draw(char)', message: /no `draw\(char\)`/, at: 'draw(char)', advice: /draw\(int\)/ },
        {
          ...unknown,
          expression: 'Color::gren',
          message: /no `Color::gren`/,
          at: 'Color::gren',
          advice: /Color::green/,
        },
        { ...unknown, expression: '(Botth *)part', message: /no type `Botth`/, at: 'Botth *', advice: /`Both`/ },
        { ...unknown, expression: 'deep', message: /no `deep` here/, at: 'deep' },
        { ...wrong, expression: '$bt', message: /backtrace is not available yet/, at: '$bt' },
        { ...wrong, expression: '$time + 1', message: /only stand alone/, at: '$time' },
        { ...wrong, expression: 'number@2.5', message: /must be an integer/, at: '2.5' },
        { ...wrong, expression: 'number@0', message: /from 1 to/, at: '0' },
        { ...wrong, expression: '(number + 1)@2', message: /only a variable/, at: '(number + 1)' },
      ]);
    });
    atMarker('expressions.cc', flags, 'texts', (scope) => {
      refuses(scope, [
        { ...wrong, expression: 'name == *empty', message: /one in quotes/, at: 'name == *empty' },
        { ...wrong, expression: 'count == "x"', message: /can be compared with a string/, at: 'count' },
      ]);
    });
  });

  it('are refused in Rust', function () {
    if (!canBuild('expressions.rs')) skip(this, 'there is no compiler for Rust');
    atMarker('expressions.rs', [], 'MEMBERS', (scope) => {
      refuses(scope, [
        {
          code: 'unknown-name',
          expression: 'self.itmes',
          message: /no member `itmes`/,
          at: 'itmes',
          advice: /`items`/,
        },
        { code: 'unknown-name', expression: 'self.items[0].pair.2', message: /no member `2`/, at: '2' },
        { code: 'type', expression: 'self.items[0].name[0]', message: /can't be indexed/, at: 'self.items[0].name[0]' },
        { code: 'type', expression: 'self == self', message: /not compared or computed with/, at: 'self' },
        { code: 'type', expression: 'self.items[0 - 1]', message: /not below 0/, at: '0 - 1' },
      ]);
    });
  });

  it('are refused in Go', function () {
    if (!canBuild('expressions.go')) skip(this, 'there is no compiler for Go');
    atMarker('expressions.go', ['-gcflags=-N -l'], 'structures', (scope) => {
      refuses(scope, [
        {
          code: 'type',
          expression: 'top.Both',
          message: /`Both` is ambiguous/,
          at: 'Both',
          advice: /`Mid.Both` or `Other.Both`/,
        },
        { code: 'unknown-name', expression: 'top.Extar', message: /no member `Extar`/, at: 'Extar', advice: /`Extra`/ },
        { code: 'type', expression: 'array[3]', message: /there are 3 elements/, at: '3' },
        { code: 'type', expression: 'top.(Dog)', message: /is no interface/, at: 'top.(Dog)' },
      ]);
    });
    atMarker('expressions.go', ['-gcflags=-N -l'], 'interfaces', (scope) => {
      refuses(scope, [
        { code: 'unknown-name', expression: 'animal.(Dgo)', message: /no type `Dgo`/, at: 'Dgo', advice: /main\.Dog/ },
        { code: 'type', expression: 'any.(Animal)', message: /no interface can be asserted/, at: 'Animal' },
      ]);
    });
    atMarker('expressions.go', ['-gcflags=-N -l'], 'sequences', (scope) => {
      refuses(scope, [{ code: 'type', expression: 'table["x"]', message: /map can't be looked up/, at: 'table["x"]' }]);
    });
  });
});
