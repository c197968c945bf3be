/** `sidestep verify`: whether the emulator does what the CPU does, instruction by instruction of real programs. */
import { randomInt } from 'node:crypto';
import { type Command } from './arguments';
import { onSignals, signalName } from './signals';
import { check } from './verify/check';
import { resultJson, resultText, statusOf } from './verify/report';

const SEEDS = 2 ** 32;
/** Back to the line's start, and clears the line (ECMA-48, EL). */
const CLEAR_LINE = '\r\x1b[K';

const INTERRUPTING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Prints the result, also a partial one if a signal or an error ends the check early; returns the exit status. */
export async function verify({ binaries, json, ...options }: Extract<Command, { kind: 'verify' }>): Promise<number> {
  const terminal = process.stderr.isTTY ? process.stderr : undefined;
  const seed = options.seed ?? randomInt(SEEDS);
  let interruption: NodeJS.Signals | undefined;
  const signals = onSignals(INTERRUPTING, (signal) => (interruption ??= signalName(signal) as NodeJS.Signals));
  if (!json) process.stdout.write(`seed ${seed}\n`);
  const result = await check(
    binaries,
    { ...options, seed },
    {
      stop: () => interruption,
      onProgress: (progress) => {
        const counts = [progress.instructions, progress.states, progress.mismatches].map((n) => n.toLocaleString('en'));
        terminal?.write(`${CLEAR_LINE}${counts[0]} instructions, ${counts[1]} states, ${counts[2]} mismatches`);
      },
    },
  );
  signals.dispose();
  terminal?.write(CLEAR_LINE);
  const failed = result.ended !== undefined && 'error' in result.ended;
  // If an error came before any comparison, the error is the whole result.
  if (!failed || result.states > 0) {
    process.stdout.write(json ? `${JSON.stringify(resultJson(result))}\n` : resultText(result));
  }
  if (failed) throw result.ended.error;
  return statusOf(result);
}
