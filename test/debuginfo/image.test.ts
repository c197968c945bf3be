/** Where debug information comes from, and what of the ELF file itself an image answers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileOffset, linkAddress } from '../../src/base/address';
import { Image, type ImageOptions } from '../../src/debuginfo/image';
import { compiled, has } from './compile';
import { placeText } from './show';
import { skip } from '../skip';

function using<T>(path: string, test: (image: Image) => T, options?: ImageOptions): T {
  const image = Image.open(path, options);
  try {
    return test(image);
  } finally {
    image.dispose();
  }
}

function run(command: string, ...options: string[]): string {
  return execFileSync(command, options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('images', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sidestep-image-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('say what the dynamic linker makes of them', () => {
    using(compiled('values.c', '-no-pie').path, ({ kind, interpreter }) => {
      assert.equal(kind, 'executable');
      assert.match(interpreter ?? '', /ld-linux/);
    });
    using(compiled('values.c', '-O0').path, ({ kind }) => assert.equal(kind, 'pie'));
    using(compiled('values.c', '-O1', '-static').path, ({ kind, interpreter }) => {
      assert.equal(kind, 'executable');
      assert.equal(interpreter, undefined);
    });
    using(compiled('values.c', '-static-pie').path, ({ kind }) => assert.equal(kind, 'pie'));
    using(compiled('opaque_definition.c', '-shared', '-fPIC').path, ({ kind }) => assert.equal(kind, 'sharedObject'));
    using('/lib/x86_64-linux-gnu/libc.so.6', ({ kind }) => assert.equal(kind, 'sharedObject'));
  });

  it('map file offsets to addresses and give the bytes of code', () => {
    const { path } = compiled('values.c', '-O0');
    using(path, (image) => {
      const segment = image.segments.find(({ executable }) => executable)!;
      assert.equal(image.codeAddressOfOffset(segment.offset), segment.address);
      assert.equal(image.codeAddressOfOffset(fileOffset(2 ** 40)), undefined);
      const main = image.symbolAddress('main')!;
      const offset = segment.offset + Number(main - segment.address);
      assert.deepEqual([...image.textAt(main, 8)!], [...readFileSync(path).subarray(offset, offset + 8)]);
      const end = linkAddress(segment.address + BigInt(segment.fileSize));
      assert.equal(image.textAt(linkAddress(end - 3n), 16)!.length, 3);
      assert.equal(image.textAt(end, 1), undefined);
      assert.equal(image.textAt(image.symbolAddress('counter')!, 1), undefined);
    });
  });

  it('map the page where code begins, though another segment ends in it', () => {
    const { path } = compiled('values.c', '-O0', '-fuse-ld=lld');
    using(path, (image) => {
      const segment = image.segments.find(({ executable }) => executable)!;
      const inPage = segment.offset % 4096;
      assert.notEqual(inPage, 0, 'lld does not align segments in the file');
      const page = image.codeAddressOfOffset(fileOffset(segment.offset - inPage));
      assert.equal(page, segment.address - BigInt(inPage));
    });
  });

  it('list the entries of functions and the starts of lines', () => {
    using(compiled('values.c', '-O0').path, (image) => {
      const entries = new Set(image.functionEntries());
      for (const name of ['main', 'walk', 'twice', 'pick']) assert.ok(entries.has(image.symbolAddress(name)!), name);
      const starts = new Set(image.lineStarts());
      for (const place of image.functionPlaces('walk')) assert.ok(starts.has(place.candidates[0]!));
    });
  });

  it('have functions by symbol where stripping left only the link to what dwz shared', () => {
    const program = join(folder, 'program');
    const link = join(folder, 'link');
    writeFileSync(link, Buffer.concat([Buffer.from('/nowhere/shared.debug\0'), Buffer.alloc(20, 7)]));
    run('objcopy', '--strip-debug', '--add-section', `.gnu_debugaltlink=${link}`, compiled('values.c').path, program);
    using(program, (image) => {
      assert.equal(image.hasDebugInfo, false);
      assert.equal(image.functionPlaces('main').length, 1);
    });
  });

  describe('whose debug information was moved to a file of its own', () => {
    /** A stripped copy of the program, and its debug file; `link`: with .gnu_debuglink. */
    function split(program: string, { link }: { readonly link: boolean }): { stripped: string; debug: string } {
      const stripped = join(folder, basename(program));
      const debug = `${stripped}.debug`;
      run('objcopy', '--only-keep-debug', program, debug);
      run('objcopy', '--strip-all', ...(link ? [`--add-gnu-debuglink=${debug}`] : []), program, stripped);
      return { stripped, debug };
    }

    function checkWhole(path: string, debug: string, options?: ImageOptions): void {
      using(
        path,
        (image) => {
          assert.equal(image.debugFile, debug);
          const [place] = image.functionPlaces('walk');
          assert.equal(place!.function, 'walk');
          const scope = image.scopeAt(place!.candidates[0]!);
          assert.equal(scope.lookup('limit')!.location.kind, 'memory');
          assert.notEqual(scope.lookup('file_static'), undefined);
        },
        options,
      );
    }

    it('find it by build-id', () => {
      const { stripped, debug } = split(compiled('values.c', '-O0').path, { link: false });
      const id = using(stripped, ({ buildId }) => buildId!);
      const place = join(folder, 'debug', '.build-id', id.slice(0, 2));
      mkdirSync(place, { recursive: true });
      copyFileSync(debug, join(place, `${id.slice(2)}.debug`));
      checkWhole(stripped, join(place, `${id.slice(2)}.debug`), { debugDirectories: [join(folder, 'debug')] });
    });

    it('find it by its name, beside the program, in .debug or below a debug directory', () => {
      const { stripped, debug } = split(compiled('values.c', '-O0').path, { link: true });
      checkWhole(stripped, debug);
      for (const place of [join(folder, '.debug'), join(folder, 'all', folder)]) {
        mkdirSync(place, { recursive: true });
        const moved = join(place, basename(debug));
        copyFileSync(debug, moved);
        rmSync(debug);
        checkWhole(stripped, moved, { debugDirectories: [join(folder, 'all')] });
        copyFileSync(moved, debug);
        rmSync(moved);
      }
    });

    it('do not take a file that belongs to another build', () => {
      const plain = compiled('values.c', '-O0', '-Wl,--build-id=none');
      const { stripped, debug } = split(plain.path, { link: true });
      using(stripped, (image) => assert.equal(image.debugFile, debug));
      // The checksum no longer fits.
      writeFileSync(debug, Buffer.concat([readFileSync(debug), Buffer.from('x')]));
      using(stripped, (image) => {
        assert.equal(image.debugFile, undefined);
        assert.equal(image.hasDebugInfo, false);
        assert.equal(image.warnings.length, 1);
        assert.ok(image.warnings[0]!.startsWith(`${debug} is not the debug file of ${stripped}: its CRC-32 is not`));
      });
    });

    it('name a file with the build-id of another build', () => {
      const { stripped, debug } = split(compiled('values.c', '-O0', '-Wl,--build-id').path, { link: true });
      using(stripped, (image) => assert.deepEqual(image.warnings, []));
      copyFileSync(compiled('values.c', '-O1', '-Wl,--build-id').path, debug);
      using(stripped, (image) => {
        assert.equal(image.hasDebugInfo, false);
        assert.match(image.warnings[0]!, /its build-id is [0-9a-f]{40}, not [0-9a-f]{40}\. It is not used/);
      });
    });

    it("find it in the cache of debuginfod's clients", () => {
      const { stripped, debug } = split(compiled('values.c', '-O0', '-Wl,--build-id').path, { link: false });
      const buildId = using(stripped, (image) => image.buildId!);
      const cache = join(folder, 'cache');
      mkdirSync(join(cache, buildId), { recursive: true });
      renameSync(debug, join(cache, buildId, 'debuginfo'));
      using(stripped, (image) => assert.equal(image.hasDebugInfo, false));
      using(stripped, (image) => assert.equal(image.hasDebugInfo, true), { debuginfodCache: cache });
    });

    describe('but for the symbols of its functions (MiniDebugInfo)', () => {
      /** As the GDB manual makes it: the functions that are not exported, compressed into a section. */
      function minimal(flags: readonly string[] = []): string {
        const { path } = compiled('values.c', '-O1', ...flags);
        const [mini, stripped] = [join(folder, 'mini'), join(folder, 'program')];
        run('objcopy', '-S', ...['walk', 'many'].map((name) => `--keep-symbol=${name}`), path, mini);
        run('xz', '-f', mini);
        run('objcopy', '-S', '--add-section', `.gnu_debugdata=${mini}.xz`, path, stripped);
        return stripped;
      }

      it('finds them by their names', function () {
        if (!has('xz')) skip(this, 'there is no xz');
        const walk = using(compiled('values.c', '-O1').path, (image) => image.symbolAddress('walk'));
        using(minimal(), (image) => {
          assert.equal(image.hasDebugInfo, false);
          assert.equal(image.symbolAddress('walk'), walk);
          assert.deepEqual(
            image.functionPlaces('walk').map(({ candidates }) => candidates[0]),
            [walk],
          );
          assert.equal(image.describe(linkAddress(walk! + 1n)).symbol?.name, 'walk');
          assert.equal(image.symbolAddress('pick'), undefined);
          assert.deepEqual(image.notices(), []);
        });
      });

      it('says so where they are damaged, or become too much', function () {
        if (!has('xz')) skip(this, 'there is no xz');
        const bomb = join(folder, 'bomb');
        writeFileSync(bomb, Buffer.alloc(20 << 20));
        run('xz', '-f', bomb);
        const text = join(folder, 'text');
        writeFileSync(text, 'no ELF file');
        run('xz', '-f', text);
        const sound = minimal();
        const damaged = join(folder, 'damaged.xz');
        writeFileSync(
          damaged,
          readFileSync(join(folder, 'mini.xz')).map((byte, index) => (index > 40 ? byte ^ 1 : byte)),
        );
        for (const data of [`${bomb}.xz`, `${text}.xz`, damaged, '/dev/null']) {
          const path = join(folder, 'broken');
          run('objcopy', '--remove-section', '.gnu_debugdata', '--add-section', `.gnu_debugdata=${data}`, sound, path);
          using(path, (image) => {
            assert.equal(image.symbolAddress('walk'), undefined);
            const expected =
              data === '/dev/null' ? /^$|malformed/ : /\.gnu_debugdata of .*broken (?:is malformed|can't be read)/;
            assert.match(image.notices().join(), expected);
          });
        }
      });
    });

    it('find what dwz moved on to a third file', function () {
      if (!has('dwz')) return skip(this, 'there is no dwz');
      const copies = ['-O0', '-O1'].map((level, index) => {
        const path = join(folder, `program${index}`);
        copyFileSync(compiled('catalog.cc', level).path, path);
        return path;
      });
      run('dwz', '-m', join(folder, 'shared.dwz'), ...copies);
      const [path] = copies;
      assert.match(run('readelf', '-SW', path!), /\.gnu_debugaltlink/);
      const expected = using(compiled('catalog.cc', '-O0').path, (image) =>
        image.functionPlaces('maximum').map(placeText),
      );
      using(path!, (image) => {
        assert.deepEqual(image.functionPlaces('maximum').map(placeText), expected);
        const [place] = image.functionPlaces('Square::area');
        const scope = image.scopeAt(place!.candidates[0]!);
        assert.equal(scope.function, 'shop::Square::area');
        assert.equal(scope.lookup('scale')!.type.byteSize, 4);
        assert.notEqual(scope.lookupType('shop::Item'), undefined);
        assert.notEqual(scope.lookupType('std::string'), undefined);
      });
      rmSync(join(folder, 'shared.dwz'));
      using(path!, (image) => {
        assert.throws(() => image.functionPlaces('maximum'), { code: 'file-unreadable', message: /shared\.dwz/ });
      });
    });

    it('read what dwz shared between the units of one file', function () {
      if (!has('dwz')) return skip(this, 'there is no dwz');
      const path = join(folder, 'program');
      copyFileSync(
        compiled('opaque.c', '-O0', join(__dirname, '../fixtures/debuginfo/opaque_definition.c')).path,
        path,
      );
      run('dwz', path);
      using(path, (image) => {
        const [place] = image.functionPlaces('use');
        const box = image.scopeAt(place!.candidates[0]!).lookup('box')!.type;
        assert.equal(box.kind === 'pointer' && box.target.byteSize, 8);
      });
    });
  });

  for (const format of ['zlib', 'zlib-gnu', 'zstd']) {
    it(`read debug information compressed in the format ${format}`, function () {
      const path = join(folder, 'program');
      try {
        run('objcopy', `--compress-debug-sections=${format}`, compiled('values.c', '-O0').path, path);
      } catch {
        return skip(this, `objcopy was built without ${format}`);
      }
      using(path, (image) => assert.equal(image.functionPlaces('walk').length, 1));
    });
  }

  it('tell once that debug information is being read', () => {
    const told: string[] = [];
    using(
      compiled('values.c', '-O0').path,
      (image) => {
        assert.deepEqual(told, []);
        image.functionPlaces('walk');
        image.functionPlaces('twice');
        assert.equal(told.length, 1);
        assert.match(told[0]!, /^Reading debug information of .*values$/);
      },
      { onProgress: (what) => told.push(what) },
    );
  });

  it('refuse what is no program', () => {
    assert.throws(() => Image.open('/etc/passwd'), { code: 'not-elf' });
    assert.throws(() => Image.open('/no/such/file'), { code: 'file-unreadable' });
  });
});
