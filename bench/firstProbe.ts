/**
 * How long it takes from nothing to the first hit: a cold start of each tool, attached to a running CPython with a
 * probe on PyList_Append, whose symbols lie in a large separate debug file with DWARF 5, compressed, of a link-time
 * optimised build.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DapClient } from './dapClient';
import { residentBytes } from './processes';
import { goals, say, table } from './report';
import { median, spread } from './statistics';
import { ROOT } from './target';
import { SIDESTEP } from './tracers/sidestep';

const PYTHON = '/usr/bin/python3.11';
/** Parsing JSON arrays calls PyList_Append. */
const SCRIPT = 'import json, time\nprint("ready", flush=True)\nwhile True: json.loads("[1, 2]"); time.sleep(0.001)';

interface Start {
  readonly ms: number;
  /** Of the adapter, when the probe is set. */
  readonly residentBytes?: number;
}

type ColdStart = (pid: number) => Promise<Start>;

const STARTS: Readonly<
  Record<'commandLine' | 'adapter' | 'gdb', { readonly name: string; readonly start: ColdStart }>
> = {
  commandLine: { name: 'Sidestep, command line', start: startCommandLine },
  adapter: { name: 'Sidestep, debug adapter', start: startAdapter },
  gdb: { name: 'gdb non-stop, dprintf', start: startGdb },
};

export async function benchFirstProbe({ rounds }: { rounds: number }): Promise<void> {
  say('## From a cold start to the first hit of a probe on PyList_Append in a running CPython\n');
  if (!existsSync(PYTHON)) {
    say(`(left out: there is no ${PYTHON})\n`);
    return;
  }
  const results = { commandLine: [] as Start[], adapter: [] as Start[], gdb: [] as Start[] };
  for (let round = 0; round < rounds; round++) {
    for (const tool of ['commandLine', 'adapter', 'gdb'] as const)
      results[tool].push(await inPython(STARTS[tool].start));
  }
  const seconds = (starts: readonly Start[]): number[] => starts.map(({ ms }) => ms / 1000);
  const resident = median(results.adapter.map((start) => (start.residentBytes ?? 0) / 1e6));
  table(
    ['tool', 's: median (least … most)'],
    (['commandLine', 'adapter', 'gdb'] as const).map((tool) => [STARTS[tool].name, spread(seconds(results[tool]), 2)]),
  );
  goals([
    { what: 'command line', value: median(seconds(results.commandLine)), bound: { atMost: 1.5 }, unit: 's' },
    { what: 'debug adapter', value: median(seconds(results.adapter)), bound: { atMost: 1.5 }, unit: 's' },
    { what: 'debug adapter, resident', value: resident, bound: { atMost: 250 }, unit: 'MB' },
  ]);
}

/** Each start gets a fresh interpreter. */
async function inPython(start: ColdStart): Promise<Start> {
  const python = spawn(PYTHON, ['-c', SCRIPT], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(python.stdout, 'data');
    return await start(python.pid!);
  } finally {
    python.kill('SIGKILL');
  }
}

async function startCommandLine(pid: number): Promise<Start> {
  const begin = performance.now();
  const args = [SIDESTEP, 'attach', '-p', 'log PyList_Append', '--format', 'json', '--max-hits', '1', String(pid)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await outputMatching(child, /"type":"hit"/);
  const ms = performance.now() - begin;
  await once(child, 'close');
  return { ms };
}

async function startAdapter(pid: number): Promise<Start> {
  const begin = performance.now();
  const client = new DapClient(process.execPath, [join(ROOT, 'dist', 'adapter.js')]);
  const initialized = client.next('initialized');
  const hit = new Promise<void>((resolve) => {
    client.on('output', (body) => {
      if ((body as { output: string }).output.includes('PyList_Append')) resolve();
    });
  });
  await client.request('initialize', { adapterID: 'sidestep', linesStartAt1: true, pathFormat: 'path' });
  const attached = client.request('attach', { pid });
  await initialized;
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'PyList_Append' }] });
  await client.request('configurationDone', {});
  await attached;
  await hit;
  const ms = performance.now() - begin;
  const resident = residentBytes(client.pid);
  await client.request('disconnect', {});
  await client.close();
  return { ms, residentBytes: resident };
}

async function startGdb(pid: number): Promise<Start> {
  const begin = performance.now();
  const commands = ['set non-stop on', `attach ${pid}`, 'dprintf PyList_Append,"hit %p\\n",op', 'continue -a'];
  const args = ['-q', '-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])];
  const child = spawn('gdb', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await outputMatching(child, /^hit 0x/m);
  const ms = performance.now() - begin;
  child.kill('SIGKILL');
  await once(child, 'close');
  return { ms };
}

/** Resolves when the child has written something that matches. */
function outputMatching(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    const stream = child.stdout ?? child.stderr;
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (pattern.test(text)) resolve();
    });
    child.once('close', () => reject(new Error(`it ended without a hit: ${text}`)));
  });
}
