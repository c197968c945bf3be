import assert from 'node:assert/strict';
import { DisposableStore, Emitter } from '../../src/base/lifetime';

describe('a store of things that end', () => {
  it('ends them last first, and once', () => {
    const ended: number[] = [];
    const store = new DisposableStore();
    for (const item of [1, 2, 3]) store.add({ dispose: () => ended.push(item) });
    store.dispose();
    store.dispose();
    assert.deepEqual(ended, [3, 2, 1]);
  });

  it('ends what is added while it ends', () => {
    const ended: string[] = [];
    const store = new DisposableStore();
    store.add({ dispose: () => store.add({ dispose: () => ended.push('late') }) });
    store.dispose();
    assert.deepEqual(ended, ['late']);
  });
});

describe('an emitter', () => {
  it('calls its listeners in order, until they are disposed of', () => {
    const heard: string[] = [];
    const emitter = new Emitter<string>();
    const first = emitter.on((value) => heard.push(`first ${value}`));
    emitter.on((value) => heard.push(`second ${value}`));
    emitter.fire('a');
    first.dispose();
    emitter.fire('b');
    assert.deepEqual(heard, ['first a', 'second a', 'second b']);
  });

  it('lets a listener that is added while it fires wait for the next event', () => {
    const heard: number[] = [];
    const emitter = new Emitter<number>();
    const adding = emitter.on(() => {
      adding.dispose();
      emitter.on((value) => heard.push(value));
    });
    emitter.fire(1);
    emitter.fire(2);
    assert.deepEqual(heard, [2]);
  });
});
