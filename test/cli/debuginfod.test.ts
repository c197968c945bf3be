/** A stripped program whose debug information comes from Debian's elfutils debuginfod (debuginfod(8)). */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { has } from '../debuginfo/compile';
import { buildFixture } from '../fixtures/build';
import { skip } from '../skip';
import { until, within } from '../until';
import { sidestep } from './commandLine';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  assert.ok(address && typeof address === 'object');
  return address.port;
}

describe('a debuginfod server', function () {
  this.timeout(120_000);
  let folder: string;
  let server: ChildProcess | undefined;
  let url: string;
  let stripped: string;

  before(async function () {
    if (!has('debuginfod')) skip(this, 'there is no debuginfod');
    folder = mkdtempSync(join(tmpdir(), 'sidestep-debuginfod-'));
    const { path } = buildFixture('debuginfo/values.c', { flags: ['-O1', '-Wl,--build-id'] });
    const symbols = join(folder, 'symbols');
    mkdirSync(symbols);
    stripped = join(folder, 'program');
    copyFileSync(path, stripped);
    execFileSync('objcopy', ['--only-keep-debug', path, join(symbols, 'program.debug')]);
    execFileSync('strip', [stripped]);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = spawn('debuginfod', ['-F', '-p', String(port), '-d', ':memory:', symbols], {
      cwd: folder,
      env: { ...process.env, HOME: folder, DEBUGINFOD_URLS: '' },
      stdio: 'ignore',
    });
    const buildId = /Build ID: ([0-9a-f]+)/.exec(execFileSync('readelf', ['-n', path], { encoding: 'utf8' }))![1]!;
    await until('the server has scanned the folder', async () => {
      const answer = await fetch(`${url}/buildid/${buildId}/debuginfo`).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.ok ?? false;
    });
  });

  after(async () => {
    if (server?.exitCode === null && server.kill()) await within('the end of debuginfod', once(server, 'exit'));
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (cache: string, ...options: string[]) =>
    sidestep(['run', ...options, '-p', 'log walk "{limit}"', '--', stripped], {
      through: ['env', `DEBUGINFOD_URLS=${url}`, `DEBUGINFOD_CACHE_PATH=${join(folder, cache)}`],
    });

  it('gives a stripped program its variables, and may be left out', async () => {
    const without = await run('none', '--no-debuginfod');
    assert.match(without.stderr, /no loaded module has a function walk/);
    const outcome = await run('cache');
    assert.equal(outcome.status, 0, outcome.stderr);
    assert.match(outcome.stderr, /values\.c:\d+ +-?\d+$/m);
  });
});
