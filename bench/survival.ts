/**
 * How often a program lives on when the engine is killed by SIGKILL, under hits at irregular intervals, with the
 * engine's guardian and without. The program checks afterwards that it has computed what it should.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

interface Tally {
  survived: number;
  died: number;
}

export async function benchSurvival({ rounds }: { rounds: number }): Promise<void> {
  say(`## Programs whose engine is killed, ${rounds} each, ${THREADS} threads on a probe\n`);
  const hammer = program('hammer.c');
  const rows: string[][] = [];
  for (const rate of RATES) {
    const row = [rate.toLocaleString('en-GB')];
    for (const guarded of [true, false]) {
      const tally = { survived: 0, died: 0 };
      for (let round = 0; round < rounds; round++) await tryOnce(hammer, rate, guarded, tally);
      row.push(`${((100 * tally.survived) / (tally.survived + tally.died)).toFixed(1)} %`);
    }
    rows.push(row);
  }
  table(['hits a second', 'survive', 'survive, without a guardian'], rows);
}

async function tryOnce(
  hammer: ReturnType<typeof program>,
  rate: number,
  guarded: boolean,
  tally: Tally,
): Promise<void> {
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
  if (!guarded) process.kill(guardian, 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await gone;
  await sleep(PRELUDE_MS);
  child.stdin.end();
  await ended;
  count(child, output, tally);
}

function count(child: ChildProcess, output: string, tally: Tally): void {
  if (child.signalCode === 'SIGTRAP') tally.died++;
  else if (/^right \d+$/m.test(output)) tally.survived++;
  else
    throw new Error(
      `the program computed ${output}, and ended with ${child.exitCode ?? child.signalCode ?? 'nothing'}`,
    );
}

/** The guardian, when it watches. */
async function tracerOf(pid: number): Promise<number> {
  for (;;) {
    const tracer = Number(/^TracerPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
    if (tracer > 0) return tracer;
    await sleep(5);
  }
}
