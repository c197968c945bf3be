/**
 * A process that becomes the program. An engine that runs as root does not start programs: they would be root's. The client starts this
 * sleeping process with everything that a program has of its creator (credentials(7), umask, limits, streams, terminal), and the engine
 * makes it call execve.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { SidestepError } from '../base/errors';
import { type DebuggeeStdio, type TerminalUse } from './engineLink';

const SLEEP = '/bin/sleep';

/** How long it waits for the engine, which needs milliseconds; if this process ends meanwhile it does not stay. */
const PATIENCE_SECONDS = '60';

/** Throws `launch-failed`. */
export async function startStarter(cwd: string, stdio: DebuggeeStdio, terminal: TerminalUse): Promise<ChildProcess> {
  const child = spawn(SLEEP, [PATIENCE_SECONDS], {
    cwd,
    stdio: [...stdio],
    env: {},
    detached: terminal === 'detached',
  });
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      const message = `nothing can be started in the working directory ${cwd}: ${cause.message}`;
      reject(new SidestepError('launch-failed', message, { place: { file: cwd }, cause }));
    });
  });
  child.unref();
  return child;
}
