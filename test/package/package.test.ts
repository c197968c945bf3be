/**
 * What `npm run package` makes is all that a user gets: it is installed into a fresh editor, outside of this folder,
 * and run there with no node_modules anywhere above it.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodeServer } from '../../scripts/codeServer';

const ROOT = join(__dirname, '../..');

describe('the packaged extension', () => {
  let folder: string;
  let installed: string;
  let elsewhere: string;
  const run = (args: readonly string[]) => spawnSync(process.execPath, args, { cwd: elsewhere, encoding: 'utf8' });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sidestep-package-'));
    elsewhere = join(folder, 'empty');
    mkdirSync(elsewhere);
    const vsix = join(folder, 'sidestep.vsix');
    execFileSync('npm', ['run', '--silent', 'vsix', '--', '--out', vsix], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const home = join(folder, 'home');
    await CodeServer.install(home, vsix);
    const extension = readdirSync(join(home, 'extensions')).find((name) => name.startsWith('sidestep.sidestep-'));
    assert.ok(extension, 'the editor has installed it');
    installed = join(home, 'extensions', extension);
  });

  after(() => rmSync(folder, { recursive: true }));

  it('is for linux-x64 and holds the five programs and what they load', () => {
    assert.match(readFileSync(join(installed, '.vsixmanifest'), 'utf8'), /TargetPlatform="linux-x64"/);
    assert.deepEqual(readdirSync(join(installed, 'dist')).sort(), [
      'adapter.js',
      'cli.js',
      'engine.js',
      'extension.js',
      'formatters',
      'guardian.js',
      'iced_x86_bg.wasm',
      'koffi.node',
      'licenses.txt',
      'sidestep',
    ]);
    const formatters = readdirSync(join(installed, 'dist/formatters')).sort();
    assert.deepEqual(formatters, ['go.natvis', 'libcxx.natvis', 'libstdcxx.natvis', 'rust.natvis']);
    accessSync(join(installed, 'dist/cli.js'), constants.X_OK);
    accessSync(join(installed, 'dist/sidestep'), constants.X_OK);
  });

  it('probes a program with nothing but itself', () => {
    execFileSync('gcc', ['-g', '-o', join(folder, 'program'), '-x', 'c', '-'], {
      input: 'static int twice(int value) { return 2 * value; }\nint main(void) { return twice(21); }\n',
    });
    const { status, stderr } = run([
      join(installed, 'dist/cli.js'),
      'run',
      '-p',
      'log twice "value is {value}"',
      '--',
      join(folder, 'program'),
    ]);
    assert.match(stderr, /value is 21/);
    assert.equal(status, 42);
  });

  it('starts its debug adapter', () => {
    const request = JSON.stringify({
      seq: 1,
      type: 'request',
      command: 'initialize',
      arguments: { adapterID: 'sidestep' },
    });
    const { stdout } = spawnSync(process.execPath, [join(installed, 'dist/adapter.js')], {
      cwd: elsewhere,
      encoding: 'utf8',
      input: `Content-Length: ${request.length}\r\n\r\n${request}`,
    });
    assert.match(stdout, /"command":"initialize"/);
    assert.match(stdout, /"supportsLogPoints":true/);
  });
});
