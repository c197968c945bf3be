import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { matchSource, SAME_FILE } from '../../../src/session/code/sourceMatch';

describe('source match', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-sources-'));
    for (const name of ['plugin', 'host']) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, 'main.c'), '');
    }
    symlinkSync(join(directory, 'host'), join(directory, 'link'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const match = (query: string, ...files: string[]) =>
    matchSource(
      query,
      files.map((file) => ({ built: file, here: file })),
    );

  it('is certain of the very path', () => {
    assert.equal(match('/src/a.c', '/other/src/a.c', '/src/a.c')[0]?.closeness, SAME_FILE);
  });

  it('knows a file that is reached by another name', () => {
    const [found] = match(join(directory, 'link/main.c'), join(directory, 'host/main.c'));
    assert.equal(found?.closeness, SAME_FILE);
  });

  it('takes the longest common end where the program was built elsewhere', () => {
    const [found] = match('/home/me/project/src/a.c', '/build/lib/a.c', '/build/project/src/a.c');
    assert.deepEqual([found?.built, found?.closeness], ['/build/project/src/a.c', 3]);
  });

  it('does not take a file that is there for another one of its name', () => {
    assert.deepEqual(match(join(directory, 'plugin/main.c'), join(directory, 'host/main.c')), []);
  });

  it('takes the end of a path for the path', () => {
    assert.equal(match('src/a.c', '/build/src/a.c')[0]?.built, '/build/src/a.c');
  });

  it('gives several that are equally good', () => {
    const found = match('a.c', '/build/one/a.c', '/build/two/a.c');
    assert.deepEqual(
      found.map(({ here }) => here),
      ['/build/one/a.c', '/build/two/a.c'],
    );
  });
});
