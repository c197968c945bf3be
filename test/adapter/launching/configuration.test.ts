import assert from 'node:assert/strict';
import { readAttach, readLaunch } from '../../../src/adapter/launching/configuration';

describe('launch configuration', () => {
  it('takes what is not said from the program', () => {
    assert.deepEqual(readLaunch({ program: '/home/me/server' }), {
      program: '/home/me/server',
      args: [],
      cwd: '/home/me',
      env: {},
      envFile: undefined,
      console: 'internalConsole',
      sourceMap: {},
      debugDirectories: [],
      visualizerFiles: [],
      debuginfod: true,
      follow: 'none',
      elevation: undefined,
    });
  });

  it('takes the limit of a pattern', () => {
    assert.equal(readLaunch({ program: '/a', maxSites: 50_000 }).maxSites, 50_000);
  });

  it('reads relative paths from the working directory', () => {
    const { program, envFile } = readLaunch({ program: 'bin/server', cwd: '/home/me', envFile: '.env' });
    assert.deepEqual([program, envFile], ['/home/me/bin/server', '/home/me/.env']);
  });

  it('takes one Natvis file or a list', () => {
    const files = (visualizerFile: unknown) =>
      readLaunch({ program: '/a', cwd: '/home/me', visualizerFile }).visualizerFiles;
    assert.deepEqual(files('my.natvis'), ['/home/me/my.natvis']);
    assert.deepEqual(files(['/a/b.natvis', 'c.natvis']), ['/a/b.natvis', '/home/me/c.natvis']);
  });

  it('ignores the keys that editors add', () => {
    assert.doesNotThrow(() => readLaunch({ program: '/a', type: 'sidestep', request: 'launch', __sessionId: 1 }));
  });

  const mistakes: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{}, /"program" is missing/],
    [{ program: 'server' }, /"program" must be an absolute path/],
    [{ program: 7 }, /"program" must be a string/],
    [{ program: '/a', args: '-v' }, /"args" must be a list of strings/],
    [{ program: '/a', args: ['-n', 5] }, /"args" must be a list of strings/],
    [{ program: '/a', follow: 'parents' }, /"follow" must be one of none, children/],
    [{ program: '/a', visualizerFile: 7 }, /"visualizerFile" must be a string or a list of strings/],
    [{ program: '/a', maxSites: 0 }, /"maxSites" must be a whole number from 1 on/],
    [{ program: '/a', maxSites: '9' }, /"maxSites" must be a whole number from 1 on/],
    [{ program: '/a', env: ['A=1'] }, /"env" must be an object whose values are strings or null/],
    [{ program: '/a', env: { A: 1 } }, /"env.A" must be one of strings or null/],
    [{ program: '/a', sourceMap: { '/a': null } }, /"sourceMap.\/a" must be one of strings/],
    [
      { program: '/a', console: 'tty' },
      /"console" must be one of internalConsole, integratedTerminal, externalTerminal/,
    ],
  ];
  for (const [raw, message] of mistakes) {
    it(`names the key that is wrong in ${JSON.stringify(raw)}`, () => {
      assert.throws(() => readLaunch(raw), { code: 'bad-option', message });
    });
  }
});

describe('attach configuration', () => {
  it('takes a number or its digits, as pid or processId', () => {
    assert.equal(readAttach({ pid: 12 }).pid, 12);
    assert.equal(readAttach({ processId: '12' }).pid, 12);
  });

  it('names the key that is wrong', () => {
    assert.throws(() => readAttach({}), { message: /"pid" is missing/ });
    assert.throws(() => readAttach({ processId: 'server' }), {
      message: /"processId" must be a process id, not "server"/,
    });
    assert.throws(() => readAttach({ pid: 1, visualizerFile: 'a.natvis' }), {
      message: /"visualizerFile" must be an absolute path, not "a.natvis"/,
    });
    assert.throws(() => readAttach({ pid: -1 }), { message: /"pid" must be a process id, not -1/ });
  });
});
