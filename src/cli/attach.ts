/** `sidestep attach`: probes in a running process until Ctrl-C, the time limit or the number of hits removes them. */
import { constants } from 'node:os';
import { SidestepError } from '../base/errors';
import { inherited } from '../session/processes/inherited';
import { type Command } from './arguments';
import { ignoreSignals, onSignals } from './signals';
import { Tracing } from './tracing';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Returns the exit status. The process keeps running. */
export async function attach(command: Extract<Command, { kind: 'attach' }>): Promise<number> {
  const { ignoredSignals = [] } = inherited();
  const ending = ENDING.filter((name) => !ignoredSignals.includes(constants.signals[name]));
  // The engine must not get the terminal's Ctrl-C: it removes the probes on request.
  const tracing = new Tracing(command.tracing, { terminal: 'detached' });
  const { session } = tracing;
  tracing.add(ignoreSignals(ignoredSignals));
  const interrupted = new Promise<void>((resolve) => tracing.add(onSignals(ending, () => resolve())));
  try {
    const debuggee = await session.attach(command.pid, tracing.locations);
    const exited = tracing.exitOf(debuggee);
    await tracing.addProbes();
    // The process may have called exec just now.
    await session.read(debuggee);
    tracing.settle(debuggee);
    await Promise.race([exited.then(() => tracing.allEnded()), interrupted, tracing.over]);
    const probes = await tracing.takeProbesAway();
    await session.detach();
    tracing.summarise(probes, debuggee.end);
    return 0;
  } catch (error) {
    await letGo(tracing);
    throw error;
  } finally {
    tracing.dispose();
  }
}

/** No probe may stay armed when Sidestep fails; an engine that ended has already disarmed all. */
async function letGo({ session }: Tracing): Promise<void> {
  try {
    await session.detach();
  } catch (error) {
    if (!(error instanceof SidestepError && error.code === 'engine-gone')) throw error;
  }
}
