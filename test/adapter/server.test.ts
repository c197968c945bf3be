/** `--server`: who can connect, and who can make it start something. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { until } from '../until';
import { ADAPTER } from './dapClient';

const framed = (seq: number, command: string, args: unknown): string => {
  const json = JSON.stringify({ seq, type: 'request', command, arguments: args });
  return `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
};
const INITIALIZE = { adapterID: 'x', pathFormat: 'path' };

describe('debug adapter as a server', () => {
  let directory: string;
  let server: ChildProcess | undefined;
  let errors = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-server-'));
    errors = '';
  });

  afterEach(async () => {
    if (server?.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    rmSync(directory, { recursive: true });
  });

  /** What it says when it listens. */
  async function start(option: string): Promise<RegExpExecArray> {
    const child = spawn(process.execPath, [ADAPTER, option], {
      env: { ...process.env, XDG_RUNTIME_DIR: directory },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const listening = /listening on (?:127\.0\.0\.1:(\d+); the "serverToken" of a client is (\w+)|(\S+))\n/;
    await until('the server', () => listening.test(errors));
    return listening.exec(errors)!;
  }

  /** All that comes until the other side ends the connection, or what comes is enough. */
  async function converse(socket: Socket, text: string, enough: RegExp): Promise<string> {
    let heard = '';
    socket.setEncoding('utf8').on('data', (more: string) => (heard += more));
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.write(text);
    await Promise.race([closed, until(String(enough), () => enough.test(heard))]);
    return heard;
  }

  it('listens on a socket that its user alone can reach, and serves several clients', async () => {
    const [, , , path = ''] = await start('--server');
    assert.ok(path.startsWith(`${directory}/`), path);
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const clients = [connect(path), connect(path)];
    for (const client of clients) {
      assert.match(await converse(client, framed(1, 'initialize', INITIALIZE), /}$/), /"supportsLogPoints":true/);
    }
    for (const client of clients) client.destroy();
    server!.kill();
    await once(server!, 'exit');
    assert.equal(existsSync(dirname(path)), false, 'it leaves nothing');
  });

  it('listens where it is told to', async () => {
    const path = join(directory, 'here');
    await start(`--server=${path}`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const client = connect(path);
    assert.match(await converse(client, framed(1, 'initialize', INITIALIZE), /}$/), /"supportsLogPoints":true/);
    client.destroy();
  });

  it('starts nothing for a client on a port that does not show the token', async () => {
    const [, port, token] = await start('--server=0');
    const mark = join(directory, 'mark');
    const program = { program: '/usr/bin/touch', args: [mark] };
    const begin = framed(1, 'initialize', INITIALIZE);
    for (const serverToken of [undefined, '', 'x', token!.slice(1), [token]]) {
      const client = connect(Number(port), '127.0.0.1');
      const heard = await converse(client, begin + framed(2, 'launch', { ...program, serverToken }), /"request_seq":2/);
      assert.match(heard, /"success":false.*serverToken/);
      client.destroy();
    }
    for (const [first, second] of [
      [{ ...INITIALIZE, serverToken: token }, program],
      [INITIALIZE, { ...program, serverToken: token }],
    ]) {
      const client = connect(Number(port), '127.0.0.1');
      const text = framed(1, 'initialize', first) + framed(2, 'launch', second) + framed(3, 'configurationDone', {});
      await converse(client, text, /"event":"terminated"/);
      await until('the program', () => existsSync(mark));
      rmSync(mark);
      client.destroy();
    }
  });

  it('ends the connection of a web page before it has read what the page wants', async () => {
    const [, port] = await start('--server=0');
    const body = framed(1, 'launch', { program: '/bin/true' });
    const client = connect(Number(port), '127.0.0.1');
    const heard = await converse(
      client,
      `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      /never/,
    );
    assert.equal(heard, '');
    assert.match(errors, /not a message of the protocol: .*POST/);
  });

  it('ends a program that was not let go when the client is gone', async () => {
    const [, , , path] = await start('--server');
    const mark = join(directory, 'mark');
    const client = connect(path!);
    const launch = { program: '/usr/bin/touch', args: [mark] };
    const text = framed(1, 'initialize', INITIALIZE) + framed(2, 'launch', launch);
    const heard = await converse(client, text, /"event":"initialized"/);
    const pid = Number(/"systemProcessId":(\d+)/.exec(heard)![1]);
    client.destroy();
    await until('its end', () => !existsSync(`/proc/${pid}/exe`));
    assert.equal(existsSync(mark), false);
  });

  it('lets a program that runs run on', async () => {
    const [, , , path] = await start('--server');
    const client = connect(path!);
    const text =
      framed(1, 'initialize', INITIALIZE) +
      framed(2, 'launch', { program: '/bin/sleep', args: ['1000'] }) +
      framed(3, 'configurationDone', {});
    const heard = await converse(client, text, /"request_seq":2/);
    const pid = Number(/"systemProcessId":(\d+)/.exec(heard)![1]);
    client.destroy();
    try {
      await until('the end of the session', () => /^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('refuses options that it does not know', async () => {
    for (const option of ['--sever', '--server=', '--server=99999', 'x']) {
      const child = spawn(process.execPath, [ADAPTER, option], { stdio: ['ignore', 'ignore', 'pipe'] });
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 1, option);
    }
  });
});
