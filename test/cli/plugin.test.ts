import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fixture, marked, parseJsonLines, sidestep } from './commandLine';

describe('probes in a library that is loaded by the running program', () => {
  let program = '';
  let library = '';

  before(() => {
    program = fixture('plugin');
    library = fixture('plugin', ['-O0', '-DLIBRARY', '-shared', '-fPIC']);
  });

  for (const location of ['plugin_entry', marked('plugin', 'entered')]) {
    it(`see every call from the first on: ${location}`, async () => {
      const args = ['run', '-p', `log ${location} "{number}"`, '--format', 'json', '--', program, library];
      const { status, stdout, stderr } = await sidestep(args);
      assert.equal(status, 0, stderr);
      assert.equal(stdout, 'sum 55\n');
      const { hits } = parseJsonLines(stderr);
      assert.deepEqual(
        hits.map(({ message }) => message),
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
      );
    });
  }

  it('that never comes: said at once and at the end, with status 2', async () => {
    const { status, stdout, stderr } = await sidestep(['run', '-p', 'log plugin_exit', '--', program, library]);
    assert.equal(stdout, 'sum 55\n', 'the program runs: the probe could have found its place later');
    assert.equal(status, 2);
    assert.match(stderr, /plugin_exit.*waits for code/);
  });

  it('that come and go a thousand times, at addresses that others had: every call is seen, none is wrong', async () => {
    const libraries = [1, 2, 3].map((add) => fixture('reload', ['-O1', `-DADD=${add}`, '-shared', '-fPIC']));
    const files = libraries.map((path) => readFileSync(path));
    const args = ['run', '-p', 'count entry', '--format', 'json', '--', fixture('reload'), '1000', ...libraries];
    const { status, stdout, stderr } = await sidestep(args);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'calls 10000 wrong 0\n');
    assert.equal(parseJsonLines(stderr).summary.probes[0]?.hits, 10_000);
    libraries.forEach((path, index) => assert.ok(readFileSync(path).equals(files[index]!), `${path} has changed`));
  });
});
