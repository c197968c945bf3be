/**
 * The debug adapter, bundled to dist/adapter.js: speaks DAP on its standard input and output, or with `--server` with
 * every client that connects to it. A client that reaches it can run programs as this user, so the server listens on a
 * socket that only this user can connect to, or, on a port, asks for a token.
 */
import { Connection } from './protocol/connection';
import { DebugSession } from './debugSession';
import { readEndpoint, serve, USAGE } from './server';

/** `token`: without it, nothing is started. */
function converse(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  { token, onEnd }: { readonly token?: string | undefined; readonly onEnd: (reason: string | undefined) => void },
): void {
  const sessions: DebugSession[] = [];
  const connection = new Connection((client) => {
    const session = new DebugSession(client, token);
    sessions.push(session);
    return session.handlers;
  });
  let hasEnded = false;
  connection.converse(input, output, (reason) => {
    if (hasEnded) return;
    hasEnded = true;
    if (reason !== undefined) process.stderr.write(`sidestep adapter: ${reason}\n`);
    void Promise.all(sessions.map((session) => session.close())).then(() => onEnd(reason));
  });
}

function main([option, ...more]: readonly string[]): void {
  if (option === undefined) {
    converse(process.stdin, process.stdout, { onEnd: (reason) => process.exit(reason === undefined ? 0 : 1) });
    return;
  }
  const endpoint = more.length === 0 ? readEndpoint(option) : undefined;
  if (endpoint === undefined) {
    process.stderr.write(`sidestep adapter: ${USAGE}\n`);
    process.exitCode = 1;
    return;
  }
  serve(endpoint, (socket, token) => converse(socket, socket, { token, onEnd: () => socket.destroy() }));
}

main(process.argv.slice(2));
