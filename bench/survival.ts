/**
 * What becomes of a program when the engine is killed by SIGKILL, under hits at irregular intervals: with the engine's
 * guardian, without, and together with it. The program checks that it has computed what it should.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine } from '../src/session/engine/engine';
import { startEngine } from '../src/session/engine/startEngine';
import { program } from '../test/engine/program';
import { addressIn } from '../test/engine/target';
import { say, table } from './report';
import { ROOT } from './target';

/** Hits a second, of one site. */
const RATES = [100, 1000, 10_000];
const THREADS = 4;
/** The program and the engine get used to each other. */
const PRELUDE_MS = 100;

/**
 * What becomes of a program. `ends`: by SIGTRAP or SIGKILL, one of the two things that are promised. `wrong`: it
 * computes on, and something else than it should.
 */
const OUTCOMES = ['lives', 'ends', 'wrong'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** Kills an engine and, perhaps before it, its guardian. */
type Murder = (engine: Engine, pid: number, guardian: number) => Promise<void> | void;

const MURDERS: Readonly<Record<string, Murder>> = {
  'the engine': (_engine, pid) => void process.kill(pid, 'SIGKILL'),
  'its guardian, and the engine before another one watches': async (engine, pid, guardian) => {
    const known = new Promise<void>((resolve) =>
      engine.onEvent((event) => {
        if (event.event === 'warning' && event.message.startsWith('the guardian is gone')) resolve();
      }),
    );
    process.kill(guardian, 'SIGKILL');
    await known;
    process.kill(pid, 'SIGKILL');
  },
  'both at once': (_engine, pid, guardian) => {
    process.kill(guardian, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
  },
};

export async function benchSurvival({ rounds }: { rounds: number }): Promise<void> {
  say(`## Programs whose engine is killed, ${rounds} each, ${THREADS} threads on a probe\n`);
  const hammer = program('hammer.c');
  const rows: string[][] = [];
  for (const [what, murder] of Object.entries(MURDERS)) {
    for (const rate of RATES) {
      const counts: Record<Outcome, number> = { lives: 0, ends: 0, wrong: 0 };
      for (let round = 0; round < rounds; round++) counts[await tryOnce(hammer, rate, murder)]++;
      rows.push([what, rate.toLocaleString('en-GB'), ...OUTCOMES.map((outcome) => String(counts[outcome]))]);
    }
  }
  table(['killed', 'hits a second', 'lives on', 'ends', 'goes on wrong'], rows);
}

async function tryOnce(hammer: ReturnType<typeof program>, rate: number, murder: Murder): Promise<Outcome> {
  const child = spawn(hammer.path, [String(THREADS), String(rate)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close');
  while (!output.startsWith('ready')) await once(child.stdout, 'data');
  const engine = startEngine({ script: join(ROOT, 'dist', 'engine.js'), terminal: 'detached' });
  const gone = new Promise<void>((resolve) => engine.onGone(() => resolve()));
  const { enginePid: pid } = await engine.ready;
  await engine.request('attach', { pid: child.pid! });
  await engine.request('declare', { probe: 1 });
  const address = addressIn(child.pid!, hammer.path, hammer.offset('turn'));
  await engine.request('arm', {
    pid: child.pid!,
    sites: [{ site: 1, probe: 1, address, agent: { captures: [] }, onHit: 'report' }],
  });
  const guardian = await tracerOf(pid);
  child.stdin.write('\n');
  await sleep(PRELUDE_MS);
  await murder(engine, pid, guardian);
  await gone;
  await sleep(PRELUDE_MS);
  child.stdin.end();
  await ended;
  return outcomeOf(child, output);
}

function outcomeOf({ signalCode }: ChildProcess, output: string): Outcome {
  if (signalCode === 'SIGTRAP' || signalCode === 'SIGKILL') return 'ends';
  return /^right \d+$/m.test(output) ? 'lives' : 'wrong';
}

/** The guardian, when it watches. */
async function tracerOf(pid: number): Promise<number> {
  for (;;) {
    const tracer = Number(/^TracerPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
    if (tracer > 0) return tracer;
    await sleep(5);
  }
}
