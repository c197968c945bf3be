/** What becomes of programs whose engine is killed, stage by stage: test/guardian/kills.ts, often. */
import { join } from 'node:path';
import { Random } from '../src/emulator/oracle/random';
import { killIn, type Outcome, STAGE_NAMES } from '../test/guardian/kills';
import { say } from './report';
import { ROOT } from './target';

const OUTCOMES: readonly Outcome[] = ['right', 'SIGTRAP', 'SIGKILL', 'wrong'];

export async function benchKills({ kills }: { kills: number }): Promise<void> {
  const seed = Number(process.env['SIDESTEP_SEED'] ?? Date.now() % 1_000_000);
  const random = new Random(seed);
  say(`## Engines that are killed, ${kills} in each stage (SIDESTEP_SEED=${seed})\n`);
  const script = join(ROOT, 'dist', 'engine.js');
  for (const stage of STAGE_NAMES) {
    const counts = new Map<Outcome, number>();
    for (let kill = 0; kill < kills; kill++) {
      const { outcome, detail } = await killIn(stage, random, script);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      if (outcome === 'wrong') say(`${stage}: ${detail}`);
    }
    // At once: all of them take hours.
    say(`- ${stage}: ${OUTCOMES.map((outcome) => `${counts.get(outcome) ?? 0} ${outcome}`).join(', ')}`);
  }
}
