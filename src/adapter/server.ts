/**
 * Where `--server` listens: on a Unix socket that only this user can connect to, or on a port of this machine, which
 * every user and every web page reaches, so that a token has to be shown there.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

export const USAGE = 'usage: adapter.js [--server | --server=PATH | --server=PORT]';

/** `socket`: at that path, or in a new directory of this user's. */
export type Endpoint =
  { readonly kind: 'socket'; readonly path: string | undefined } | { readonly kind: 'port'; readonly port: number };

const TOKEN_BYTES = 16;

/** So that only the owner can connect (unix(7), "Pathname socket ownership and permissions"). */
const OWNER_ONLY = 0o177;

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The meaning of a command-line option; undefined if it is not one. */
export function readEndpoint(option: string): Endpoint | undefined {
  if (option === '--server') return { kind: 'socket', path: undefined };
  const [, value] = /^--server=(.+)$/.exec(option) ?? [];
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) return { kind: 'socket', path: resolve(value) };
  return Number(value) < 65536 ? { kind: 'port', port: Number(value) } : undefined;
}

/** Listens until this process ends, and says where. `token`: what a client has to show. */
export function serve(endpoint: Endpoint, onClient: (socket: Socket, token: string | undefined) => void): void {
  const token = endpoint.kind === 'port' ? randomBytes(TOKEN_BYTES).toString('hex') : undefined;
  const server = createServer((socket) => onClient(socket, token));
  server.on('error', (error) => {
    process.stderr.write(`sidestep adapter: ${error.message}\n`);
    process.exitCode = 1;
  });
  if (endpoint.kind === 'port') {
    server.listen(endpoint.port, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      say(`listening on 127.0.0.1:${port}; the "serverToken" of a client is ${token}`);
    });
  } else listenOnSocket(server, endpoint.path);
}

function listenOnSocket(server: Server, wanted: string | undefined): void {
  const path = wanted ?? join(mkdtempSync(join(runtimeDirectory(), 'sidestep-')), 'adapter');
  const previous = process.umask(OWNER_ONLY);
  try {
    // It is bound before this returns.
    server.listen(path, () => say(`listening on ${path}`));
  } finally {
    process.umask(previous);
  }
  const remove = (): void => {
    if (server.listening) rmSync(wanted ?? dirname(path), { recursive: true, force: true });
  };
  process.once('exit', remove);
  for (const signal of ENDING) process.once(signal, () => process.exit());
}

/** A directory of this user's, where there is one: it is emptied at the end of the login. */
function runtimeDirectory(): string {
  const directory = process.env['XDG_RUNTIME_DIR'];
  return directory !== undefined && isAbsolute(directory) ? directory : tmpdir();
}

/** Whether a client has presented the token, in a time that does not depend on how much of it is right. */
export function isToken(shown: unknown, token: string): boolean {
  if (typeof shown !== 'string') return false;
  const [given, right] = [Buffer.from(shown), Buffer.from(token)];
  return given.length === right.length && timingSafeEqual(given, right);
}

function say(what: string): void {
  process.stderr.write(`sidestep adapter: ${what}\n`);
}
