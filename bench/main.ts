/**
 * `npm run bench [-- SECTION…]`: Sidestep beside other tracers, all in one run on one machine; about five minutes, and
 * as many for `survival`. Prints what docs/benchmarks.md records. Sections: hits, bystanders, crowd, server, first,
 * index, patterns, memory, emulation, survival, and, only if they are named, kills, which takes hours, and places
 * (beside gdb's; needs the programs' debug symbols). SIDESTEP_KILLS: how often survival and kills kill an engine for
 * each row of their tables.
 */
import { cpus, release, totalmem } from 'node:os';
import { benchBystanders } from './bystanders';
import { benchCrowd } from './crowd';
import { benchEmulation } from './emulation';
import { benchFirstProbe } from './firstProbe';
import { benchHitCost } from './hitCost';
import { benchIndex } from './index';
import { benchKills } from './kills';
import { benchMemory } from './memory';
import { benchPatterns } from './patterns';
import { benchPlaces } from './places';
import { say } from './report';
import { benchServer } from './server';
import { benchSurvival } from './survival';

const SECTIONS: Readonly<Record<string, () => Promise<void> | void>> = {
  hits: () => benchHitCost({ rounds: 5, seconds: 2 }),
  bystanders: () => benchBystanders({ rounds: 5, seconds: 2 }),
  crowd: () => benchCrowd({ rounds: 3, threads: 1000 }),
  server: () => benchServer({ rounds: 3, seconds: 3 }),
  first: () => benchFirstProbe({ rounds: 3 }),
  index: () => benchIndex({ rounds: 3 }),
  patterns: () => benchPatterns(),
  memory: () => benchMemory({ hits: 1_000_000 }),
  emulation: () => benchEmulation({ calls: 20_000 }),
  survival: () => benchSurvival({ rounds: killsOr(40) }),
  kills: () => benchKills({ kills: killsOr(400) }),
  places: () => benchPlaces({ functions: 150, lines: 150 }),
};

/** Those that take longest, or need what few have. */
const ONLY_IF_NAMED: ReadonlySet<string> = new Set(['kills', 'places']);

function killsOr(usual: number): number {
  return Number(process.env['SIDESTEP_KILLS'] ?? usual);
}

async function main(chosen: readonly string[]): Promise<void> {
  const unknown = chosen.filter((name) => SECTIONS[name] === undefined);
  if (unknown.length > 0)
    throw new Error(`no section ${unknown.join(', ')}; there are ${Object.keys(SECTIONS).join(', ')}`);
  const [cpu] = cpus();
  say(
    `Machine: ${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
      `Linux ${release()}, Node ${process.versions.node}\n`,
  );
  for (const [name, bench] of Object.entries(SECTIONS))
    if (chosen.includes(name) || (chosen.length === 0 && !ONLY_IF_NAMED.has(name))) await bench();
}

void main(process.argv.slice(2));
