/**
 * The debug adapter, bundled to dist/adapter.js: speaks DAP on its standard input and output, or with `--server=PORT` with every
 * client that connects to that port of this machine (0: a free one, which is printed).
 */
import { type AddressInfo, createServer } from 'node:net';
import { Connection } from './connection';
import { DebugSession } from './debugSession';

function converse(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, onEnd: () => void): void {
  let session: DebugSession | undefined;
  const connection = new Connection((client) => {
    session = new DebugSession(client);
    return session.handlers;
  });
  // 'close' and 'error' of the input: the editor is gone.
  const end = () => {
    session?.dispose();
    onEnd();
  };
  connection.on('close', end);
  connection.on('error', end);
  connection.start(input, output);
}

function serve(port: number): void {
  const server = createServer((socket) => converse(socket, socket, () => socket.destroy()));
  server.on('error', (error) => {
    process.stderr.write(`sidestep adapter: ${error.message}\n`);
    process.exitCode = 1;
  });
  server.listen(port, '127.0.0.1', () => {
    process.stderr.write(`sidestep adapter: listening on 127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  });
}

function main(args: readonly string[]): void {
  const server = args.map((arg) => /^--server=(\d{1,5})$/.exec(arg)?.[1]).find((port) => port !== undefined);
  if (server !== undefined) serve(Number(server));
  else converse(process.stdin, process.stdout, () => process.exit());
}

main(process.argv.slice(2));
