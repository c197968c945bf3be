/** `sidestep verify`: whether the emulator does what the CPU does, instruction by instruction of real programs. */
import { randomInt } from 'node:crypto';
import { type Command } from './arguments';
import { check } from './verify/check';
import { resultJson, resultText, statusOf } from './verify/report';

const SEEDS = 2 ** 32;
/** Back to the line's start, and clears the line (ECMA-48, EL). */
const CLEAR_LINE = '\r\x1b[K';

/** Prints what was found; gives the exit status: 1 when something differs. */
export function verify({ binaries, json, states, seed, limit }: Extract<Command, { kind: 'verify' }>): number {
  const terminal = process.stderr.isTTY ? process.stderr : undefined;
  const result = check(binaries, { states, seed: seed ?? randomInt(SEEDS), limit }, (progress) => {
    const counts = [progress.instructions, progress.states, progress.mismatches].map((n) => n.toLocaleString('en'));
    terminal?.write(`${CLEAR_LINE}${counts[0]} instructions, ${counts[1]} states, ${counts[2]} mismatches`);
  });
  terminal?.write(CLEAR_LINE);
  process.stdout.write(json ? `${JSON.stringify(resultJson(result))}\n` : resultText(result));
  return statusOf(result);
}
