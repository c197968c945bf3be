/** Debug information from servers: right ones, and such as fail, hang or lie. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Image } from '../../../src/debuginfo/image';
import { debuginfodSettings } from '../../../src/debuginfo/elf/debuginfod';
import { Debuginfod, type DebuginfodOptions } from '../../../src/session/code/debuginfod';
import { buildFixture } from '../../fixtures/build';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('debuginfod', () => {
  let folder: string;
  let stripped: string;
  let debug: string;
  let buildId: string;
  const servers: ReturnType<typeof createServer>[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sidestep-debuginfod-'));
    stripped = join(folder, 'program');
    debug = join(folder, 'symbols');
    const { path } = buildFixture('debuginfo/values.c', { flags: ['-O0', '-Wl,--build-id'] });
    copyFileSync(path, stripped);
    execFileSync('objcopy', ['--only-keep-debug', path, debug]);
    execFileSync('strip', [stripped]);
    const image = Image.open(stripped);
    buildId = image.buildId!;
    image.dispose();
  });
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true });
  });

  async function serve(answer: Answer): Promise<URL> {
    const server = createServer(answer);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  /** What was said while the program's debug information was asked for, and whether it is there then. */
  async function ask(
    urls: readonly URL[],
    more: Partial<DebuginfodOptions> = {},
  ): Promise<{ warnings: string[]; progress: string[]; hasDebugInfo: boolean; left: string[] }> {
    const warnings: string[] = [];
    const progress: string[] = [];
    const cache = join(folder, 'cache');
    const client = new Debuginfod({
      cache,
      servers: urls,
      timeoutMs: 20_000,
      debugDirectories: [],
      onProgress: (what) => progress.push(what),
      onWarning: (message) => warnings.push(message),
      ...more,
    });
    await client.prepare([stripped]);
    const image = Image.open(stripped, { debuginfodCache: cache });
    const { hasDebugInfo } = image;
    image.dispose();
    const own = join(cache, buildId);
    return { warnings, progress, hasDebugInfo, left: existsSync(own) ? readdirSync(own) : [] };
  }

  const missing: Answer = (_request, response) => response.writeHead(404).end();

  it('is asked for what is nowhere here, and what it sends is kept', async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve(({ url: path }, response) => {
      asked.push(path);
      response.end(readFileSync(debug));
    });
    const first = await ask([await serve(missing), url]);
    assert.deepEqual(first.warnings, []);
    assert.equal(first.hasDebugInfo, true);
    assert.deepEqual(first.left, ['debuginfo']);
    assert.match(first.progress.join('\n'), /Asking 127\.0\.0\.1:\d+ for the debug information of .*program/);
    await ask([url]);
    assert.deepEqual(asked, [`/buildid/${buildId}/debuginfo`], 'the cache has it the second time');
  });

  it('is not asked where none is named, and does without where no server has it', async () => {
    assert.deepEqual(await ask([]), { warnings: [], progress: [], hasDebugInfo: false, left: [] });
    const { warnings, hasDebugInfo } = await ask([await serve(missing)]);
    assert.deepEqual({ warnings, hasDebugInfo }, { warnings: [], hasDebugInfo: false });
  });

  const LIES: Readonly<Record<string, readonly [Answer, RegExp, Partial<DebuginfodOptions>?]>> = {
    'sends another file': [
      (_request, response) => response.end(readFileSync('/bin/true')),
      /it sent the file of another build/,
    ],
    'sends no ELF file': [(_request, response) => response.end('<html>'), /what it sent is no sound ELF file/],
    'sends too much': [
      (_request, response) => void response.write(Buffer.alloc(70_000)),
      /it sent more than 65536 bytes/,
      { maxBytes: 65_536 },
    ],
    'announces too much': [
      (_request, response) => response.writeHead(200, { 'content-length': '999999999999' }).write('x'),
      /it announced 999999999999 bytes/,
    ],
    fails: [(_request, response) => response.writeHead(500).end(), /it answered 500/],
    'never answers': [() => undefined, /it sent nothing for 0\.2 s/, { timeoutMs: 200 }],
    'stops in the middle': [
      (_request, response) => void response.write('\x7fELF'),
      /it sent nothing for 0\.2 s/,
      { timeoutMs: 200 },
    ],
    'hangs up': [({ socket }) => socket.destroy(), /other side closed|ECONNRESET/],
  };

  for (const [title, [answer, message, more]] of Object.entries(LIES)) {
    it(`is named in a warning where it ${title}, and the next one is asked`, async () => {
      const bad = await serve(answer);
      const { warnings, hasDebugInfo, left } = await ask([bad], more);
      assert.equal(warnings.length, 1, warnings.join('\n'));
      assert.match(warnings[0]!, message);
      assert.ok(warnings[0]!.includes(bad.origin) && warnings[0]!.includes(stripped));
      assert.deepEqual({ hasDebugInfo, left }, { hasDebugInfo: false, left: [] });
      const good = await serve((_request, response) => response.end(readFileSync(debug)));
      assert.equal((await ask([bad, good], { ...more, maxBytes: 2 ** 30 })).hasDebugInfo, true);
    });
  }

  it('is not asked again once it failed', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response.writeHead(500).end();
    });
    const other = join(folder, 'other');
    copyFileSync(stripped, other);
    writeFileSync(other, Buffer.concat([readFileSync(stripped), Buffer.from('x')]));
    const warnings: string[] = [];
    const client = new Debuginfod({
      ...{ cache: join(folder, 'cache'), servers: [url], timeoutMs: 20_000, debugDirectories: [] },
      ...{ onProgress: () => undefined, onWarning: (message: string) => warnings.push(message) },
    });
    await client.prepare([stripped]);
    await client.prepare([other, stripped]);
    assert.deepEqual([asked, warnings.length], [1, 1]);
  });

  it('is found as its own clients find it', () => {
    const settings = debuginfodSettings({
      DEBUGINFOD_URLS: 'https://one.example/sub  ftp://no.example ima:enforcing http://two.example',
      DEBUGINFOD_CACHE_PATH: '/cache',
      DEBUGINFOD_TIMEOUT: '5',
    });
    assert.deepEqual(
      settings.servers.map(({ href }) => href),
      ['https://one.example/sub/', 'http://two.example/'],
    );
    assert.deepEqual([settings.cache, settings.timeoutMs], ['/cache', 5000]);
    assert.equal(debuginfodSettings({ XDG_CACHE_HOME: '/xdg' }).cache, '/xdg/debuginfod_client');
    assert.equal(debuginfodSettings({ HOME: '/home/me' }).cache, '/home/me/.cache/debuginfod_client');
    assert.equal(debuginfodSettings({ HOME: '/', DEBUGINFOD_TIMEOUT: 'soon' }).timeoutMs, 90_000);
  });
});
