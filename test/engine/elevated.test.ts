/** An engine that root starts for another user: which client it connects to, and what it does for that user. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineClient, engineScript } from './engineClient';
import { program } from './program';
import { needsRoot } from '../skip';

const identity = program('identity.c');

const ME = process.getuid!();

describe('an engine that sudo starts', () => {
  let directory: string;
  let path: string;
  let server: Server | undefined;
  const sockets: Socket[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
    path = join(directory, 'engine');
  });

  afterEach(() => {
    server?.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    rmSync(directory, { recursive: true, force: true });
  });

  async function listen(at = path): Promise<void> {
    server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    server.listen(at);
    await once(server, 'listening');
  }

  /** As sudo starts it: its exit status, and what it says. */
  async function start(
    options: { at?: string; user?: number; client?: number; env?: object } = {},
  ): Promise<[number, string]> {
    const { at = path, user = ME, client = process.pid, env = {} } = options;
    const child = spawn(process.execPath, [engineScript(), at, `${client}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], SUDO_UID: `${user}`, ...env },
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(child, 'close')) as [number];
    return [code, said];
  }

  async function isRefused(options: Parameters<typeof start>[0], why: RegExp): Promise<void> {
    const [code, said] = await start(options);
    assert.match(said, why);
    assert.equal(code, 1);
    assert.equal(sockets.filter((socket) => !socket.destroyed && socket.readableLength > 0).length, 0);
  }

  it('connects to its client', async () => {
    await listen();
    const [code, said] = await start({ env: { NODE_OPTIONS: '--title=tainted' } });
    assert.equal(said, '');
    assert.equal(code, 0);
    assert.equal(sockets.length, 2);
  });

  it('refuses when the directory is gone: the session is over', () =>
    isRefused({ at: '/nowhere/sidestep-000000/engine' }, /session that asked for it has ended/));

  it('refuses a directory that others may enter', async () => {
    await listen();
    chmodSync(directory, 0o755);
    await isRefused({}, /not a directory that only user \d+ can enter/);
  });

  it('refuses a link to a directory', async () => {
    await listen();
    const link = join(directory, 'link');
    const real = join(directory, 'real');
    mkdirSync(real, 0o700);
    symlinkSync(real, link);
    await isRefused({ at: join(link, 'engine') }, /not a directory that only user/);
  });

  it('refuses a directory whose name another user has taken over, who listens there', async function () {
    needsRoot(this);
    await listen();
    const [victim, attacker] = [65534, 5];
    chownSync(directory, attacker, attacker);
    await isRefused({ user: victim }, /not a directory that only user 65534 can enter/);
  });

  it('refuses another process of the same user, which listens where its client did', async () => {
    await listen();
    await isRefused({ client: process.ppid }, /process \d+ of user \d+ is waiting for it/);
  });

  it('refuses a listener of another user in a directory of the right one', async function () {
    needsRoot(this);
    await listen();
    chownSync(directory, 65534, 65534);
    await isRefused({ user: 65534 }, /of user 0 is waiting for it, not process \d+ of user 65534/);
  });

  it('refuses when nobody has said for whom it works', () =>
    isRefused({ env: { SUDO_UID: undefined } }, /which user it works for/));
});

describe('an engine that works for another user', () => {
  let client: EngineClient;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    client = new EngineClient(engineScript(), { SIDESTEP_CLIENT: `${process.pid}:${ME}` });
  });

  afterEach(async () => {
    await client.close();
    for (const child of children.splice(0)) child.kill('SIGKILL');
    assert.equal(client.errors, '');
  });

  function start(command: string, args: readonly string[], uid = ME): number {
    const child = spawn(command, args, { stdio: 'ignore', uid });
    children.push(child);
    return child.pid!;
  }

  const launch = (starter?: number) =>
    client.request('launch', {
      program: identity.path,
      args: ['1'],
      cwd: '/',
      env: [],
      stdio: [3, 4, 5],
      ...(starter !== undefined && { starter }),
    });

  it('launches nothing by itself', () =>
    assert.rejects(launch(), { code: 'engine-protocol', message: /launches nothing itself/ }));

  it('makes a child of its client into the program', async () => {
    const starter = start('/bin/sleep', ['1000']);
    assert.equal((await launch(starter)).pid, starter);
  });

  it('takes no process that is no child of its client, and leaves it alone', async () => {
    for (const other of [process.pid, process.ppid, 1, 4_194_304]) {
      await assert.rejects(launch(other), { code: 'engine-protocol', message: /not a child of the client/ });
    }
    assert.ok(existsSync(`/proc/${process.ppid}`));
  });

  it('takes no child of another user', async function () {
    needsRoot(this);
    const starter = start('/bin/sleep', ['1000'], 65534);
    await assert.rejects(launch(starter), { code: 'engine-protocol', message: /does not belong to its user/ });
    assert.ok(existsSync(`/proc/${starter}/exe`));
  });

  it('an engine of the same user takes nobody’s word for a starter', async () => {
    const plain = new EngineClient();
    try {
      const starter = start('/bin/sleep', ['1000']);
      const wanted = { program: identity.path, args: [], cwd: '/', env: [], stdio: [3, 4, 5] as const, starter };
      await assert.rejects(plain.request('launch', wanted), { code: 'engine-protocol' });
    } finally {
      await plain.close();
    }
  });
});
