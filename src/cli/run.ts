/** `sidestep run`: a program with probes in it, from its first instruction to its end. */
import { closeSync } from 'node:fs';
import { type ProcessEnd } from '../contract/messages';
import { DEBUGGEE_DESCRIPTORS } from '../session/engine/engine';
import { inherited, inheritedEnvironment } from '../session/processes/inherited';
import { type LaunchOptions } from '../session/session';
import { type Command } from './arguments';
import { findProgram } from './findProgram';
import { exitStatus, ignoreSignals, onSignals } from './signals';
import { Tracing } from './tracing';

/** The terminal also sends these to the program, which is in the same process group and handles them. */
const FROM_THE_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;
/** These reach only Sidestep, but are meant for the program. */
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/** Returns the program's exit status. */
export async function run(command: Extract<Command, { kind: 'run' }>): Promise<number> {
  const { descriptors, isRecorded, ...inheritance } = inherited();
  const program = findProgram(command.program);
  const tracing = new Tracing(command.tracing, { stdio: [0, 1, 2], descriptors, terminal: 'shared' });
  const { session } = tracing;
  const signals = [
    ignoreSignals(inheritance.ignoredSignals ?? []),
    onSignals(FROM_THE_TERMINAL, () => undefined),
    onSignals(PASSED_ON, (signal) => void session.terminate(signal)),
  ];
  try {
    const end = await trace(tracing, {
      ...inheritance,
      program,
      argv0: command.program,
      args: command.args,
      env: inheritedEnvironment(),
      stdio: DEBUGGEE_DESCRIPTORS,
      onLaunched: () => {
        // The reader of a pipe waits until every process has closed it.
        if (isRecorded) for (const descriptor of descriptors) closeSync(descriptor);
      },
    });
    return exitStatus(end);
  } catch (error) {
    // The program must not run without its probes.
    await session.terminate();
    throw error;
  } finally {
    for (const signal of signals) signal.dispose();
    tracing.dispose();
  }
}

async function trace(
  tracing: Tracing,
  { onLaunched, ...options }: LaunchOptions & { readonly onLaunched: () => void },
): Promise<ProcessEnd> {
  const { session } = tracing;
  const debuggee = await session.launch(options, tracing.locations);
  onLaunched();
  const exited = tracing.exitOf(debuggee);
  await tracing.addProbes();
  tracing.settleWhenLoaded(debuggee);
  await session.start();
  await Promise.race([exited.then(() => tracing.allEnded()), tracing.over]);
  const probes = await tracing.takeProbesAway();
  const end = await exited;
  tracing.summarise(probes, end);
  return end;
}
