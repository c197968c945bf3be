/** Where the engine runs with less than it would like: as another user, in containers, under filters and limits. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SidestepError } from '../../src/base/errors';
import { EngineClient, engineScript } from './engineClient';
import { endAfterEach } from './fixture';
import { program } from './program';
import { Target } from './target';
import { needsRoot } from '../skip';

const counter = program('counter.c');
const confine = program('confine.c');

const AS_NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
const AS_ROOT_OF_A_CONTAINER = ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace', '--'];

const EPERM = 1;
const EIO = 5;
const EAGAIN = 11;
/** System calls of x86-64 (asm/unistd_64.h). */
const CALLS = {
  pwrite64: 18,
  clone: 56,
  ptrace: 101,
  process_vm_readv: 310,
  process_vm_writev: 311,
  kcmp: 312,
  clone3: 435,
};
const PTRACE_SEIZE = 0x4206;
const PTRACE_O_EXITKILL = 0x100000;
const CLONE_VFORK = 0x4000;

/** Under a filter that lets system calls fail. */
const filtered = (...rules: readonly string[]): string[] => [confine.path, ...rules, '--'];

/** As Yama's scope 1 does: children may be traced, others may not. Only processes of the engine's own die with it. */
const ONLY_CHILDREN = `${CALLS.ptrace}:${EPERM}:0:0xffffffff:${PTRACE_SEIZE}:3:${PTRACE_O_EXITKILL}:0`;

/** In a mount namespace where the kernel seems to have Yama with this scope. */
function underYama(scope: number): string[] {
  const directory = '/proc/sys/kernel';
  const script = `mount -t tmpfs none ${directory} && mkdir ${directory}/yama && echo ${scope} > ${directory}/yama/ptrace_scope && exec "$@"`;
  return ['unshare', '--mount', '/bin/sh', '-c', script, 'sh'];
}

function refusedWith(message: RegExp, advice: RegExp) {
  return (error: SidestepError) => {
    assert.equal(error.code, 'attach-refused');
    assert.match(error.message, message);
    assert.match(error.advice ?? '', advice);
    return true;
  };
}

describe('environments', () => {
  let directory: string;
  /** A copy that any user may execute, wherever this one lies. */
  let openCopy: string;

  before(function () {
    needsRoot(this);
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
    chmodSync(directory, 0o755);
    openCopy = join(directory, 'counter');
    copyFileSync(counter.path, openCopy);
    chmodSync(openCopy, 0o755);
  });

  after(() => {
    if (directory) rmSync(directory, { recursive: true });
  });

  endAfterEach();

  function engine(...through: readonly (readonly string[])[]): EngineClient {
    return new EngineClient(engineScript(), {}, through.flat());
  }

  interface Start {
    readonly as?: readonly string[];
    readonly threads?: number;
    readonly options?: readonly string[];
  }

  /** A program that makes 20,000 calls in each of its threads when it may begin. */
  function start(path: string, { as = [], threads = 2, options = [] }: Start = {}): Promise<Target> {
    const [command, ...args] = [...as, path, `${threads}`, '20000', 'go', ...options];
    return Target.start(command!, args);
  }

  /** Attaches and counts all calls of the program; it must find its result right. */
  async function countAll(client: EngineClient, target: Target, path: string, threads = 2): Promise<void> {
    await client.request('attach', { pid: target.pid });
    const work = await client.symbol(target.pid, path, counter.offset('work'));
    const { probe } = await client.arm(target.pid, work, { onHit: 'count' });
    target.begin();
    assert.deepEqual(await target.end(), { output: 'right', code: 0, signal: null });
    await client.event('exited');
    assert.equal((await client.counts()).probes.get(probe)?.hits, threads * 20_000);
  }

  const attach = (client: EngineClient, { pid }: Target) => client.request('attach', { pid });

  describe('that forbid it say what does, and what helps:', () => {
    it('another user’s process', async () => {
      const target = await start(openCopy);
      await assert.rejects(
        attach(engine(AS_NOBODY), target),
        refusedWith(/belongs to user 0, Sidestep runs as user 65534/, /as root/),
      );
    });

    it('a process that has protected itself', async () => {
      const target = await start(openCopy, { as: AS_NOBODY, options: ['protected'] });
      await assert.rejects(attach(engine(AS_NOBODY), target), refusedWith(/has protected itself/, /as root/));
    });

    it('root of a container without CAP_SYS_PTRACE', async () => {
      const target = await start(openCopy);
      await assert.rejects(
        attach(engine(AS_ROOT_OF_A_CONTAINER), target),
        refusedWith(/without the capability CAP_SYS_PTRACE/, /--cap-add=SYS_PTRACE/),
      );
    });

    it('Yama, scope 1', async () => {
      const target = await start(openCopy, { as: AS_NOBODY });
      await assert.rejects(
        attach(engine(underYama(1), AS_NOBODY, filtered(ONLY_CHILDREN)), target),
        refusedWith(/ptrace_scope is 1: only an ancestor/, /through Sidestep.*sysctl kernel\.yama\.ptrace_scope=0/),
      );
    });

    for (const [scope, message, advice] of [
      [2, /ptrace_scope is 2: only an administrator/, /sysctl kernel\.yama\.ptrace_scope=0/],
      [3, /ptrace_scope is 3: no process may be traced/, /reboot/],
    ] as const) {
      it(`Yama, scope ${scope}, at the start of the engine`, async () => {
        const client = engine(underYama(scope), AS_NOBODY, filtered(`${CALLS.ptrace}:${EPERM}`));
        await assert.rejects(client.event('ready'));
        assert.match(client.failure?.message ?? '', message);
        assert.match(client.failure?.advice ?? '', advice);
        assert.equal(client.errors, '');
      });
    }

    it('a filter that forbids ptrace, at the start of the engine', async () => {
      const client = engine(filtered(`${CALLS.ptrace}:${EPERM}`));
      await assert.rejects(client.event('ready'));
      assert.match(client.failure?.message ?? '', /seccomp filter/);
      assert.match(client.failure?.advice ?? '', /--cap-add=SYS_PTRACE/);
    });

    it('a limit on address space', async () => {
      const client = engine(['prlimit', `--as=${4 * 2 ** 30}`]);
      await assert.rejects(client.event('ready'));
      assert.match(client.failure?.message ?? '', /limited to 4096 MB.*RLIMIT_AS/);
      assert.match(client.failure?.advice ?? '', /ulimit -v unlimited/);
    });

    it('a limit on processes', async () => {
      const noVfork = [CALLS.clone, CALLS.clone3].map((call) =>
        call === CALLS.clone3 ? `${call}:38` : `${call}:${EAGAIN}:0:${CLONE_VFORK}:${CLONE_VFORK}`,
      );
      const client = engine(filtered(...noVfork));
      await assert.rejects(client.event('ready'));
      assert.match(client.failure?.message ?? '', /EAGAIN/);
      assert.match(client.failure?.advice ?? '', /ulimit -u/);
    });
  });

  describe('in which it works all the same:', () => {
    it('root, and another user’s process that has protected itself', async () => {
      const target = await start(openCopy, { as: AS_NOBODY, options: ['protected'] });
      await countAll(engine(), target, openCopy);
    });

    it('a user, and a process of his', async () => {
      const target = await start(openCopy, { as: AS_NOBODY });
      await countAll(engine(AS_NOBODY), target, openCopy);
    });

    it('a process in namespaces of its own', async () => {
      const target = await start(openCopy, {
        as: ['unshare', '--pid', '--mount', '--net', '--ipc', '--uts', '--kill-child', '--mount-proc', '--fork'],
      });
      const client = engine();
      const inside = childOf(target.pid);
      await client.request('attach', { pid: inside });
      const work = await client.symbol(inside, openCopy, counter.offset('work'));
      const { probe } = await client.arm(inside, work, { onHit: 'count' });
      target.begin();
      assert.equal((await target.end()).output, 'right');
      await client.event('exited');
      assert.equal((await client.counts()).probes.get(probe)?.hits, 40_000);
    });

    it('a container’s filter that forbids what reads and writes other processes’ memory', async () => {
      const rules = [CALLS.process_vm_readv, CALLS.process_vm_writev, CALLS.kcmp].map((call) => `${call}:${EPERM}`);
      const target = await start(openCopy, { threads: 1 });
      await countAll(engine(filtered(...rules)), target, openCopy, 1);
    });

    for (const errno of [EPERM, EIO]) {
      it(`a kernel that forbids writing through /proc/PID/mem: errno ${errno}`, async () => {
        const target = await start(openCopy);
        await countAll(engine(filtered(`${CALLS.pwrite64}:${errno}`)), target, openCopy);
      });

      it(`the same while probes come and go under load: errno ${errno}`, async () => {
        const client = engine(filtered(`${CALLS.pwrite64}:${errno}`));
        const target = await start(openCopy, { threads: 4 });
        await attach(client, target);
        const work = await client.symbol(target.pid, openCopy, counter.offset('work'));
        const ret = await client.symbol(target.pid, openCopy, counter.offset('work') + returnOf('work'));
        await client.arm(target.pid, work, { onHit: 'count' });
        target.begin({ lingering: true });
        for (let round = 0; target.output === ''; round++) {
          const { site } = await client.arm(target.pid, ret, { onHit: 'count' });
          await client.disarm(site);
          // The program waits for its other threads and then for us.
          if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        await client.request('detach', { pid: target.pid });
        assert.equal(target.memory(work, 32), counter.text('work', 32));
        assert.deepEqual(await target.end(), { output: 'right', code: 0, signal: null });
      });
    }
  });

  function returnOf(symbol: string): number {
    return counter.text(symbol, 32).indexOf('c3') / 2;
  }
});

/** The only child of a process. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'));
}
