/**
 * Memory that can't be written or opened for a while, a doorbell that can't be started again: the engine goes on, says
 * what is wrong, tries again, and releases no thread that would run into an INT3.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type SidestepError } from '../../../src/base/errors';
import { Errno } from '../../../src/engine/linux/errno';
import { type EngineClient } from '../engineClient';
import { endAfterEach } from '../fixture';
import { type Program, program } from '../program';
import { Target } from '../target';
import { buildFailingEngine, FailingEngine } from './failingEngine';
import { type Failure } from './plan';
import { until } from '../../until';

const counter = program('counter.c');
const faults = program('faults.c');
const family = program('family.c');

const { EACCES, EAGAIN, EMFILE, ENOMEM } = Errno;

const TEXT_BYTES = 64;
/** As good as for ever. */
const LASTING = 1e9;

const unwritable = (times: number, nth = 1): Failure => ({ call: 'pwrite', nth, how: ENOMEM, times });
const unopenable = (how: number, times: number, nth = 1): Failure => ({
  call: 'open /proc/PID/mem',
  nth,
  how,
  times,
});

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
}

const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0]!;

describe('text that can not be written for a while', () => {
  let engine: FailingEngine;
  let client: EngineClient;

  before(buildFailingEngine);

  endAfterEach();

  beforeEach(() => {
    engine = new FailingEngine();
    ({ client } = engine);
  });

  afterEach(() => engine.close());

  const warning = (text: RegExp) => client.event('warning', ({ message }) => text.test(message));

  /** Running in two threads, each call a hit; it calls until it has been let go. */
  async function counted() {
    const target = await Target.start(counter.path, ['2', '30000', 'go']);
    await client.request('attach', { pid: target.pid });
    const work = await client.symbol(target.pid, counter.path, counter.offset('work'));
    const { site } = await client.arm(target.pid, work);
    target.begin({ lingering: true });
    await client.until(() => (client.hits.length > 50 ? true : undefined));
    const assertUntouched = () =>
      assert.equal(target.memory(work, TEXT_BYTES), counter.text('work', TEXT_BYTES), 'the text is the file’s');
    return { target, site, assertUntouched };
  }

  const RIGHT = { output: 'right', code: 0, signal: null };

  /** Launches it with a probe; `failures` begin when it does. Its output and the probe's counts. */
  async function run(
    target: Program,
    args: readonly string[],
    symbol: string,
    failures: readonly Failure[],
    follow: 'none' | 'children' = 'none',
  ) {
    const { path } = target;
    const { pid } = await client.request('launch', {
      program: path,
      args,
      cwd: process.cwd(),
      env: [],
      stdio: [3, 4, 5],
      follow,
    });
    const { probe } = await client.arm(pid, await client.symbol(pid, path, target.offset(symbol)), { onHit: 'count' });
    await engine.plan(...failures);
    await client.release(pid);
    const { end } = await client.event('exited', (event) => event.pid === pid);
    await client.written();
    return { end, output: client.output.trim(), counts: (await client.counts()).probes.get(probe)! };
  }

  it('a probe that goes is passed by until it is out', async () => {
    const { target, site, assertUntouched } = await counted();
    await engine.plan(unwritable(LASTING));
    const { hits } = await client.disarm(site);
    assert.ok(hits > 50);
    await warning(/could not be removed: can't write to 0x\w+: ENOMEM/);
    assert.throws(assertUntouched);
    await engine.plan();
    await client.request('audit', {});
    assertUntouched();
    assert.deepEqual(await target.end(), RIGHT);
  });

  it('a probe that goes and is set again meanwhile counts again', async () => {
    const { target, site, assertUntouched } = await counted();
    await engine.plan(unwritable(LASTING));
    await client.disarm(site);
    const work = await client.symbol(target.pid, counter.path, counter.offset('work'));
    const again = await client.arm(target.pid, work, { onHit: 'count' });
    await engine.plan();
    await client.request('audit', {});
    assert.throws(assertUntouched);
    await until('50 hits', async () => (await client.counts()).sites.get(again.site)!.hits >= 50);
    await client.request('detach', { pid: target.pid });
    assertUntouched();
    assert.deepEqual(await target.end(), RIGHT);
  });

  it('a process stays traced until its text is whole', async () => {
    const { target, assertUntouched } = await counted();
    await engine.plan(unwritable(LASTING));
    await assert.rejects(client.request('detach', { pid: target.pid }), ({ code, message }: SidestepError) => {
      assert.deepEqual([code, message.includes('stays traced')], ['memory-unreachable', true]);
      return true;
    });
    assert.notEqual(target.status('TracerPid'), '0');
    await engine.plan();
    await client.request('detach', { pid: target.pid });
    assert.equal(target.status('TracerPid'), '0');
    assertUntouched();
    assert.deepEqual(await target.end(), RIGHT);
  });

  it('an engine whose client has gone stays until all text is whole', async () => {
    const { target, assertUntouched } = await counted();
    await engine.plan(unwritable(200));
    await engine.close();
    assert.equal(target.status('TracerPid'), '0');
    assertUntouched();
    assert.deepEqual(await target.end(), RIGHT);
  });

  it('a thread waits that must run the instruction itself, and is counted once', async () => {
    const { output, counts } = await run(faults, ['handled'], 'load', [unwritable(20)]);
    assert.equal(output, 'caught 200');
    assert.deepEqual([counts.hits, counts.steppedAside], [200, 100]);
    await warning(/thread \d+ waits at 0x\w+, because the code there can't be restored: ENOMEM/);
  });

  it('a probe that can not be set again after a thread has run its instruction is given up', async () => {
    const { output, counts } = await run(faults, ['handled'], 'load', [unwritable(1, 2)]);
    assert.equal(output, 'caught 200');
    assert.deepEqual([counts.hits, counts.steppedAside], [1, 1]);
    const { reason } = await client.event('siteGone');
    assert.match(reason, /could not be set again: can't write to 0x\w+: ENOMEM/);
  });

  it('a forked child waits until it is clean', async () => {
    const { output, counts } = await run(family, ['fork', '10'], 'work', [unwritable(30)]);
    assert.equal(output, 'right 10');
    assert.equal(counts.hits, 10);
    await warning(/child \d+ waits, because its copy of the probes can't be removed: .*ENOMEM/);
  });

  it('a forked child waits until its memory can be opened', async () => {
    const { output, counts } = await run(family, ['fork', '10'], 'work', [unopenable(EMFILE, 30)]);
    assert.equal(output, 'right 10');
    assert.equal(counts.hits, 10);
    await warning(/child \d+ waits, .*EMFILE/);
  });

  it('a forked child that has closed itself to tracers costs a warning', async () => {
    const { end, counts } = await run(family, ['fork', '10'], 'work', [unopenable(EACCES, 1)]);
    assert.deepEqual(end, { code: 1 });
    assert.equal(counts.hits, 10);
    await warning(/child \d+ has a copy of the probes .* and will die when it reaches one: .*EACCES/);
  });

  it('a child that can not be followed runs clean', async () => {
    const { output, counts } = await run(family, ['fork', '10'], 'work', [unopenable(EMFILE, 2)], 'children');
    assert.equal(output, 'right 10');
    // Of ten children, which call it twice, all but the first are followed.
    assert.equal(counts.hits, 10 + 2 * 9);
    await warning(/child \d+ is not followed: .*EMFILE/);
  });

  it('a program is not left behind by a launch that fails at its end', async () => {
    await engine.plan(unopenable(EACCES, 1, 2));
    const before = childrenOf(client.process.pid!);
    await assert.rejects(client.launch(counter.path, ['1', '1']), /EACCES/);
    assert.deepEqual(childrenOf(client.process.pid!), before);
  });

  it('nobody stays traced after an attach that fails at its end', async () => {
    const target = await Target.start(counter.path, ['2', '100', 'go']);
    await engine.plan(unopenable(EMFILE, 2));
    await assert.rejects(client.request('attach', { pid: target.pid }), /EMFILE/);
    assert.equal(target.status('TracerPid'), '0');
    target.begin();
    assert.deepEqual(await target.end(), RIGHT);
  });

  it('an engine without its doorbell hears the client all the same, and gets another', async () => {
    const doorbell = () => childrenOf(client.process.pid!).find((pid) => nameOf(pid) === 'sidestep-doorbell');
    await engine.plan({ call: 'posix_spawn', nth: 1, how: EAGAIN, times: 20 });
    const first = doorbell()!;
    process.kill(first, 'SIGKILL');
    for (let round = 0; round < 10; round++) await client.counts();
    await until('another doorbell', () => doorbell() !== undefined && doorbell() !== first);
    await client.counts();
  });

  it('an engine that nobody listens to any more lets the program go', async () => {
    const { target, assertUntouched } = await counted();
    client.process.stdout?.destroy();
    await target.untraced();
    assertUntouched();
    assert.deepEqual(await target.end(), RIGHT);
  });

  for (const call of ['posix_spawn', 'posix_spawnattr_init', 'ptrace SEIZE', 'fcntl']) {
    it(`an engine that can not start says why: ${call}`, async () => {
      const failing = new FailingEngine({ call, nth: 1, how: EAGAIN });
      await assert.rejects(failing.client.event('ready'));
      assert.match(failing.client.failure?.message ?? '', /EAGAIN/);
      await failing.close();
      assert.equal(failing.client.errors, '');
    });
  }
});
