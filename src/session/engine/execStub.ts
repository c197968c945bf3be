/**
 * A process that becomes the program. An engine that runs as root does not start programs: they would be root's. The
 * client starts this sleeping process with everything that a program has of its creator (credentials(7), umask, limits,
 * streams, terminal), and the engine makes it call execve.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { SidestepError } from '../../base/errors';
import { type DebuggeeStream, type Handed } from './engineLink';

const SLEEP = '/bin/sleep';

/**
 * How long it waits for the engine, which needs milliseconds; if this process ends first, the stub ends after this
 * time.
 */
const PATIENCE_SECONDS = '60';

/** `cwd`: by default this process's own. Throws `launch-failed`. */
export async function startStarter(
  cwd: string | undefined,
  { stdio, descriptors, terminal }: Handed,
): Promise<ChildProcess> {
  const streams: DebuggeeStream[] = [...stdio];
  while (streams.length <= Math.max(-1, ...descriptors)) streams.push('ignore');
  for (const descriptor of descriptors) streams[descriptor] = descriptor;
  const child = spawn(SLEEP, [PATIENCE_SECONDS], {
    cwd,
    stdio: streams,
    env: {},
    detached: terminal === 'detached',
  });
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      const where = cwd === undefined ? '' : ` in the working directory ${cwd}`;
      const message = `nothing can be started${where}: ${cause.message}`;
      reject(
        new SidestepError('launch-failed', message, {
          ...(cwd !== undefined && { place: { file: cwd } }),
          cause,
        }),
      );
    });
  });
  child.unref();
  return child;
}
