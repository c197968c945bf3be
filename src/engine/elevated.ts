/**
 * The engine as root, while its client is not. A process that sudo(8) or pkexec(1) starts gets only descriptors 0, 1
 * and 2 of the client, which may be a terminal's or lead through sudo; it ends with that terminal, or with sudo. So it
 * only connects to a socket of the client's, starts the engine proper on these connections in a new session, where
 * neither can reach it, and ends.
 *
 * It may start long after its client asked for it, when a user types a password into a leftover prompt. By then any
 * process can own the socket's path: so the directory must belong to the user alone, and the other end must be the
 * process that asked.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { SidestepError } from '../base/errors';
import { CLIENT_VARIABLE } from './linux/client';
import { connectTo, type Peer, peerOf } from './linux/unixSocket';

/** Where what an engine starts is looked for. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * `socket`: path of the client's, which takes requests and messages first, and what is printed as an error second.
 * `client`: its process id. Throws `elevation-refused`, `system-call`.
 */
export async function startElevated(script: string, socket: string, client: string): Promise<void> {
  const wanted: Peer = { pid: Number(client), uid: userOf(process.env) };
  checkDirectory(dirname(socket), wanted.uid);
  const [messages, errors] = [connectTo(socket), connectTo(socket)];
  for (const fd of [messages, errors]) checkPeer(peerOf(fd), wanted);
  const { ELECTRON_RUN_AS_NODE: electron } = process.env;
  const engine = spawn(process.execPath, [script], {
    stdio: [messages, messages, errors],
    detached: true,
    cwd: '/',
    // Nothing else of what the user's environment says, such as NODE_OPTIONS, is for a process of root.
    env: {
      PATH,
      [CLIENT_VARIABLE]: `${wanted.pid}:${wanted.uid}`,
      ...(electron !== undefined && { ELECTRON_RUN_AS_NODE: electron }),
    },
  });
  await once(engine, 'spawn');
}

/** Who has called sudo or pkexec, as these say. */
function userOf(env: NodeJS.ProcessEnv): number {
  const user = env['SUDO_UID'] ?? env['PKEXEC_UID'];
  if (user === undefined || !/^\d+$/.test(user))
    throw refused('neither SUDO_UID nor PKEXEC_UID says which user it works for');
  return Number(user);
}

/** In a directory that another user created or can enter, another process may be listening. */
function checkDirectory(path: string, user: number): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw refused('the session that asked for it has ended');
  const isPrivate = status.isDirectory() && status.uid === user && (status.mode & 0o777) === 0o700;
  if (!isPrivate) throw refused(`${path} is not a directory that only user ${user} can enter`);
}

function checkPeer(peer: Peer, wanted: Peer): void {
  if (peer.pid === wanted.pid && peer.uid === wanted.uid) return;
  throw refused(
    `process ${peer.pid} of user ${peer.uid} is waiting for it, not process ${wanted.pid} of user ${wanted.uid}`,
  );
}

function refused(why: string): SidestepError {
  return new SidestepError('elevation-refused', `the engine does not start as root: ${why}`);
}
