/**
 * The engine as root, while its client is not. What sudo(8) and pkexec(1) start has no descriptors of the client's but 0, 1 and 2, and
 * those may be a terminal's or lead through them; it ends with that terminal, or with them. So it only connects to a socket of the
 * client's, starts the engine proper on these connections, in a session of its own and out of reach of them, and ends.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** Tells the engine proper which process is its client: its parent is none. */
export const CLIENT_VARIABLE = 'SIDESTEP_CLIENT';

/** `socket`: path of the client's, which takes requests and messages first, and what is printed as an error second. */
export async function startElevated(script: string, socket: string, client: string): Promise<void> {
  const messages = await connect(socket);
  const errors = await connect(socket);
  const engine = spawn(process.execPath, [script], {
    stdio: [messages, messages, errors],
    detached: true,
    cwd: '/',
    env: { ...process.env, [CLIENT_VARIABLE]: client },
  });
  await once(engine, 'spawn');
  process.exit(0);
}

async function connect(path: string): Promise<Socket> {
  const socket = createConnection(path);
  // Read by the engine alone.
  socket.pause();
  await once(socket, 'connect');
  return socket;
}
