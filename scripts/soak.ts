/**
 * Everything at once and at random, for a long time: see test/engine/soak/soak.ts and docs/engine.md, "Soak".
 *
 *     npm run soak -- [--minutes N] [--seed S]
 *
 * Prints the seed first, and a report at the end. Then it probes all of what `npm test` takes a sample of. Exit status
 * 1 if anything was found.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportOf } from '../test/engine/soak/ledger';
import { Soak } from '../test/engine/soak/soak';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '3' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    },
  });
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('usage: npm run soak -- [--minutes N] [--seed S]');
  process.stdout.write(`soak of ${minutes} minutes, seed ${seed}\n`);
  const progress = process.stdout.isTTY ? (line: string) => void process.stdout.write(`\r\x1b[K${line}`) : undefined;
  const ledger = await new Soak({ seconds: minutes * 60, seed, ...(progress && { progress }) }).run();
  process.stdout.write(`${progress ? '\n' : ''}${reportOf(ledger)}\n`);
  process.exitCode = ledger.findings.size > 0 || !probesWholePrograms(seed) ? 1 : 0;
}

function probesWholePrograms(seed: number): boolean {
  const root = join(__dirname, '..');
  const { status } = spawnSync(join(root, 'node_modules/.bin/mocha'), ['test/engine/wholeProgram.test.ts'], {
    cwd: root,
    env: { ...process.env, SIDESTEP_WHOLE: '1', SIDESTEP_SEED: String(seed) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status === 0;
}

void main();
