import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { assertUntouched, parseJsonLines, Running, sidestep } from '../cli/commandLine';

const PYTHON = '/usr/bin/python3.11';

/** Without `-I` it lists the current directory (a PyList_Append an entry) whenever something changes there. */
const ISOLATED = '-I';

/**
 * Threads that parse JSON (every array element goes through PyList_Append) and sort what they parsed, as often as the
 * argument says, or until a line comes on standard input; then one line with the sum over everything.
 */
const SCRIPT = `
import json, sys, threading
rounds = int(sys.argv[1])
stop = threading.Event()
sums = [0, 0, 0]
TEXT = json.dumps([(n * 7919) % 1009 for n in range(50)])

def work(index):
    done = 0
    while not stop.is_set() and (rounds == 0 or done < rounds):
        values = sorted(json.loads(TEXT))
        sums[index] = (sums[index] * 31 + sum(v * i for i, v in enumerate(values))) % 1000003
        done += 1

threads = [threading.Thread(target=work, args=(i,), name=f"parser {i}") for i in range(3)]
for t in threads: t.start()
print("begun", flush=True)
if rounds == 0:
    sys.stdin.readline()
    stop.set()
for t in threads: t.join()
print("sums", sums if rounds else "done")
`;

const ELEMENTS = 50;
const THREADS = 3;

class Python {
  readonly #child: ChildProcess = spawn(PYTHON, [ISOLATED, '-c', SCRIPT, '0'], { stdio: ['pipe', 'pipe', 'inherit'] });
  readonly #output = text(this.#child.stdout!);

  get pid(): number {
    return this.#child.pid!;
  }

  async begun(): Promise<this> {
    await once(this.#child.stdout!, 'readable');
    return this;
  }

  /** Lets it come to its end; gives what it printed. */
  async end(): Promise<string> {
    this.#child.stdin?.end('\n');
    await once(this.#child, 'close');
    assert.equal(this.#child.exitCode, 0);
    return this.#output;
  }
}

describe("Debian's CPython, with the symbols that its build-id names", () => {
  before(() => {
    assert.ok(existsSync(PYTHON), 'apt-get install python3.11 python3.11-dbg');
    const buildId = /Build ID: (\w+)/.exec(execFileSync('readelf', ['-n', PYTHON], { encoding: 'utf8' }))?.[1] ?? '';
    const symbols = `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
    assert.ok(existsSync(symbols), 'apt-get install python3.11-dbg');
  });

  it('logs PyList_Append with its arguments while its threads run on', async () => {
    const python = await new Python().begun();
    const args = ['attach', '-p', 'log PyList_Append "{op->ob_type->tp_name} {newitem->ob_type->tp_name}"'];
    const { status, stderr } = await sidestep([...args, '--format', 'json', '--max-hits', '2000', String(python.pid)]);
    assert.equal(status, 0, stderr);
    const { hits, summary } = parseJsonLines(stderr);
    assert.equal(hits.length, 2000);
    assert.deepEqual(new Set(hits.map(({ message }) => message)), new Set(['"list" "int"']));
    assert.ok(hits.every(({ location }) => location.file?.endsWith('Objects/listobject.c')));
    assert.equal(new Set(hits.map(({ tid }) => tid)).size, THREADS);
    assert.equal(summary.probes[0]?.lost, 0);
    assertUntouched(python.pid);
    assert.match(await python.end(), /^sums done$/m);
  });

  it('shows function, arguments and thread where no message says what to log', async () => {
    const python = await new Python().begun();
    const args = ['attach', '-p', 'log PyList_Append', '--format', 'json', '--max-hits', '1', String(python.pid)];
    const { hits } = parseJsonLines((await sidestep(args)).stderr);
    assert.match(hits[0]?.message ?? '', /PyList_Append\(op=0x[0-9a-f]+.*newitem=0x[0-9a-f]+/);
    await python.end();
  });

  it('counts exactly, from the first instruction on, and changes no result', async () => {
    const rounds = 20;
    const script = [ISOLATED, '-c', SCRIPT, String(rounds)];
    const probes = ['-p', 'count PyList_Append if op->ob_type == &PyList_Type', '-p', 'log list_sort_impl hits % 10'];
    const probed = await sidestep(['run', ...probes, '--format', 'json', '--', PYTHON, ...script]);
    assert.equal(probed.status, 0, probed.stderr);
    assert.equal(probed.stdout, execFileSync(PYTHON, script, { encoding: 'utf8' }));
    const { summary } = parseJsonLines(probed.stderr);
    // What the interpreter appends for itself at its start and end comes on top.
    const idle = parseJsonLines(
      (await sidestep(['run', ...probes, '--format', 'json', '--', PYTHON, ISOLATED, '-c', SCRIPT, '1'])).stderr,
    );
    const appended = (summary.probes[0]?.hits ?? 0) - (idle.summary.probes[0]?.hits ?? 0);
    assert.equal(appended, ELEMENTS * THREADS * (rounds - 1));
  });

  it('waits for a function that no library has, because a module could bring it', async () => {
    const python = await new Python().begun();
    const running = new Running(['attach', '-p', 'log PyList_Apend', String(python.pid)]);
    await running.untilStderr(/PyList_Apend.*waits for code/);
    running.kill('SIGINT');
    assert.equal((await running.outcome()).status, 2);
    await python.end();
  });
});
