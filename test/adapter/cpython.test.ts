/**
 * Real input: Debian's CPython, attached to while its threads run. Link-time optimised, inlined, its debug information
 * found by build-id.
 */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { DapClient } from './dapClient';

const PYTHON = '/usr/bin/python3.11';
const THREADS = 3;
const ROUNDS = 100;

/** re.findall appends each match with PyList_Append: 4 a round. */
const SCRIPT = `
import re, sys, threading
found = []
def run(number):
    for round in range(${ROUNDS}):
        found.extend(re.findall('[a-z]', 'a%db%dc%dd' % (number, round, number)))
print('ready', flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=run, args=(number,)) for number in range(${THREADS})]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.stdout.write('%d %s\\n' % (len(found), ''.join(sorted(set(found)))))
sys.stdout.flush()
sys.stdin.readline()
`;

const MAX_RESIDENT_KB = 250 * 1024;

describe('CPython', () => {
  let python: ChildProcessWithoutNullStreams;
  let client: DapClient;

  beforeEach(async () => {
    client = new DapClient();
    python = spawn(PYTHON, ['-c', SCRIPT]);
    await new Promise((resolve) => python.stdout.once('data', resolve));
  });

  afterEach(async () => {
    await client.close();
    python.kill('SIGKILL');
  });

  it('logs PyList_Append with its arguments from all threads, each hit once; the result is the same', async () => {
    const [breakpoint] = await client.start('attach', { pid: python.pid }, () =>
      client.setFunctionBreakpoints({ name: 'PyList_Append' }),
    );
    assert.equal(breakpoint?.verified, true);
    const result = new Promise<string>((resolve) =>
      python.stdout.once('data', (data: Buffer) => resolve(data.toString())),
    );
    python.stdin.write('go\n');
    assert.equal(await result, `${THREADS * ROUNDS * 4} abcd\n`);
    await client.ask('disconnect');
    const lines = client.output('console').split('\n');
    // A warning of the places may come first.
    assert.ok(lines.some((line) => /^PyList_Append\(op=0x[0-9a-f]+, newitem=0x[0-9a-f]+\)/.test(line)));
    const counted = Number(/PyList_Append: ([\d,]+) hits/.exec(lines.join('\n'))?.[1]?.replace(',', ''));
    assert.equal(counted, THREADS * ROUNDS * 4);
    const resident = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${client.pid}/status`, 'utf8'))?.[1]);
    assert.ok(resident < MAX_RESIDENT_KB, `the adapter took ${resident} kB`);
  });
});
