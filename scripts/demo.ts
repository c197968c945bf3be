/**
 * `npm run demo`: the main job in the terminal. The example server runs under load with three probes in it; a bystander
 * thread that hits none of them shows what the probes cost other threads, compared with a run without any.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = join(__dirname, '..');
const EXAMPLE = join(ROOT, 'examples', 'server');
const SIDESTEP = join(ROOT, 'dist', 'cli.js');

const PROBES = [
  'log handle_request "#{request->id} {request->method} {request->key} for {request->client->name}" hits % 20',
  'log store_put "{key} = {value}" hits % 10',
  'count find',
];

/** The bystanders leave a processor to the others: what they lose is lost to stops, not to a lack of processors. */
const SERVER = [
  './server',
  '--requests',
  '3000',
  '--rate',
  '1500',
  '--bystanders',
  String(Math.max(1, availableParallelism() - 1)),
];

interface Account {
  readonly counters: ReadonlyMap<string, number>;
  /** Of all bystanders together. */
  readonly roundsPerSecond: number;
}

/** Reads what the server prints at its end. */
function readAccount(output: string): Account {
  const counters = new Map<string, number>();
  let roundsPerSecond = 0;
  for (const line of output.split('\n')) {
    const counter = /^counter (\w+) (\d+)$/.exec(line);
    if (counter) counters.set(counter[1] ?? '', Number(counter[2]));
    const bystander = /^bystander \d+ rounds (\d+) seconds ([\d.]+)$/.exec(line);
    if (bystander) roundsPerSecond += Number(bystander[1]) / Number(bystander[2]);
  }
  return { counters, roundsPerSecond };
}

async function runServer(command: string, args: readonly string[]): Promise<Account> {
  const server = spawn(command, args, { cwd: EXAMPLE, stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [status]] = await Promise.all([
    text(server.stdout),
    once(server, 'close') as Promise<[number | null]>,
  ]);
  if (status !== 0) throw new Error(`${command} ended with status ${status ?? 'unknown'}`);
  return readAccount(output);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<void> {
  execFileSync('make', ['--silent'], { cwd: EXAMPLE, stdio: 'inherit' });

  say(`\nThe example server, without probes:\n\n  ${SERVER.join(' ')}\n`);
  const alone = await runServer(SERVER[0] ?? '', SERVER.slice(1));
  say(`  ${alone.counters.get('handle_request') ?? 0} requests, bystanders did ${rate(alone)} rounds of work a second`);

  const quoted = PROBES.map((probe) => `-p '${probe}'`);
  say(`\nThe same with three probes:\n\n  sidestep run ${quoted.join(' \\\n    ')} \\\n    -- ${SERVER.join(' ')}\n`);
  const probed = await runServer(process.execPath, [
    SIDESTEP,
    'run',
    ...PROBES.flatMap((probe) => ['-p', probe]),
    '--',
    ...SERVER,
  ]);

  say('\nThe server itself counted:');
  for (const place of ['handle_request', 'store_put', 'find']) say(`  ${place} ${probed.counters.get(place) ?? 0}`);
  say(
    `Bystanders, which hit no probe, did ${rate(probed)} rounds of work a second: ${share(probed, alone)} of what they did without probes.`,
  );
}

function rate(account: Account): string {
  return Math.round(account.roundsPerSecond).toLocaleString('en-GB');
}

function share(probed: Account, alone: Account): string {
  return `${((100 * probed.roundsPerSecond) / alone.roundsPerSecond).toFixed(1)} %`;
}

void main();
