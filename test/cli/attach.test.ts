import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { assertUntouched, fixture, isUntouched, marked, parseJsonLines, Running, sidestep } from './commandLine';
import { until } from '../until';

const WORKED = marked('busy', 'worked');

/** A program that another user started: `busy` with its threads running. */
class Target {
  readonly #child: ChildProcess;
  readonly #output: Promise<string>;

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#output = text(this.#child.stdout!);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Ends it by SIGTERM, which it answers with its account. Gives what it printed. */
  async end(): Promise<string> {
    this.#child.kill('SIGTERM');
    const [status] = (await once(this.#child, 'close')) as [number | null];
    assert.equal(status, 0, 'the program came to its own end');
    return this.#output;
  }
}

describe('sidestep attach', () => {
  let busy = '';
  let target: Target;

  before(() => {
    busy = fixture('busy');
  });

  beforeEach(() => {
    target = new Target(busy, ['3', '1000000000', '200']);
  });

  afterEach(async () => {
    assertUntouched(target.pid);
    assert.match(await target.end(), /^calls \d+ sum \d+$/m);
  });

  it('reports the hits of threads that run already, and lets go after --max-hits', async () => {
    const args = ['attach', '-p', `log ${WORKED} "{job->number}"`, '--format', 'json', '--max-hits', '500'];
    const { status, stderr } = await sidestep([...args, String(target.pid)]);
    assert.equal(status, 0, stderr);
    const { hits, summary } = parseJsonLines(stderr);
    assert.equal(hits.length, 500);
    assert.ok(hits.every(({ pid }) => pid === target.pid));
    assert.deepEqual(new Set(hits.map(({ message }) => message)), new Set(['0', '1', '2']));
    assert.equal(summary.exit, undefined);
  });

  it('lets go after --duration', async () => {
    const args = ['attach', '-p', 'count work', '--duration', '0.3', '--format', 'json', String(target.pid)];
    const { status, stderr } = await sidestep(args);
    assert.equal(status, 0, stderr);
    assert.ok(parseJsonLines(stderr).summary.probes[0]!.hits > 0);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`lets go at ${signal}, and sums up`, async () => {
      const running = new Running(['attach', '-p', `log ${WORKED}`, '--format', 'json', String(target.pid)]);
      await running.untilStderr(/"hit"/);
      running.kill(signal);
      const { status, stderr } = await running.outcome();
      assert.equal(status, 0);
      assert.ok(parseJsonLines(stderr).summary.probes[0]!.hits > 0);
    });
  }

  it('lets go when it is killed, though it can say nothing', async () => {
    const running = new Running(['attach', '-p', `log ${WORKED}`, '--format', 'json', String(target.pid)]);
    await running.untilStderr(/"hit"/);
    running.kill('SIGKILL');
    await until('the process to be let go', () => isUntouched(target.pid));
  });

  it('lets go when nobody reads its output any more', async () => {
    const { status } = await sidestep(['attach', '-p', `log ${WORKED}`, '-o', '/dev/full', String(target.pid)]);
    assert.equal(status, 2);
  });

  it('refuses what it can not place, and leaves nothing behind', async () => {
    const { status, stderr } = await sidestep(['attach', '-p', `log ${WORKED}`, '-p', 'log worc', String(target.pid)]);
    assert.equal(status, 2);
    assert.match(stderr, /no loaded module has a function worc[^]*Did you mean work/);
  });

  it('says so when the process ends meanwhile', async () => {
    const other = spawn(busy, ['1', '1000000000', '1000'], { stdio: 'ignore' });
    const running = new Running(['attach', '-p', `log ${WORKED}`, '--format', 'json', String(other.pid)]);
    await running.untilStderr(/"hit"/);
    other.kill('SIGTERM');
    const { status, stderr } = await running.outcome();
    assert.equal(status, 0);
    assert.deepEqual(parseJsonLines(stderr).summary.exit, { code: 0 });
  });
});
