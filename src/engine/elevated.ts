/**
 * The engine as root, while its client is not. What sudo(8) and pkexec(1) start has no descriptors of the client's but
 * 0, 1 and 2, and those may be a terminal's or lead through them; it ends with that terminal, or with them. So it only
 * connects to a socket of the client's, starts the engine proper on these connections, in a session of its own and out
 * of reach of them, and ends.
 *
 * It may be started long after its client asked for it, when somebody types a password into a prompt that was left
 * over. By then the socket's path can be anybody's: the directory has to be the user's alone, and the other end the
 * very process that has asked.
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

/** A directory that another user may enter, or has made, is where somebody else may wait. */
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
