/**
 * What a probe on its command path costs a real server: memcached, with four worker threads and eight clients that send
 * requests without pause; every get comes by the probe. How many requests are answered in a second without and with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Load, Memcached, type Work } from '../test/realworld/memcached';
import { installed } from './processes';
import { say, table } from './report';
import { median, spread } from './statistics';
import { SCRATCH } from './target';
import { SIDESTEP } from './tracers/sidestep';

const PROBED = 'limited_get';
/** A tool that has logged nothing after this time, in ms, has failed. */
const PATIENCE_MS = 60_000;

interface Tool {
  readonly name: string;
  readonly missing: () => boolean;
  /**
   * The command that logs an integer at each call of {@link PROBED}, on its standard output or error; undefined: no
   * tracer.
   */
  readonly command: ((pid: number) => readonly string[]) | undefined;
}

const TOOLS: readonly Tool[] = [
  { name: 'nobody', missing: () => false, command: undefined },
  {
    name: 'Sidestep, log',
    missing: () => false,
    command: (pid) => {
      const probe = `log ${PROBED} "{nkey}"`;
      return [process.execPath, SIDESTEP, 'attach', '--format', 'json', '-p', probe, `${pid}`];
    },
  },
  {
    name: 'Sidestep, log of every 1,000th',
    missing: () => false,
    command: (pid) => {
      const probe = `log ${PROBED} "{nkey}" hits % 1000`;
      return [process.execPath, SIDESTEP, 'attach', '--format', 'json', '-p', probe, `${pid}`];
    },
  },
  {
    name: 'gdb, dprintf',
    missing: () => !installed('gdb'),
    command: (pid) => {
      const commands = [`attach ${pid}`, `dprintf ${PROBED},"%lu\\n",nkey`, 'continue'];
      return ['gdb', '-q', '-nx', '-batch', ...commands.flatMap((text) => ['-ex', text])];
    },
  },
];

export async function benchServer({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  say('## memcached under load, with a logpoint on its command path\n');
  const present = TOOLS.filter((tool) => !tool.missing());
  const works = new Map(present.map((tool) => [tool, [] as Work[]]));
  for (let round = 0; round < rounds; round++)
    for (const [tool, list] of works) list.push(await measure(tool, seconds));
  const pace = ({ requests, seconds: time }: Work): number => requests / time;
  const alone = median(works.get(present[0]!)!.map(pace));
  table(
    [
      'tracer',
      'requests a second',
      'of those without, %: median (least … most)',
      'median of a request, µs',
      '99th percentile, µs',
      'failed or wrong',
    ],
    present.map((tool) => {
      const list = works.get(tool)!;
      return [
        tool.name,
        Math.round(median(list.map(pace))).toLocaleString('en-GB'),
        spread(
          list.map((work) => (100 * pace(work)) / alone),
          1,
        ),
        median(list.map(({ medianUs }) => medianUs)).toFixed(),
        median(list.map(({ p99Us }) => p99Us)).toFixed(),
        String(list.reduce((sum, { failed, wrong }) => sum + failed + wrong, 0)),
      ];
    }),
  );
}

async function measure({ name, command }: Tool, seconds: number): Promise<Work> {
  mkdirSync(SCRATCH, { recursive: true });
  const server = await Memcached.start();
  const load = new Load(server);
  const log = join(SCRATCH, 'server.log');
  let tracer: ChildProcess | undefined;
  try {
    load.go();
    if (command !== undefined) {
      const [program, ...args] = command(server.pid);
      const fd = openSync(log, 'w');
      tracer = spawn(program!, args, { stdio: ['ignore', fd, fd] });
      closeSync(fd);
      await grown(log, name);
    }
    await load.pause();
    load.go();
    await sleep(1000 * seconds);
    return await load.pause();
  } finally {
    await end(tracer);
    await load.stop();
    await server.stop();
  }
}

/** Waits until hits are logged, not only what a tool says at its start. */
async function grown(log: string, name: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (statSync(log).size < 10_000) {
    if (performance.now() > deadline) throw new Error(`${name} logs nothing`);
    await sleep(20);
  }
}

/** Asks it to let go, as Ctrl-C does. */
async function end(tracer: ChildProcess | undefined): Promise<void> {
  if (tracer?.exitCode !== null) return;
  const closed = once(tracer, 'close');
  tracer.kill('SIGINT');
  await closed;
}
