/**
 * A memcached with symbols, built from Debian's sources, and load for it from clients that know every answer
 * beforehand.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildFixture } from '../fixtures/build';
import { until } from '../until';

const FOLDER = join(__dirname, '../../.cache/memcached');
const PROGRAM = join(FOLDER, 'memcached');

/** Some of the server's own counters, as its command `stats` tells them. */
export type Stat =
  | 'cmd_get'
  | 'cmd_set'
  | 'get_hits'
  | 'get_misses'
  | 'delete_hits'
  | 'delete_misses'
  | 'incr_hits'
  | 'total_items'
  | 'threads';
export type Stats = Readonly<Record<Stat, number>>;

export class Memcached {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly port: number;

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.#child = child;
    this.#directory = directory;
    this.port = port;
  }

  /** Starts one, with so many worker threads, on a free port of this machine. */
  static async start(workers = 4): Promise<Memcached> {
    assert.ok(existsSync(PROGRAM), 'node scripts/setup.mjs test builds what these tests probe');
    const directory = mkdtempSync(join(tmpdir(), 'sidestep-memcached-'));
    const portFile = join(directory, 'port');
    const args = [
      '-p',
      '-1',
      '-U',
      '0',
      '-l',
      '127.0.0.1',
      '-t',
      String(workers),
      '-m',
      '256',
      '-u',
      userInfo().username,
    ];
    const child = spawn(PROGRAM, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, MEMCACHED_PORT_FILENAME: portFile },
    });
    // It writes the file under another name and renames it.
    await until('memcached listening', () => {
      assert.equal(child.exitCode, null, 'memcached did not start');
      return existsSync(portFile);
    });
    return new Memcached(child, directory, Number(/^TCP INET: (\d+)$/m.exec(readFileSync(portFile, 'utf8'))?.[1]));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Asks on a connection of its own. */
  async stats(): Promise<Stats> {
    const socket = connect(this.port, '127.0.0.1');
    socket.write('stats\r\n');
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) {
      text += chunk as string;
      if (text.endsWith('END\r\n')) break;
    }
    const lines = text.matchAll(/^STAT (\w+) (\d+)\r$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)])) as Stats;
  }

  /** Asks it to end; gives its exit status, or the signal that it died of. */
  async stop(): Promise<number | NodeJS.Signals | null> {
    const closed =
      this.#child.exitCode === null && this.#child.signalCode === null ? once(this.#child, 'close') : undefined;
    this.#child.kill('SIGTERM');
    await closed;
    rmSync(this.#directory, { recursive: true, force: true });
    return this.#child.signalCode ?? this.#child.exitCode;
  }
}

/** What the clients did: numbers of requests, the seconds that they took together, and µs of single requests. */
export interface Work {
  readonly requests: number;
  readonly sets: number;
  readonly hits: number;
  readonly misses: number;
  readonly deletes: number;
  readonly increments: number;
  /** Without an answer. */
  readonly failed: number;
  /** With another answer than the right one. */
  readonly wrong: number;
  readonly seconds: number;
  readonly medianUs: number;
  readonly p99Us: number;
  readonly slowestUs: number;
}

/** Clients of a memcached: test/fixtures/servers/memcachedLoad.c. They rest until they are told to work. */
export class Load {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor({ port }: Memcached, clients = 8) {
    const { path } = buildFixture('servers/memcachedLoad.c', { flags: ['-O2', '-pthread'] });
    this.#child = spawn(path, [String(port), String(clients)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Every client makes that many requests. */
  async run(requests: number): Promise<Work> {
    return this.#ask(`run ${requests}`);
  }

  /** Clients work until {@link pause}. */
  go(): void {
    this.#child.stdin?.write('go\n');
  }

  /** Clients finish the request that they are at; gives what was done since they began. */
  async pause(): Promise<Work> {
    return this.#ask('pause');
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin?.end();
    await closed;
  }

  async #ask(command: string): Promise<Work> {
    this.#child.stdin?.write(`${command}\n`);
    const line = await this.#lines.next();
    assert.ok(line.done !== true, 'the load generator has ended');
    return JSON.parse(line.value) as Work;
  }
}

/** `FILE:LINE` of the n-th line of a source of the server that holds a text. */
export function sourceLine(file: string, text: string, n = 1): string {
  const lines = readFileSync(join(FOLDER, 'source', file), 'utf8').split('\n');
  const found = lines.flatMap((line, index) => (line.includes(text) ? [index + 1] : []))[n - 1];
  assert.ok(found !== undefined, `${file} has no ${text}`);
  return `${file}:${found}`;
}
