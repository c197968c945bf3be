/** An index finds what a search through all units finds, for every name of real programs in four languages. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TAG } from '../../../src/debuginfo/dwarf/constants';
import { Image } from '../../../src/debuginfo/image';
import { lastComponent } from '../../../src/debuginfo/names/query';
import { TYPE_TAGS } from '../../../src/debuginfo/dwarf/constants';
import { type Fixture } from '../../fixtures/build';
import { skip } from '../../skip';
import { compiled, compiledElsewhere, has } from '../compile';
import { Searched } from './searches';

/** `most` items, in equal distances. */
function some<T>(items: readonly T[], most: number): T[] {
  const step = Math.max(1, Math.floor(items.length / most));
  return items.filter((_, index) => index % step === 0);
}

/** Looks `most` names of each kind up. */
function assertSame(path: string, most = 100): void {
  const searched = new Searched(path);
  try {
    assert.deepEqual(searched.index.unread, []);
    const functions = some(searched.names(TAG.subprogram), most);
    assert.ok(functions.length > 3);
    for (const name of functions) searched.assertFunctions(name);
    // The last components, which more than one function may have.
    for (const name of some(functions.map(lastComponent), most)) searched.assertFunctions(name);
    for (const tag of [TAG.variable, TAG.constant, TAG.member])
      for (const name of some(searched.names(tag), most)) searched.assertGlobal(name);
    for (const name of some(searched.names(...TYPE_TAGS), most)) searched.assertType(name);
    for (const name of some(searched.names(TAG.enumerator), most)) searched.assertEnumerator(name);
    searched.assertFiles();
  } finally {
    searched.dispose();
  }
}

describe('An index of names', () => {
  const programs: Record<string, () => Fixture | undefined> = {
    C: () => compiled('values.c', '-O2'),
    'C, of several units, link-time optimised': () => compiled('split.c', '-O2', '-flto'),
    'C++ without optimisation': () => compiled('catalog.cc', '-O0'),
    'optimised C++': () => compiled('catalog.cc', '-O2'),
    'C++ with DWARF 4 and type units': () => compiled('catalog.cc', '-O2', '-gdwarf-4', '-fdebug-types-section'),
    'C++ with DWARF 5 and type units': () => compiled('catalog.cc', '-O0', '-fdebug-types-section'),
    'C++ in the 64-bit format': () => compiled('catalog.cc', '-O2', '-gdwarf64'),
    Rust: () => compiledElsewhere('shapes.rs'),
    'optimised Rust': () => compiledElsewhere('shapes.rs', '-O'),
    Go: () => compiledElsewhere('server.go'),
  };
  for (const [what, build] of Object.entries(programs)) {
    it(`finds what a search finds in ${what}`, function () {
      const fixture = build();
      if (!fixture) return skip(this, 'its compiler is not there');
      assertSame(fixture.path, fixture.source.endsWith('.rs') ? 25 : undefined);
    });
  }

  it('offers names near to one that there is not', () => {
    const searched = new Searched(compiled('catalog.cc', '-O0').path);
    const { index } = searched;
    assert.ok(index.similar('mian').includes('main'));
    assert.ok(index.similar('shop::Squar::area').includes('shop::Square::area'));
    assert.ok(index.similar('shop::Square::aera').includes('shop::Square::area'));
    assert.deepEqual(index.similar('nothing_like_this_at_all'), []);
    searched.dispose();
  });

  it('finds what a search finds where dwz shared entries between files', function () {
    if (!has('dwz')) return skip(this, 'there is no dwz');
    const folder = mkdtempSync(join(tmpdir(), 'sidestep-index-'));
    try {
      const copies = ['one', 'two'].map((name) => join(folder, name));
      copyFileSync(compiled('catalog.cc', '-O2').path, copies[0]!);
      copyFileSync(compiled('catalog.cc', '-O0').path, copies[1]!);
      execFileSync('dwz', ['-m', join(folder, 'shared.dwz'), ...copies]);
      assertSame(copies[0]!);
      assertSame(copies[1]!);
      const alone = join(folder, 'alone');
      copyFileSync(compiled('catalog.cc', '-O2').path, alone);
      execFileSync('dwz', [alone]);
      assertSame(alone);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('finds inlined functions whose abstract instances dwz shared between files', function () {
    if (!has('dwz')) return skip(this, 'there is no dwz');
    const folder = mkdtempSync(join(tmpdir(), 'sidestep-index-'));
    try {
      const builds = [compiled('catalog.cc', '-O2').path, compiled('catalog.cc', '-O2', '-DANOTHER').path];
      const copies = ['one', 'two'].map((name) => join(folder, name));
      for (const [at, copy] of copies.entries()) copyFileSync(builds[at]!, copy);
      execFileSync('dwz', ['-m', join(folder, 'shared.dwz'), ...copies]);
      const [whole, shared] = [builds[0]!, copies[0]!].map((path) => Image.open(path, { cacheDirectory: folder }));
      const searched = new Searched(builds[0]!);
      const names = searched.names(TAG.subprogram);
      let places = 0;
      for (const name of names) {
        const [wanted, found] = [whole!, shared!].map((image) =>
          image.functionPlaces(name).map(({ candidates }) => candidates[0]),
        );
        assert.deepEqual(new Set(found), new Set(wanted), name);
        places += wanted!.length;
      }
      assert.ok(places > 20);
      for (const opened of [whole!, shared!, searched]) opened.dispose();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('finds what a search finds in CPython', function () {
    const path = '/usr/lib/debug/.build-id/c5/61f3aa7232f2bd6ac6d56bd475f1c154a00486.debug';
    if (!existsSync(path)) return skip(this, 'there is no debug file of CPython');
    assertSame(path, 15);
  });
});
