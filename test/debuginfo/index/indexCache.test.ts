/** Indexes on disk: whole or not there, whatever happens to the files. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfFile } from '../../../src/debuginfo/elf/elfFile';
import { CacheFolder, cacheDirectory, type CacheFolderOptions } from '../../../src/debuginfo/index/cacheFolder';
import { FileIndex } from '../../../src/debuginfo/index/fileIndex';
import { IndexCache } from '../../../src/debuginfo/index/indexCache';
import { decodeIndex, encodeIndex } from '../../../src/debuginfo/index/indexFormat';
import { type IndexTables } from '../../../src/debuginfo/index/indexTables';
import { TableIndex } from '../../../src/debuginfo/index/nameIndex';
import { scanNames } from '../../../src/debuginfo/index/scan';
import { compiled } from '../compile';

/** Changes that each of the two fuzz tests makes. */
const CHANGES = 400;

function cacheIn(directory: string, options: CacheFolderOptions = {}): IndexCache {
  return new IndexCache(new CacheFolder(directory, options));
}

describe('An index cache', () => {
  let folder: string;
  let tables: IndexTables;
  let path: string;

  before(() => {
    const file = ElfFile.open(compiled('catalog.cc', '-O2').path);
    tables = scanNames(file);
    file.dispose();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sidestep-cache-'));
    path = join(folder, 'cache');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Asks everything that there is to ask. */
  function askAll(index: TableIndex): void {
    for (const name of ['area', 'shop::Square::area', 'main', 'Item', '']) {
      for (const kind of ['functions', 'globals', 'types', 'enumerators', 'similar'] as const) index[kind](name);
    }
    assert.ok([...index.functionsMatching('*')].length >= 0);
    for (const file of index.files()) index.unitsWithFile(file);
    index.unitsCompleting(100);
    index.unitsCompletingShared(100);
    assert.ok(index.unread.length >= 0);
  }

  it('gives back what was put in', () => {
    const cache = cacheIn(path);
    assert.equal(cache.read('key'), undefined);
    cache.write('key', tables);
    assert.deepEqual(cache.read('key'), tables);
    assert.equal(cache.read('other'), undefined);
  });

  it('is the user’s alone', () => {
    cacheIn(path).write('key', tables);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    const [name] = readdirSync(path);
    assert.equal(statSync(join(path, name!)).mode & 0o777, 0o600);
  });

  it('has nothing in a directory that others may write to', () => {
    mkdirSync(path);
    cacheIn(path).write('key', tables);
    assert.deepEqual(cacheIn(path).read('key'), tables);
    for (const mode of [0o770, 0o702]) {
      chmodSync(path, mode);
      assert.equal(cacheIn(path).read('key'), undefined);
      cacheIn(path).write('other', tables);
    }
    assert.equal(readdirSync(path).length, 1);
  });

  it('takes no index for another file’s', () => {
    cacheIn(path).write('key', tables);
    const [name] = readdirSync(path);
    copyFileSync(join(path, name!), join(path, name!.replace('key', 'other')));
    assert.equal(cacheIn(path).read('other'), undefined);
    assert.deepEqual(cacheIn(path).read('key'), tables);
  });

  it('reads no file that others may write to, and makes it anew', () => {
    cacheIn(path).write('key', tables);
    const file = join(path, readdirSync(path)[0]!);
    chmodSync(file, 0o622);
    assert.equal(cacheIn(path).read('key'), undefined);
    cacheIn(path).write('key', tables);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(cacheIn(path).read('key'), tables);
  });

  it('changes nothing of what a link in it leads to', () => {
    cacheIn(path).write('key', tables);
    const file = join(path, readdirSync(path)[0]!);
    const elsewhere = join(folder, 'elsewhere');
    renameSync(file, elsewhere);
    symlinkSync(elsewhere, file);
    const before = statSync(elsewhere).mtimeMs;
    cacheIn(path).read('key');
    assert.equal(statSync(elsewhere).mtimeMs, before);
  });

  it('reads nobody else’s files', () => {
    cacheIn(path).write('key', tables);
    assert.equal(cacheIn(path, { user: 12345 }).read('key'), undefined);
  });

  it('makes an index once and knows it again, until the program is written again', () => {
    const program = join(folder, 'program');
    let scans = 0;
    const open = (): readonly unknown[] => {
      const file = ElfFile.open(program);
      const index = new FileIndex(file, { cache: cacheIn(path), leastKept: 0, onScan: () => scans++ }).index;
      file.dispose();
      return index.functions('shop::Square::area');
    };
    // Without a build-id: told by when it was written.
    execFileSync('objcopy', ['--remove-section=.note.gnu.build-id', compiled('catalog.cc', '-O2').path, program]);
    const first = open();
    assert.ok(first.length > 0);
    assert.deepEqual(open(), first);
    assert.equal(scans, 1);
    utimesSync(program, new Date(), new Date(1e12));
    assert.deepEqual(open(), first);
    assert.equal(scans, 2);
  });

  it('drops what was not used for the longest time', () => {
    const size = encodeIndex(tables, 'key').length;
    const cache = cacheIn(path, { maxBytes: 2.5 * size });
    for (const [age, key] of ['oldest', 'older'].entries()) {
      cache.write(key, tables);
      const name = readdirSync(path).find((each) => each.startsWith(`${key}.`))!;
      utimesSync(join(path, name), new Date(), new Date(1e12 + age * 1e6));
    }
    assert.ok(cache.read('oldest')); // used now
    cache.write('newest', tables);
    assert.equal(cache.read('older'), undefined);
    assert.ok(cache.read('oldest'));
    assert.ok(cache.read('newest'));
    assert.equal(cacheIn(path, { maxBytes: size - 1 }).read('newest'), undefined);
  });

  it('takes away what a writer that was killed has left', () => {
    mkdirSync(path);
    const left = join(path, 'key.v1.index.1.2.tmp');
    writeFileSync(left, '');
    utimesSync(left, new Date(), new Date(1e12));
    const fresh = join(path, 'key.v1.index.3.4.tmp');
    writeFileSync(fresh, '');
    cacheIn(path).write('other', tables);
    const names = readdirSync(path);
    assert.deepEqual(
      names.filter((name) => name.endsWith('.tmp')),
      ['key.v1.index.3.4.tmp'],
    );
  });

  it('has nothing and harms nobody where its directory can’t be one', () => {
    writeFileSync(path, 'a file');
    for (const directory of [path, join(path, 'below'), '/proc/1/sidestep', '/dev/null']) {
      const cache = cacheIn(directory);
      cache.write('key', tables);
      assert.equal(cache.read('key'), undefined);
    }
    assert.equal(readFileSync(path, 'utf8'), 'a file');
  });

  it('is read where it can’t be written', () => {
    cacheIn(path).write('key', tables);
    const [name] = readdirSync(path);
    chmodSync(join(path, name!), 0o400);
    chmodSync(path, 0o500);
    assert.deepEqual(cacheIn(path).read('key'), tables);
    chmodSync(path, 0o700);
  });

  it('waits for no FIFO and reads no directory in place of an index', () => {
    const cache = cacheIn(path);
    cache.write('key', tables);
    const file = join(path, readdirSync(path)[0]!);
    rmSync(file);
    execFileSync('mkfifo', [file]);
    assert.equal(cache.read('key'), undefined);
    rmSync(file);
    mkdirSync(file);
    assert.equal(cache.read('key'), undefined);
    cache.write('key', tables);
    assert.equal(cache.read('key'), undefined);
  });

  it('is in the directory that the environment names', () => {
    assert.equal(cacheDirectory({ XDG_CACHE_HOME: '/a' }), '/a/sidestep');
    assert.equal(cacheDirectory({ XDG_CACHE_HOME: 'a', HOME: '/h' }), '/h/.cache/sidestep');
    assert.equal(cacheDirectory({ HOME: '/h' }), '/h/.cache/sidestep');
    assert.equal(cacheDirectory({ HOME: 'h' }), undefined);
  });

  it('sees every damage to a file', () => {
    const whole = encodeIndex(tables, 'key');
    for (let change = 0; change < CHANGES; change++) {
      const at = Math.floor((change * whole.length) / CHANGES);
      const damaged = whole.slice();
      damaged[at]! ^= 1 << (change & 7);
      assert.equal(decodeIndex(damaged, 'key'), undefined, `bit ${change & 7} of byte ${at}`);
      assert.equal(decodeIndex(whole.slice(0, at), 'key'), undefined, `${at} bytes`);
    }
    assert.equal(decodeIndex(new Uint8Array(whole.length), 'key'), undefined);
    assert.equal(decodeIndex(Buffer.concat([whole, Buffer.alloc(8)]), 'key'), undefined);
  });

  it('answers from a sound file with senseless contents, or takes it for none', () => {
    let sound = 0;
    const names = Object.keys(tables) as (keyof IndexTables)[];
    for (let change = 0; change < CHANGES; change++) {
      const name = names[change % names.length]!;
      const table = tables[name].slice();
      // A sequence without a pattern (Knuth, volume 2, 3.3.4).
      const random = Math.imul(change + 1, 1664525) + 1013904223;
      if (table.length > 0)
        table[(random >>> 3) % table.length] = change % 3 === 0 ? random >>> 0 : (random >>> 20) & 0xff;
      const decoded = decodeIndex(
        encodeIndex({ ...tables, [name]: change % 5 === 0 ? table.subarray(1) : table }, 'key'),
        'key',
      );
      if (!decoded) continue;
      sound++;
      askAll(new TableIndex(decoded));
    }
    assert.ok(sound > 0 && sound < CHANGES, `${sound}`);
  });

  it('gives every reader a whole index while others write', async () => {
    const cache = cacheIn(path);
    const program = compiled('catalog.cc', '-O2').path;
    const source = `
      const { ElfFile } = require(${JSON.stringify(require.resolve('../../../src/debuginfo/elf/elfFile'))});
      const { CacheFolder } = require(${JSON.stringify(require.resolve('../../../src/debuginfo/index/cacheFolder'))});
      const { IndexCache } = require(${JSON.stringify(require.resolve('../../../src/debuginfo/index/indexCache'))});
      const { scanNames } = require(${JSON.stringify(require.resolve('../../../src/debuginfo/index/scan'))});
      const tables = scanNames(ElfFile.open(${JSON.stringify(program)}));
      const cache = new IndexCache(new CacheFolder(${JSON.stringify(path)}));
      for (let round = 0; round < 100; round++) cache.write('key', tables);`;
    const writers = [1, 2].map(() =>
      spawn(process.execPath, ['--require', 'tsx/cjs', '--eval', source], { stdio: 'inherit' }),
    );
    let running = writers.length;
    const ends = writers.map(async (writer) => {
      const [code] = (await once(writer, 'exit')) as [number | null];
      assert.equal(code, 0);
      running--;
    });
    let reads = 0;
    while (running > 0) {
      const read = cache.read('key');
      if (reads > 0) assert.ok(read, 'an index that was there is gone');
      if (read) {
        assert.equal(read.entries.length, tables.entries.length);
        reads++;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(ends);
    assert.ok(reads > 0);
    assert.deepEqual(
      readdirSync(path).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});
