/**
 * The engine's client, if it is another user. The engine is root then and acts for that user, but it launches nothing
 * itself, and turns only that user's own children into programs.
 */
import { SidestepError } from '../../base/errors';
import { readStatus } from './proc';
import { type Peer } from './unixSocket';

/** Tells the engine which process its client is, and which user's, as `PID:UID`. */
export const CLIENT_VARIABLE = 'SIDESTEP_CLIENT';

/** Undefined: the client is the parent, and has the same user. */
export function clientOfAnotherUser(env: NodeJS.ProcessEnv = process.env): Peer | undefined {
  const match = /^([1-9]\d*):(\d+)$/.exec(env[CLIENT_VARIABLE] ?? '');
  return match ? { pid: Number(match[1]), uid: Number(match[2]) } : undefined;
}

/** `starter`: the process that is to become the program, by the client's word. Throws `engine-protocol`. */
export function checkStarter(starter: number | undefined, client = clientOfAnotherUser()): void {
  if (client === undefined) {
    if (starter === undefined) return;
    throw new SidestepError('engine-protocol', 'an engine of the same user starts its programs itself');
  }
  if (starter === undefined) {
    throw new SidestepError('engine-protocol', 'an engine that works for another user launches nothing itself');
  }
  const status = readStatus(starter);
  const users = status?.get('Uid')?.split(/\s+/).map(Number) ?? [];
  const isOwn = users.length > 0 && users.every((uid) => uid === client.uid);
  if (!isOwn || Number(status?.get('PPid')) !== client.pid) {
    throw new SidestepError(
      'engine-protocol',
      `process ${starter} is not a child of the client, or does not belong to its user`,
    );
  }
}
