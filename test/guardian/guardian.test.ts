/** What becomes of programs when the engine is killed. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { Errno } from '../../src/engine/linux/errno';
import { TraceOption } from '../../src/engine/tracing/ptrace';
import { EngineClient, engineScript } from '../engine/engineClient';
import { program } from '../engine/program';
import { readMemory, Target } from '../engine/target';
import { until } from '../until';

const FUNCTIONS = ['work', 'bump', 'turn'] as const;
const TEXT_BYTES = 16;
const THREADS = 4;

/** The system call's number, and its request (asm/unistd_64.h, tracing/ptrace.h). */
const PTRACE = 101;
const PTRACE_SEIZE = 0x4206;

/** One field of /proc/PID/status. */
function status(pid: number, field: string): string {
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]!;
}

/** The guardian of an engine that has armed something, when it watches. */
async function guardianOf({ process: { pid } }: EngineClient): Promise<number> {
  await until('a guardian', () => status(pid!, 'TracerPid') !== '0');
  return Number(status(pid!, 'TracerPid'));
}

describe('guardian', () => {
  const hammer = program('hammer.c');
  let client: EngineClient;

  const start = (calls: number, ...more: readonly string[]) =>
    Target.start(hammer.path, [String(THREADS), String(calls), ...more]);

  /** A new engine, with probes on `functions`. */
  async function probe(
    target: Target,
    functions: readonly (typeof FUNCTIONS)[number][] = FUNCTIONS,
    onHit: 'report' | 'hold' = 'report',
    follow: 'none' | 'children' = 'none',
  ): Promise<void> {
    client = new EngineClient();
    await client.request('attach', { pid: target.pid, follow });
    for (const name of functions) {
      await client.arm(target.pid, target.address(hammer.path, hammer.offset(name)), { onHit });
    }
    await guardianOf(client);
  }

  /** Kills the guardian; the next one is stopped before it watches. */
  async function bereave(): Promise<number> {
    for (;;) {
      const guardian = await guardianOf(client);
      process.kill(guardian, 'SIGKILL');
      await until('a successor', () => guardianAmongChildren(guardian) !== undefined);
      const successor = guardianAmongChildren(guardian)!;
      process.kill(successor, 'SIGSTOP');
      await until('the successor stopped', () => status(successor, 'State').startsWith('T'));
      if (status(client.process.pid!, 'TracerPid') === '0') return successor;
      process.kill(successor, 'SIGCONT');
    }
  }

  /** Another one than `former` that the engine has started. */
  function guardianAmongChildren(former: number): number | undefined {
    const { pid } = client.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').map(Number);
    return children.find(
      (child) => child !== former && readFileSync(`/proc/${child}/cmdline`, 'latin1').startsWith('sidestep-guardian'),
    );
  }

  async function kill(): Promise<void> {
    client.process.kill('SIGKILL');
    await client.close();
  }

  /** Its text is the file's, and it has no tracer. */
  function assertUntouched(target: Target, pid = target.pid): void {
    for (const name of FUNCTIONS) {
      const text = readMemory(pid, target.address(hammer.path, hammer.offset(name)), TEXT_BYTES);
      assert.equal(text, hammer.text(name, TEXT_BYTES), name);
    }
    assert.equal(status(pid, 'TracerPid'), '0');
  }

  async function assertRight(target: Target): Promise<void> {
    const { output, code, signal } = await target.end();
    assert.match(output, /^(right \d+\n?)+$/);
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
  }

  afterEach(async () => {
    await kill();
    Target.killAll();
  });

  it('puts back the text of a program that is not on it', async () => {
    const target = await start(1000);
    for (let round = 0; round < 10; round++) {
      await probe(target);
      await kill();
      assertUntouched(target);
    }
    target.begin({ lingering: true });
    await assertRight(target);
  });

  it('puts back that of several', async () => {
    const targets = await Promise.all([start(1000), start(1000), start(1000)]);
    await probe(targets[0]);
    for (const target of targets.slice(1)) {
      await client.request('attach', { pid: target.pid });
      await client.arm(target.pid, target.address(hammer.path, hammer.offset('turn')));
    }
    await kill();
    for (const target of targets) {
      assertUntouched(target);
      target.begin({ lingering: true });
    }
    for (const target of targets) await assertRight(target);
  });

  for (const name of FUNCTIONS) {
    it(`sends threads back that are held at INT3: ${name}`, async () => {
      const target = await start(1000);
      target.begin({ lingering: true });
      for (let round = 0; round < 5; round++) {
        await probe(target, [name], 'hold');
        await client.until(() => client.events.filter(({ event }) => event === 'held').length === THREADS || undefined);
        await kill();
        assertUntouched(target);
        await until('all threads running', () => target.states().every((state) => /[SRD]/.test(state)));
      }
      await assertRight(target);
    });
  }

  it('leaves a program stopped that was', async () => {
    const target = await start(1000);
    target.begin({ lingering: true });
    await probe(target, ['turn'], 'hold');
    await client.event('held');
    target.process.kill('SIGSTOP');
    // The held thread can't; all others have.
    await until('all threads stopped', () => target.states().every((state) => state === 't'));
    await client.counts();
    await kill();
    assertUntouched(target);
    await until('the whole process stopped', () => target.states().every((state) => state === 'T'));
    target.process.kill('SIGCONT');
    await assertRight(target);
  });

  it('does all that in children, too', async () => {
    const children = 3;
    const target = await start(1000, String(children));
    await probe(target, ['work', 'turn'], 'hold', 'children');
    target.begin({ lingering: true });
    const held = () => client.events.filter(({ event }) => event === 'held').length;
    await client.until(() => held() === THREADS * (children + 1) || undefined);
    const pids = client.events.flatMap((event) => (event.event === 'processStarted' ? [event.pid] : []));
    assert.equal(pids.length, children);
    await kill();
    for (const pid of [target.pid, ...pids]) assertUntouched(target, pid);
    await assertRight(target);
  });

  it('lets a program under load live on as if nothing had been, or die of the SIGTRAP that was on its way', async () => {
    let survived = 0;
    for (let round = 0; round < 20; round++) {
      const target = await start(300);
      await probe(target);
      target.begin({ lingering: true });
      await client.until(() => client.hits.length > 20 || undefined);
      await kill();
      const { output, signal } = await target.end();
      if (signal === 'SIGTRAP') continue;
      assert.match(output, /^right \d+$/);
      survived++;
    }
    assert.ok(survived > 0);
  });

  it('ends with the engine, also when that ends by itself', async () => {
    for (const end of [() => kill(), () => client.close()]) {
      const target = await start(1000);
      await probe(target);
      const guardian = await guardianOf(client);
      assert.match(readFileSync(`/proc/${guardian}/cmdline`, 'latin1'), /guardian/);
      await end();
      await until('its guardian gone', () => !existsSync(`/proc/${guardian}`));
      assertUntouched(target);
      target.begin({ lingering: true });
      await assertRight(target);
    }
  });

  it('may be killed itself: another one takes its place, and the engine says so', async () => {
    const target = await start(1000);
    await probe(target);
    const first = await guardianOf(client);
    process.kill(first, 'SIGKILL');
    const { message } = await client.event('warning');
    assert.match(message, /^the guardian is gone \(it was killed by signal 9\); another one is starting/);
    while ((await guardianOf(client)) === first) continue;
    target.begin({ lingering: true });
    await client.until(() => client.hits.length > 100 || undefined);
    await client.close();
    assertUntouched(target);
    await assertRight(target);
  });

  it('may be gone when a launched program is released, which then ends with the engine where it has met a probe', async () => {
    // The first instruction, endbr64, does no harm without its first byte: the program would live on, for an hour.
    const counter = program('counter.c', ['-fcf-protection=branch']);
    client = new EngineClient();
    const pid = await client.launch(counter.path, ['1', '2000000000000']);
    const main = await client.symbol(pid, counter.path, counter.offset('main'));
    await client.arm(pid, main, { onHit: 'hold' });
    const successor = await bereave();
    try {
      await client.release(pid);
      await client.event('held', ({ site }) => site !== undefined);
      await kill();
      await until('the end of the program', () => !existsSync(`/proc/${pid}`) || /^[ZX]/.test(status(pid, 'State')));
    } finally {
      process.kill(successor, 'SIGKILL');
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
    }
  });

  it('may be forbidden to trace the engine, which goes on without and says so', async () => {
    const target = await start(1000);
    const forbidden = `${PTRACE}:${Errno.EPERM}:0:0xffffffff:${PTRACE_SEIZE}:3:${TraceOption.exit}:${TraceOption.exit}`;
    client = new EngineClient(engineScript(), {}, [program('confine.c').path, forbidden, '--']);
    await client.request('attach', { pid: target.pid });
    await client.arm(target.pid, target.address(hammer.path, hammer.offset('work')));
    const { message } = await client.event('warning');
    assert.match(message, /^there is no guardian \(PTRACE_SEIZE: EPERM/);
    target.begin({ lingering: true });
    await client.until(() => client.hits.length > 100 || undefined);
    await client.close();
    assertUntouched(target);
    await assertRight(target);
  });

  it('is not started before there is a process to guard', async () => {
    client = new EngineClient();
    await client.counts();
    const children = readFileSync(`/proc/${client.process.pid}/task/${client.process.pid}/children`, 'latin1');
    for (const child of children.trim().split(' ')) {
      assert.doesNotMatch(readFileSync(`/proc/${child}/cmdline`, 'latin1'), /guardian/);
    }
  });
});
