import assert from 'node:assert/strict';
import { SourceMap } from '../../../src/session/code/sourceMap';

describe('source map', () => {
  const map = new SourceMap({ '/build/src': '/home/me/src/', '/build': '/elsewhere' });

  it('replaces the longest prefix that fits', () => {
    assert.equal(map.toHere('/build/src/a.c'), '/home/me/src/a.c');
    assert.equal(map.toHere('/build/b.c'), '/elsewhere/b.c');
  });

  it('goes both ways', () => {
    assert.equal(map.toBuilt('/home/me/src/lib/a.c'), '/build/src/lib/a.c');
  });

  it('leaves what it does not know, also when a name only begins alike', () => {
    assert.equal(map.toHere('/builder/a.c'), '/builder/a.c');
    assert.equal(map.toBuilt('server.c'), 'server.c');
  });
});
