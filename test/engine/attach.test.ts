/** Attaching stops no thread, and leaves the process as it was found. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, address, hex } from '../../src/base/address';
import { type SidestepError } from '../../src/base/errors';
import { EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { Target } from './target';
import { until } from '../until';
import { skip } from '../skip';

const counter = program('counter.c');
const clock = program('clock.c');
const sleeper = program('sleeper.c');
const churn = program('churn.c');
const crowd = program('crowd.c');
const bystander = program('bystander.c');

/** Bytes of a program's text that must be what the file has. */
const TEXT_BYTES = 64;

function refusedWith(code: string, message: RegExp) {
  return (error: SidestepError) => {
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

describe('attach and detach', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  async function attachCounter(threads: number, calls: number) {
    const target = await Target.start(counter.path, [`${threads}`, `${calls}`, 'go']);
    await client.request('attach', { pid: target.pid });
    const work = await client.symbol(target.pid, counter.path, counter.offset('work'));
    return { target, work };
  }

  it('stops no thread by attaching, arming and disarming', async () => {
    const target = await Target.start(clock.path, ['1000', 'idle']);
    await target.asleep();
    const before = target.switches();
    const { tids } = await client.request('attach', { pid: target.pid });
    const work = await client.symbol(target.pid, clock.path, clock.offset('work'));
    const { site } = await client.arm(target.pid, work);
    await client.disarm(site);
    assert.equal(tids.length, 1001);
    assert.deepEqual(target.switches(), before);
    await client.request('detach', { pid: target.pid });
    assert.equal(target.status('TracerPid'), '0');
    target.begin();
    assert.equal((await target.end()).output, 'interrupted 0');
  });

  it('stops none of 5,000 threads, whatever call they sleep in, and lets go of them without their noticing', async () => {
    const target = await Target.start(crowd.path, ['5000']);
    await target.asleep();
    const before = target.switches();
    const attached = client.request('attach', { pid: target.pid });
    while ((await Promise.race([attached, sleep(1)])) === undefined) assert.deepEqual(target.states(), ['S']);
    assert.equal((await attached).tids.length, 5001);
    const work = await client.symbol(target.pid, crowd.path, crowd.offset('work'));
    const { site } = await client.arm(target.pid, work);
    await client.disarm(site);
    assert.deepEqual(target.switches(), before);
    await client.request('detach', { pid: target.pid });
    assert.equal(target.status('TracerPid'), '0');
    target.begin();
    assert.match((await target.end()).output, /^returned 0 /);
  });

  it('never stops a thread that hits no probe, however often another one does', async () => {
    const calls = 50_000;
    const target = await Target.start(bystander.path, [`${calls}`]);
    await client.request('attach', { pid: target.pid });
    const work = await client.symbol(target.pid, bystander.path, bystander.offset('work'));
    const { site } = await client.arm(target.pid, work, { onHit: 'count' });
    target.begin();
    assert.deepEqual(await target.end(), { output: 'stopped 0', code: 0, signal: null });
    assert.equal((await client.counts()).sites.get(site)?.hits, calls);
  });

  for (const call of ['epoll_wait', 'recv', 'sigtimedwait', 'poll', 'nanosleep']) {
    it(`lets go of a thread that sleeps in ${call} without its noticing`, async () => {
      const target = await Target.start(sleeper.path, [call]);
      for (let round = 0; round < 3; round++) {
        await client.request('attach', { pid: target.pid });
        await target.asleep();
        await client.request('detach', { pid: target.pid });
      }
      target.begin();
      assert.equal((await target.end()).output, 'interrupted 0');
    });
  }

  it('detaches under load: the program runs on untraced, its text as in the file', async () => {
    for (let round = 0; round < 5; round++) {
      const { target, work } = await attachCounter(4, 30_000);
      await client.arm(target.pid, work);
      target.begin({ lingering: true });
      const hits = client.hits.length;
      await client.until(() => (client.hits.length > hits + 500 ? true : undefined));
      await client.request('detach', { pid: target.pid });
      assert.equal(target.status('TracerPid'), '0');
      assert.equal(target.memory(work, TEXT_BYTES), counter.text('work', TEXT_BYTES));
      assert.deepEqual(await target.end(), { output: 'right', code: 0, signal: null });
    }
  });

  for (const how of ['is killed', 'closes its pipe', 'hangs and is killed']) {
    it(`lets the program live when the client ${how} in the middle of its hits`, async () => {
      const target = await Target.start(counter.path, ['2', '200000', 'go']);
      const script = join(__dirname, 'doomedClient.ts');
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', script, `${target.pid}`, counter.path, `${counter.offset('work')}`, how],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      await until('probes are set', () => output.includes('armed'));
      const work = BigInt(output.split(' ')[1]!);
      target.begin({ lingering: true });
      const pauses = target.pauses();
      await until('many hits', () => target.pauses() > pauses + 1000);
      if (how === 'closes its pipe') child.kill('SIGUSR2');
      else child.kill('SIGKILL');
      const before = target.processorMs();
      await target.untraced();
      // Its threads wait at their hits for the engine: so long it has run, however busy the machine is otherwise.
      assert.ok(target.processorMs() - before < 200, 'within 200 ms of the program’s own time');
      assert.equal(target.memory(work, TEXT_BYTES), counter.text('work', TEXT_BYTES));
      assert.deepEqual(await target.end(), { output: 'right', code: 0, signal: null });
    });
  }

  it('lets a launched program live on as well', async () => {
    const pid = await client.launch(counter.path, ['1', '60000']);
    await client.arm(pid, await client.symbol(pid, counter.path, counter.offset('work')));
    await client.release(pid);
    await client.until(() => (client.hits.length > 500 ? true : undefined));
    client.process.stdin?.end();
    await client.until(() => (client.output === 'right\n' ? true : undefined)).catch(() => undefined);
    assert.equal(client.output, 'right\n');
  });

  it('detaches while threads come and go', async () => {
    for (let round = 0; round < 5; round++) {
      const target = await Target.start(churn.path, ['4', '2000', 'go']);
      await client.request('attach', { pid: target.pid });
      await client.arm(target.pid, await client.symbol(target.pid, churn.path, churn.offset('work')));
      const before = client.hits.length;
      target.begin({ lingering: true });
      await client.until(() => (client.hits.length > before + 20 ? true : undefined));
      await client.request('detach', { pid: target.pid });
      assert.equal(target.status('TracerPid'), '0');
      assert.deepEqual(await target.end(), { output: 'right', code: 0, signal: null });
    }
  });

  it('leaves a stopped process stopped, and no trap that the stop has overtaken', async () => {
    const { target, work } = await attachCounter(8, Number.MAX_SAFE_INTEGER);
    for (let round = 0; round < 100; round++) {
      if (round > 0) await client.request('attach', { pid: target.pid });
      await client.arm(target.pid, work);
      if (round === 0) target.begin();
      const before = client.hits.length;
      await client.until(() => (client.hits.length > before + 20 ? true : undefined));
      target.process.kill('SIGSTOP');
      await until('the stop', () => /^[tT]/.test(target.status('State')));
      await client.request('detach', { pid: target.pid });
      // A thread that was about to stop does so when it gets the processor.
      await until('the stop', () => target.status('State').startsWith('T'));
      target.process.kill('SIGCONT');
    }
    target.process.kill('SIGKILL');
    assert.deepEqual(await target.end(), { output: '', code: null, signal: 'SIGKILL' });
  });

  describe('refuses with a reason', () => {
    it('a process that does not exist', async () => {
      await assert.rejects(
        client.request('attach', { pid: 4_194_303 }),
        refusedWith('process-not-found', /no process 4194303/),
      );
    });

    it('a process that has another tracer, and names it', async () => {
      const other = new EngineClient();
      const target = await Target.start(clock.path, ['1', 'idle']);
      await other.request('attach', { pid: target.pid });
      const message = new RegExp(`process ${other.process.pid} .* already traces it`);
      await assert.rejects(client.request('attach', { pid: target.pid }), refusedWith('attach-refused', message));
      await other.close();
      await client.request('attach', { pid: target.pid });
    });

    it('a process that it traces already', async () => {
      const target = await Target.start(clock.path, ['1', 'idle']);
      await client.request('attach', { pid: target.pid });
      await assert.rejects(client.request('attach', { pid: target.pid }), refusedWith('attach-refused', /already/));
    });

    it('a zombie', async () => {
      const parent = spawn('/bin/sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 10'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      await until('its end', () => /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')));
      await assert.rejects(client.request('attach', { pid }), refusedWith('attach-refused', /has ended/));
      parent.kill();
    });

    it('a thread of the kernel', async function () {
      const name = (pid: string) => {
        try {
          return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
        } catch {
          return '';
        }
      };
      const kthreadd = readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && name(pid) === 'kthreadd');
      if (kthreadd === undefined) return skip(this, 'no thread of the kernel can be seen');
      await assert.rejects(
        client.request('attach', { pid: Number(kthreadd) }),
        refusedWith('attach-refused', /kernel thread/),
      );
    });

    it('the engine itself', async () => {
      const { enginePid } = await client.event('ready');
      await assert.rejects(
        client.request('attach', { pid: enginePid }),
        refusedWith('attach-refused', /Sidestep itself/),
      );
    });
  });
});

describe('launch', () => {
  let client: EngineClient;

  engineForEach((started) => (client = started));

  async function output(
    program: string,
    args: readonly string[],
    env: readonly string[] = [],
    cwd = process.cwd(),
  ): Promise<string> {
    const { pid } = await client.request('launch', { program, args, cwd, env, stdio: [3, 4, 5] });
    await client.release(pid);
    await client.event('exited', (event) => event.pid === pid);
    await client.until(() => (client.output === '' ? undefined : true));
    return client.output;
  }

  it('gives the program exactly its environment', async () => {
    assert.equal(await output('/usr/bin/env', [], ['A=1', 'Ü=ä=b c']), 'A=1\nÜ=ä=b c\n');
  });

  it('gives the program its arguments as they are, and its directory', async () => {
    const script = 'pwd; for a; do echo "[$a]"; done';
    assert.equal(
      await output('/bin/sh', ['-c', script, 'sh', '', 'a b', '$x"'], [], '/usr/lib'),
      '/usr/lib\n[]\n[a b]\n[$x"]\n',
    );
  });

  it('gives the program signals at their default and nothing blocked', async () => {
    const status = await output('/bin/cat', ['/proc/self/status']);
    for (const set of ['SigBlk', 'SigIgn', 'SigCgt']) assert.match(status, new RegExp(`^${set}:\\s0+$`, 'm'));
  });

  it('gives the program no descriptors but its streams', async () => {
    assert.equal(await output('/bin/ls', ['/proc/self/fd']), '0\n1\n2\n3\n');
  });

  it('starts scripts by their interpreter', async () => {
    const script = join(__dirname, '../../out/fixtures/script.sh');
    writeFileSync(script, '#!/bin/sh\necho "script $1"\n', { mode: 0o755 });
    assert.equal(await output(script, ['x']), 'script x\n');
  });

  it('holds the program before its first instruction', async () => {
    const pid = await client.launch(counter.path, ['1', '10']);
    const { entry, interpreterBase, mappings, executable } = await client.request('mappings', { pid });
    assert.equal(executable, counter.path);
    assert.ok(mappings.some(({ start, end, path }) => entry >= start && entry < end && path === counter.path));
    assert.ok(mappings.some(({ start, path }) => start === interpreterBase && /ld-linux/.test(path)));
    assert.ok(!mappings.some(({ path }) => /libc/.test(path)));
    assert.match(readFileSync(`/proc/${pid}/syscall`, 'latin1'), /./);
  });

  const cwd = process.cwd();
  for (const [program, code, message] of [
    ['/no/such/program', 'program-not-found', /does not exist/],
    ['/etc/passwd', 'program-not-executable', /no execute permission|not executable/],
    ['/usr', 'program-not-executable', /not a file/],
  ] as const) {
    it(`refuses ${program}`, async () => {
      const request = client.request('launch', { program, args: [], cwd, env: [], stdio: [3, 4, 5] });
      await assert.rejects(request, refusedWith(code, message));
    });
  }

  it('refuses text without an interpreter, and a directory that is not there', async () => {
    const file = join(__dirname, '../../out/fixtures/notes.txt');
    writeFileSync(file, 'just text, of more than twenty bytes\n', { mode: 0o755 });
    const launch = (program: string, directory: string) =>
      client.request('launch', { program, args: [], cwd: directory, env: [], stdio: [3, 4, 5] });
    await assert.rejects(
      launch(file, cwd),
      refusedWith('program-not-executable', /neither an ELF program nor a script/),
    );
    await assert.rejects(
      launch('/bin/true', '/no/such/directory'),
      refusedWith('launch-failed', /no\/such\/directory/),
    );
  });
});

describe('arming', () => {
  let client: EngineClient;
  let pid: number;

  engineForEach((started) => (client = started));

  beforeEach(async () => {
    pid = await client.launch(counter.path, ['1', '10']);
  });

  it('says what stands at an address, seeing through INT3', async () => {
    const work = await client.symbol(pid, counter.path, counter.offset('work'));
    const expected = counter.text('work', 15);
    for (const site of [1, 2]) {
      assert.deepEqual(await client.arm(pid, work, { expected }), {
        site,
        probe: site,
        instruction: 'mov rax, rdi',
        execution: 'emulated',
      });
    }
  });

  it('says when an address lies inside an instruction, seeing through INT3', async () => {
    const work = await client.symbol(pid, counter.path, counter.offset('work'));
    const inside = address(work + 1n);
    const insideOf = async (at: Address, from: Address) => (await client.arm(pid, at, { from })).inside;
    await client.arm(pid, work);
    assert.deepEqual(await insideOf(inside, work), { address: work, instruction: 'mov rax, rdi' });
    for (const [at, from] of [
      [work, work],
      [address(work + 3n), work],
      [inside, inside],
      [work, inside],
    ] as const) {
      assert.equal(await insideOf(at, from), undefined);
    }
  });

  it('refuses what memory does not hold, what is not code and what is not from a file', async () => {
    const { mappings } = await client.request('mappings', { pid });
    const at = (fits: (mapping: (typeof mappings)[number]) => boolean) => mappings.find(fits)!.start;
    const work = await client.symbol(pid, counter.path, counter.offset('work'));
    await assert.rejects(
      client.arm(pid, work, { expected: '0102' }),
      refusedWith('text-differs', /48 89 instead of 01 02/),
    );
    for (const [place, message] of [
      [at(({ path }) => path === '[stack]'), /not executable/],
      [at(({ path }) => path === '[vdso]'), /only code that comes from a file/],
      [0x10n, /nothing is mapped at 0x10/],
    ] as const) {
      await assert.rejects(client.arm(pid, place as typeof work), refusedWith('not-probeable', message), hex(place));
    }
  });

  it('refuses unsound programs, and numbers used twice', async () => {
    const work = await client.symbol(pid, counter.path, counter.offset('work'));
    await assert.rejects(
      client.arm(pid, work, { agent: { captures: [[{ op: 'capture', size: 8 }]] } }),
      refusedWith('engine-protocol', /refused/),
    );
    const { site, probe } = await client.arm(pid, work);
    await assert.rejects(client.request('declare', { probe }), refusedWith('engine-protocol', /already/));
    const again = { site, probe, address: work, agent: { captures: [] }, onHit: 'count' } as const;
    const [outcome] = await client.armAll(pid, [again]);
    assert.ok('failure' in outcome!);
    assert.match(outcome.failure.message, /already/);
  });

  it('arms what can be armed of many, and says of each other why not', async () => {
    const work = await client.symbol(pid, counter.path, counter.offset('work'));
    const probe = await client.declare();
    const site = { address: work, probe, agent: { captures: [] }, onHit: 'count' } as const;
    const outcomes = await client.armAll(pid, [
      { ...site, site: 1 },
      { ...site, site: 2, address: address(0x10) },
      { ...site, site: 3, probe: 77 },
      { ...site, site: 4, expected: '0102' },
      { ...site, site: 1 },
      { ...site, site: 5 },
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => ('failure' in outcome ? outcome.failure.code : outcome.instruction)),
      ['mov rax, rdi', 'not-probeable', 'engine-protocol', 'text-differs', 'engine-protocol', 'mov rax, rdi'],
    );
    await client.release(pid);
    await client.event('exited');
    const { sites } = await client.request('disarm', { sites: [5, 2, 1] });
    assert.deepEqual(
      sites.map(([id, { hits }]) => [id, hits]),
      [
        [5, 10],
        [2, 0],
        [1, 10],
      ],
    );
  });
});
