/**
 * What attaching does to a process with 1,000 threads that sleep and one that runs: how many are stopped, by the
 * kernel's own counters, how long the running one does not run, and when the probe is there. Tools and benchmark share
 * one processor, the running thread has another one for itself.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pinned, SPARE_CPU } from './pinning';
import { installed } from './processes';
import { goals, say, table } from './report';
import { median, spread } from './statistics';
import { compile, ROOT } from './target';
import { SIDESTEP } from './tracers/sidestep';

const INT3 = 0xcc;
/** What has not happened after this time, in ms, has failed. */
const PATIENCE_MS = 120_000;

interface Tool {
  readonly name: string;
  readonly missing: () => boolean;
  /** Starts it: to put a probe on `work` in the process, and to let it run. */
  readonly start: (pid: number) => ChildProcess;
}

const sidestep: Tool = {
  name: 'Sidestep, command line',
  missing: () => false,
  start: (pid) =>
    spawn(process.execPath, [SIDESTEP, 'attach', '-p', 'log work "{x}"', String(pid)], { stdio: 'ignore' }),
};

const gdb: Tool = {
  name: 'gdb, dprintf',
  missing: () => !installed('gdb'),
  start(pid) {
    const commands = [`attach ${pid}`, 'dprintf work,"%ld\\n",x', 'continue'];
    const args = ['-q', '-nx', '-batch', ...commands.flatMap((command) => ['-ex', command])];
    return spawn('gdb', args, { stdio: 'ignore' });
  },
};

const TOOLS: readonly Tool[] = [sidestep, gdb];

interface Attached {
  /**
   * From starting the tool until its probe stands in the program's code, and from its first hold on the program, in ms.
   */
  readonly startedMs: number;
  readonly attachedMs: number;
  /** How many of the threads did not sleep or run on undisturbed, and how often they stopped together. */
  readonly threads: number;
  readonly stops: number;
  /** System calls that returned because of it. */
  readonly returned: number;
  /** The longest time during which the running thread did not run. */
  readonly pauseUs: number;
}

export async function benchCrowd({ rounds, threads }: { rounds: number; threads: number }): Promise<void> {
  say(`## Attaching to a process with ${threads.toLocaleString('en-GB')} threads\n`);
  if (cpus().length < 2) {
    say('(left out: it needs a processor to spare)\n');
    return;
  }
  const program = compile(join(ROOT, 'test/fixtures/engine/crowd.c'), 'crowd', ['-O1', '-no-pie']);
  const present = TOOLS.filter((tool) => !tool.missing());
  const results = new Map(present.map((tool) => [tool, [] as Attached[]]));
  await pinned(async () => {
    for (let round = 0; round < rounds; round++)
      for (const [tool, list] of results) list.push(await attach(tool, program, threads));
  });
  const of = (tool: Tool, figure: keyof Attached): number[] =>
    (results.get(tool) ?? []).map((result) => result[figure]);
  table(
    [
      'tool',
      'threads stopped',
      'stops, together',
      'system calls that returned',
      'longest pause of a running thread, µs',
      'attach to probe, ms',
      'start to probe, ms',
    ],
    present.map((tool) => [
      tool.name,
      median(of(tool, 'threads')).toFixed(),
      median(of(tool, 'stops')).toFixed(),
      median(of(tool, 'returned')).toFixed(),
      spread(of(tool, 'pauseUs'), 0),
      spread(of(tool, 'attachedMs'), 0),
      spread(of(tool, 'startedMs'), 0),
    ]),
  );
  goals([
    {
      what: 'threads that attaching stops',
      value: Math.max(...of(sidestep, 'threads')),
      bound: { atMost: 0 },
      unit: '',
    },
  ]);
}

async function attach(tool: Tool, program: string, threads: number): Promise<Attached> {
  const crowd = spawn(program, [String(threads), String(SPARE_CPU)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const pid = crowd.pid!;
  const lines = createInterface({ input: crowd.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<readonly [returned: number, longestUs: number]> => {
    crowd.stdin.write('\n');
    const { value } = (await lines.next()) as IteratorResult<string, undefined>;
    const match = /^returned (\d+) longest ([\d.]+)$/.exec(value ?? '');
    if (!match) throw new Error(`the crowd said: ${value ?? 'nothing'}`);
    return [Number(match[1]), Number(match[2])];
  };
  await lines.next();
  await calm(pid);
  const code = openSync(`/proc/${pid}/mem`, 'r');
  let child: ChildProcess | undefined;
  try {
    const before = stopsOf(pid);
    await ask();
    const started = performance.now();
    child = tool.start(pid);
    await reached(`${tool.name}, attached`, () => tracerOf(pid) !== 0);
    const attached = performance.now();
    const address = addressOfWork(program);
    await reached(`${tool.name}'s probe`, () => byteAt(code, address) === INT3);
    const armed = performance.now();
    await calm(pid);
    const after = stopsOf(pid);
    const [returned, pauseUs] = await ask();
    const differences = [...after].map(([tid, stops]) => stops - (before.get(tid) ?? 0));
    return {
      startedMs: armed - started,
      attachedMs: armed - attached,
      // The leader has woken to answer.
      threads: [...after.keys()].filter((tid, at) => tid !== pid && differences[at] !== 0).length,
      stops: [...after.keys()].reduce((sum, tid, at) => (tid === pid ? sum : sum + differences[at]!), 0),
      returned,
      pauseUs,
    };
  } finally {
    closeSync(code);
    const ends = [child, crowd].filter((one) => one !== undefined).map((one) => once(one, 'close'));
    // The program is killed first: a killed tool leaves its breakpoint in it.
    crowd.kill('SIGKILL');
    child?.kill('SIGKILL');
    await Promise.all(ends);
  }
}

/** Waits until it holds. `what`: which it is. */
async function reached(what: string, condition: () => boolean, everyMs = 1): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(everyMs);
  }
}

/** Waits until all threads but the running one sleep, and that one is not stopped. */
async function calm(pid: number): Promise<void> {
  const states = (): string[] => tidsOf(pid).map((tid) => /^State:\t(.)/m.exec(statusOf(pid, tid))?.[1] ?? '');
  const isCalm = (): boolean => {
    const awake = states().filter((state) => state !== 'S');
    return awake.length <= 1 && !awake.some((state) => /[tT]/.test(state));
  };
  await reached('threads that sleep', isCalm, 20);
}

/**
 * How often each thread has stopped running by itself or by a tracer (voluntary_ctxt_switches of proc(5)); not how
 * often it was preempted.
 */
function stopsOf(pid: number): ReadonlyMap<number, number> {
  return new Map(
    tidsOf(pid).map((tid) => [Number(tid), Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(statusOf(pid, tid))?.[1])]),
  );
}

function tracerOf(pid: number): number {
  return Number(/^TracerPid:\t(\d+)$/m.exec(statusOf(pid, String(pid)))?.[1]);
}

function tidsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`);
}

function statusOf(pid: number, tid: string): string {
  return readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
}

function byteAt(memory: number, address: number): number {
  const byte = Buffer.alloc(1);
  readSync(memory, byte, 0, 1, address);
  return byte[0]!;
}

/** Where tools put a probe on `work`: it has no prologue. */
function addressOfWork(program: string): number {
  const symbol = /^([0-9a-f]+) T work$/m.exec(execFileSync('nm', [program], { encoding: 'utf8' }))?.[1];
  if (symbol === undefined) throw new Error(`${program} has no function work`);
  return parseInt(symbol, 16);
}
