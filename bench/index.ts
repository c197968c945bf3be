/**
 * How long a name takes to be found, and in how much memory, beside gdb: in Debian's largest debug files, with an empty
 * cache and with the index that the first run has kept; and thousands of probes in one CPython.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed } from './processes';
import { type Goal, goals, say, table } from './report';
import { median } from './statistics';
import { SIDESTEP } from './tracers/sidestep';

const PYTHON = '/usr/bin/python3.11';

interface Search {
  readonly what: string;
  readonly file: string;
  readonly name: string;
  /** The goals: seconds with an empty cache and with a filled one, MB with a filled one. */
  readonly wanted: { readonly cold: number; readonly cached: number; readonly megabytes?: number };
}

const SEARCHES: readonly Search[] = [
  {
    what: 'libjvm, os::javaTimeNanos',
    file: '/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so',
    name: 'os::javaTimeNanos',
    wanted: { cold: 2.5, cached: 0.4 },
  },
  {
    what: 'ceph-osd, PrimaryLogPG::do_op',
    file: '/usr/bin/ceph-osd',
    name: 'PrimaryLogPG::do_op',
    wanted: { cold: 4, cached: 0.4, megabytes: 500 },
  },
  { what: 'CPython, PyList_Append', file: PYTHON, name: 'PyList_Append', wanted: { cold: 1, cached: 0.4 } },
];

interface Run {
  readonly seconds: number;
  readonly megabytes: number;
}

export function benchIndex({ rounds }: { rounds: number }): void {
  say('## Finding a function by its name in a file that is new to the tool\n');
  const scratch = mkdtempSync(join(tmpdir(), 'sidestep-bench-'));
  try {
    const wanted: Goal[] = [];
    const rows: string[][] = [];
    for (const search of SEARCHES.filter(({ file }) => existsSync(file))) {
      const { row, reached } = measured(search, scratch, rounds);
      rows.push(row);
      wanted.push(...reached);
    }
    table(['function', 'empty cache', 'cached', 'gdb', 'MB: empty', 'cached', 'gdb'], rows);
    goals(wanted);
    if (existsSync(PYTHON)) benchMany(scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function measured(
  { what, file, name, wanted }: Search,
  scratch: string,
  rounds: number,
): { row: string[]; reached: Goal[] } {
  const sidestep = [process.execPath, SIDESTEP, 'sites', file, name];
  const cold: Run[] = [];
  const cached: Run[] = [];
  const gdb: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    const cache = mkdtempSync(join(scratch, 'cache-'));
    cold.push(run(sidestep, cache));
    cached.push(run(sidestep, cache));
    if (installed('gdb')) gdb.push(run(['gdb', '-q', '-nx', '-batch', '-ex', `info scope ${name}`, file], cache));
  }
  const seconds = [cold, cached, gdb].map((runs) => median(runs.map((each) => each.seconds)));
  const megabytes = [cold, cached, gdb].map((runs) => median(runs.map((each) => each.megabytes)));
  const goal = (kind: string, value: number | undefined, atMost: number | undefined, unit: string): Goal[] =>
    value === undefined || atMost === undefined ? [] : [{ what: `${what}, ${kind}`, value, bound: { atMost }, unit }];
  return {
    row: [what, ...seconds.map((each) => `${each.toFixed(2)} s`), ...megabytes.map((each) => each.toFixed(0))],
    reached: [
      ...goal('empty cache', seconds[0], wanted.cold, 's'),
      ...goal('cached', seconds[1], wanted.cached, 's'),
      ...goal('cached', megabytes[1], wanted.megabytes, 'MB'),
    ],
  };
}

/** `count` on so many functions of CPython, with an empty cache and a filled one, to the program's end. */
function benchMany(scratch: string): void {
  say('## Many probes by name in one CPython, to its end\n');
  const names = functionNames();
  const rows = [100, 1000, names.length].map((count) => {
    const cache = mkdtempSync(join(scratch, 'cache-'));
    const probes = names.slice(0, count).flatMap((name) => ['-p', `count ${name}`]);
    const command = [process.execPath, SIDESTEP, 'run', ...probes, '--', PYTHON, '-c', 'pass'];
    const runs = [run(command, cache), run(command, cache)];
    return [`${count}`, ...runs.map(({ seconds }) => `${seconds.toFixed(2)} s`)];
  });
  table(['functions', 'empty cache', 'cached'], rows);
}

/** Functions that CPython exports. */
function functionNames(): string[] {
  const { stdout } = spawnSync('nm', ['-D', '--defined-only', PYTHON], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return [...stdout.matchAll(/ T (_?Py\w+)$/gm)].flatMap(([, name]) => name ?? []);
}

/** Runs a command to its end, with an own cache; time(1) measures its memory. */
function run(command: readonly string[], cache: string): Run {
  const begin = performance.now();
  const { stderr } = spawnSync('/usr/bin/time', ['-f', 'resident %M', ...command], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: cache },
    maxBuffer: 1 << 26,
  });
  const seconds = (performance.now() - begin) / 1000;
  return { seconds, megabytes: Number(/resident (\d+)/.exec(stderr)?.[1] ?? NaN) / 1000 };
}
