/**
 * One probe with thousands of sites: how long it takes to find them, to arm them and to take them out again, in a
 * CPython that runs, and what each costs in memory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Image } from '../src/debuginfo/image';
import { NamePattern } from '../src/debuginfo/names/namePattern';
import { readFlow } from '../src/emulator/flow';
import { parseProbe } from '../src/language/probes/parse';
import { startEngine } from '../src/session/engine/startEngine';
import { Session } from '../src/session/session';
import { childrenOf, residentBytes } from './processes';
import { type Goal, goals, say, table } from './report';
import { ROOT } from './target';

const PYTHON = '/usr/bin/python3.11';
const SCRIPT = 'import time\nprint("ready", flush=True)\nwhile True: time.sleep(1)';

/** About 1,000 places, and more than 10,000. */
const PATTERNS = ['PyUnicode_*', 'Py*', '*'];

interface Times {
  readonly sites: number;
  readonly functions: number;
  /** ms. */
  readonly resolved: number;
  readonly armed: number;
  readonly disarmed: number;
  /** Resident bytes that came with the sites. */
  readonly client: number;
  readonly engine: number;
}

export async function benchPatterns(): Promise<void> {
  say('## Patterns: many sites of one probe in a running CPython\n');
  if (!existsSync(PYTHON)) {
    say(`(left out: there is no ${PYTHON})\n`);
    return;
  }
  const rows: string[][] = [];
  const wanted: Goal[] = [];
  for (const pattern of PATTERNS) {
    const times = await inPython((pid) => measured(pid, pattern));
    const { sites, functions, resolved, armed, disarmed, client, engine } = times;
    rows.push([
      `count ${pattern}`,
      `${functions}`,
      `${sites}`,
      ...[resolved, armed, disarmed].map((ms) => `${(ms / 1000).toFixed(2)} s`),
      ...[client, engine].map((bytes) => `${(bytes / 1e3 / sites).toFixed(1)} kB`),
    ]);
    for (const [what, ms] of Object.entries({ resolved, armed, 'taken out': disarmed })) {
      const value = ((ms / sites) * 10_000) / 1000;
      wanted.push({ what: `${pattern}: 10,000 sites ${what}`, value, bound: { atMost: 1 }, unit: 's' });
    }
  }
  table(['probe', 'functions', 'sites', 'found', 'armed', 'taken out', 'client a site', 'engine a site'], rows);
  goals(wanted);
}

async function inPython(use: (pid: number) => Promise<Times>): Promise<Times> {
  const python: ChildProcess = spawn(PYTHON, ['-c', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(python.stdout!, 'data');
    return await use(python.pid!);
  } finally {
    python.kill('SIGKILL');
  }
}

async function measured(pid: number, pattern: string): Promise<Times> {
  const images = new Map<string, Image>();
  const openImage = (path: string): Image => {
    const image = images.get(path) ?? Image.open(path, { readFlow });
    images.set(path, image);
    return image;
  };
  const engine = startEngine({ script: join(ROOT, 'dist', 'engine.js'), terminal: 'detached' });
  const session = new Session(engine, { openImage, maxSites: 100_000 });
  try {
    await session.attach(pid);
    // The engine's and the client's code is compiled, and the names are indexed.
    await session.removeProbe(await session.addProbe(parseProbe('count PyList_A*')));
    const [engineProcess] = childrenOf(process.pid).filter((child) => child !== pid);
    const [resolved] = await timed(() => {
      for (const image of images.values()) {
        if (image.hasSymbolMatching(new NamePattern(pattern))) image.functionsMatching(new NamePattern(pattern), 1e5);
      }
    });
    const before = [residentBytes(process.pid), residentBytes(engineProcess!)] as const;
    const [armed, probe] = await timed(() => session.addProbe(parseProbe(`count ${pattern}`)));
    if (probe.state !== 'armed') throw new Error(probe.reason);
    const after = [residentBytes(process.pid), residentBytes(engineProcess!)] as const;
    const sites = probe.sites.length;
    const functions = new Set(probe.sites.map(({ location }) => location.function)).size;
    const [disarmed] = await timed(() => session.removeProbe(probe));
    const [client, engineBytes] = [after[0] - before[0], after[1] - before[1]];
    return { sites, functions, resolved, armed, disarmed, client, engine: engineBytes };
  } finally {
    session.dispose();
    for (const image of images.values()) image.dispose();
  }
}

async function timed<T>(work: () => T | Promise<T>): Promise<[number, T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}
