/** Copies of compressed sections: whatever becomes of them, a section reads as it was compressed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TAG } from '../../../src/debuginfo/dwarf/constants';
import { ElfFile } from '../../../src/debuginfo/elf/elfFile';
import { Image } from '../../../src/debuginfo/image';
import { CacheFolder } from '../../../src/debuginfo/index/cacheFolder';
import { SectionCopies } from '../../../src/debuginfo/index/sectionCopies';
import { compiled } from '../compile';
import { Searched } from './searches';

const SECTION = '.debug_info';

describe('A copy of a compressed section', () => {
  let folder: string;
  let cache: string;
  let program: string;
  let wanted: Uint8Array;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sidestep-copies-'));
    program = join(folder, 'program');
    execFileSync('objcopy', ['--compress-debug-sections=zlib', compiled('catalog.cc', '-O2').path, program]);
    wanted = using(program, undefined, (file) => Uint8Array.from(file.sectionBytes(SECTION)!));
    assert.ok(wanted.length > 1000);
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => (cache = mkdtempSync(join(folder, 'cache-'))));

  function using<T>(path: string, key: string | undefined, read: (file: ElfFile) => T): T {
    const file = ElfFile.open(path);
    try {
      if (key !== undefined) file.keepSections(new SectionCopies(new CacheFolder(cache), key, 1));
      return read(file);
    } finally {
      file.dispose();
    }
  }

  function partOf(file: ElfFile, from: number, to: number): Uint8Array {
    const parts = file.sectionParts(SECTION);
    assert.ok(parts, 'there is no copy');
    parts.need(from, to);
    return parts.data.slice(from, to);
  }

  /** The file that the section is kept in. */
  function kept(): string {
    const name = readdirSync(cache).find((each) => each.includes(SECTION));
    assert.ok(name);
    return join(cache, name);
  }

  it('is made when the section is decompressed, and read in parts from then on', () => {
    using(program, 'key', (file) => {
      assert.equal(file.sectionParts(SECTION), undefined);
      assert.deepEqual(Uint8Array.from(file.sectionBytes(SECTION)!), wanted);
    });
    using(program, 'key', (file) => {
      assert.deepEqual(partOf(file, 10, 500), wanted.slice(10, 500));
      assert.deepEqual(partOf(file, wanted.length - 7, wanted.length), wanted.slice(-7));
      assert.deepEqual(Uint8Array.from(file.sectionBytes(SECTION)!), wanted);
    });
    using(program, 'another', (file) => assert.equal(file.sectionParts(SECTION), undefined));
  });

  it('is made again where it is damaged, and not believed', () => {
    const size = using(program, 'key', (file) => file.sectionBytes(SECTION)!.length);
    const whole = readFileSync(kept());
    const start = whole.length - size;
    for (const at of [start, start + (size >> 1), whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x10;
      writeFileSync(kept(), damaged);
      using(program, 'key', (file) => assert.deepEqual(partOf(file, 0, size), wanted));
      assert.deepEqual(readFileSync(kept()), whole);
    }
  });

  it('is none where its head is damaged, it is cut, or it is another’s', () => {
    const size = using(program, 'key', (file) => file.sectionBytes(SECTION)!.length);
    const whole = readFileSync(kept());
    const path = kept();
    const none = (): void => {
      using(program, 'key', (file) => assert.equal(file.sectionParts(SECTION), undefined));
    };
    for (let at = 0; at < 100; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << (at & 7);
      writeFileSync(path, damaged);
      none();
    }
    for (const length of [0, 1, 30, whole.length - size, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      none();
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.alloc(1)]));
    none();
    copyFileSync(compiled('values.c', '-O2').path, path);
    none();
    rmSync(path);
    execFileSync('mkfifo', [path]);
    none();
    rmSync(path);
    mkdirSync(path);
    none();
  });

  it('may shrink or change while it is read', () => {
    const size = using(program, 'key', (file) => file.sectionBytes(SECTION)!.length);
    using(program, 'key', (file) => {
      assert.ok(file.sectionParts(SECTION));
      truncateSync(kept(), 400);
      assert.deepEqual(partOf(file, 0, size), wanted);
    });
    using(program, 'key', (file) => {
      assert.ok(file.sectionParts(SECTION));
      writeSync(openSync(kept(), 'r+'), Buffer.alloc(64), 0, 64, 1000);
      assert.deepEqual(partOf(file, 0, size), wanted);
    });
  });

  it('is not made where there is no room', () => {
    const tiny = new SectionCopies(new CacheFolder(cache, { maxBytes: 100 }), 'key', 1);
    const file = ElfFile.open(program);
    file.keepSections(tiny);
    assert.deepEqual(Uint8Array.from(file.sectionBytes(SECTION)!), wanted);
    file.dispose();
    assert.deepEqual(readdirSync(cache), []);
  });

  it('does not change what is found', () => {
    const searched = new Searched(program);
    const names = searched.names(TAG.subprogram).filter((_, index) => index % 20 === 0);
    searched.dispose();
    const answers = (): unknown => {
      const image = Image.open(program, { cacheDirectory: cache, leastKept: 0 });
      try {
        return names.map((name) =>
          image.functionPlaces(name).map((place) => [place, image.scopeAt(place.candidates[0]!).function]),
        );
      } finally {
        image.dispose();
      }
    };
    const first = answers();
    assert.ok(readdirSync(cache).length >= 3, 'nothing was kept');
    assert.deepEqual(answers(), first);
  });
});
