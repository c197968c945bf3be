/** `sidestep attach`: probes in a running process until Ctrl-C, the time or the number of hits takes them away. */
import { constants } from 'node:os';
import { SidestepError } from '../base/errors';
import { inherited } from '../session/processes/inherited';
import { type Command } from './arguments';
import { ignoreSignals, onSignals } from './signals';
import { Tracing } from './tracing';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Gives the exit status. The process runs on. */
export async function attach(command: Extract<Command, { kind: 'attach' }>): Promise<number> {
  const { ignoredSignals = [] } = inherited();
  const ending = ENDING.filter((name) => !ignoredSignals.includes(constants.signals[name]));
  // The engine must not get the terminal's Ctrl-C: it takes the probes away when it is told to.
  const tracing = new Tracing(command.tracing, { terminal: 'detached' });
  const { session } = tracing;
  tracing.add(ignoreSignals(ignoredSignals));
  const interrupted = new Promise<void>((resolve) => tracing.add(onSignals(ending, () => resolve())));
  try {
    const debuggee = await session.attach(command.pid);
    const exited = tracing.exitOf(debuggee);
    await tracing.addProbes();
    // It may have called exec just now.
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

/** Nothing may stay armed when Sidestep fails; an engine that is gone has already seen to it. */
async function letGo({ session }: Tracing): Promise<void> {
  try {
    await session.detach();
  } catch (error) {
    if (!(error instanceof SidestepError && error.code === 'engine-gone')) throw error;
  }
}
