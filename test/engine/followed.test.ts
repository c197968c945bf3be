/** What the processes of a tree that is followed turn into: programs of other threads, users and word sizes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AS_USER } from '../fixtures/sudoers';
import { EngineClient } from './engineClient';
import { endAfterEach } from './fixture';
import { program, type Program } from './program';
import { Target } from './target';
import { needsRoot, skip } from '../skip';

const counter = program('counter.c');
const identity = program('identity.c');
const tree = program('tree.c');
const turns = program('turns.c');

/** execve("/bin/true"), and exit(9) if that fails, in 32-bit code. */
const SMALL = `
.globl _start
_start: mov $11, %eax; mov $path, %ebx; mov $argv, %ecx; xor %edx, %edx; int $0x80
        mov $1, %eax; mov $9, %ebx; int $0x80
.data
path:   .asciz "/bin/true"
argv:   .long path, 0
`;

describe('processes that are followed', () => {
  let client: EngineClient;
  let directory: string;

  endAfterEach();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
    chmodSync(directory, 0o755);
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  async function launch(path: string, ...args: readonly string[]): Promise<number> {
    const { pid } = await client.request('launch', {
      program: path,
      args,
      cwd: directory,
      env: [],
      stdio: [3, 4, 5],
      follow: 'children',
    });
    return pid;
  }

  /**
   * Counts calls of `work` in every image of a program, until no process is left; how many images and calls there were.
   */
  async function countAll(root: number, of: Program, path: string): Promise<{ images: number; calls: number }> {
    const probe = await client.declare();
    const alive = new Set([root]);
    // On a busy machine the engine may take a child for an orphan (lifecycle/newTasks). It is held then, as after exec.
    const orphans = new Set<number>();
    let images = 0;
    for (let taken = 0; alive.size > 0;) {
      const event = await client.until(() => client.events[taken]);
      taken++;
      if (event.event === 'processStarted') alive.add(event.pid);
      if (event.event === 'processStarted' && event.how === 'orphaned') orphans.add(event.pid);
      if (event.event === 'exited' || event.event === 'released') alive.delete(event.pid);
      if (event.event !== 'held') continue;
      const { pid } = event;
      const wasExec = !orphans.delete(pid);
      if (readlinkSync(`/proc/${pid}/exe`) === path) {
        await client.arm(pid, await client.symbol(pid, path, of.offset('work')), { probe, onHit: 'count' });
        if (wasExec) images++;
      }
      await client.release(pid);
    }
    return { images, calls: (await client.counts()).probes.get(probe)!.hits };
  }

  for (const from of ['main', 'thread'] as const) {
    it(`are probed in the program that ${from === 'main' ? 'their leader' : 'another thread of theirs'} has called`, async () => {
      client = new EngineClient();
      const command = `${turns.path} ${from} ${counter.path} 2 1000; ${turns.path} ${from} ${counter.path} 2 1000; exit 3`;
      const root = await launch('/bin/sh', '-c', command);
      assert.deepEqual(await countAll(root, counter, counter.path), { images: 2, calls: 4000 });
      const { end } = await client.event('exited', ({ pid }) => pid === root);
      assert.deepEqual(end, { code: 3 });
      assert.equal(client.output, 'right\nright\n');
    });
  }

  it('are followed after attach, too', async () => {
    client = new EngineClient();
    const script = 'echo ready; read -r _; "$@"; echo done';
    const target = await Target.start('/bin/sh', ['-c', script, 'sh', tree.path, 'fork-exec', '30', '3']);
    await client.request('attach', { pid: target.pid, follow: 'children' });
    target.begin();
    const { images, calls } = await countAll(target.pid, tree, tree.path);
    const { output, code } = await target.end();
    assert.equal(output, `right ${calls}\ndone`);
    assert.deepEqual([images, code], [1 + 30 * 3, 0]);
  });

  it('are warned of and followed on where they run 32-bit code', async function () {
    const small = join(directory, 'small');
    writeFileSync(`${small}.S`, SMALL);
    execFileSync('gcc', ['-m32', '-nostdlib', '-static', '-no-pie', '-o', small, `${small}.S`]);
    try {
      execFileSync(small);
    } catch {
      skip(this, 'the kernel runs no 32-bit programs');
    }
    client = new EngineClient();
    const root = await launch('/bin/sh', '-c', `${small}; ${counter.path} 1 100`);
    const { images, calls } = await countAll(root, counter, counter.path);
    assert.deepEqual({ images, calls }, { images: 1, calls: 100 });
    assert.match(client.warnings().join('\n'), /^\S+small is 32-bit code: no probe can be set in process \d+$/);
    const images64 = client.events.flatMap((event) => (event.event === 'execed' ? [event.executable] : []));
    assert.ok(
      images64.some((path) => path.endsWith('true')),
      'what it calls is followed',
    );
  });

  describe('by an engine that is not root', () => {
    let copy: string;

    beforeEach(function () {
      client = new EngineClient(undefined, {}, AS_USER);
      needsRoot(this);
      copy = join(directory, 'identity');
      copyFileSync(identity.path, copy);
    });

    it('lose the privileges of their program, which is said', async () => {
      chmodSync(copy, 0o4755);
      const root = await launch('/bin/sh', '-c', `${copy} 100; exit 3`);
      assert.deepEqual(await countAll(root, identity, copy), { images: 1, calls: 100 });
      assert.match(client.output, /^user 65534 65534 65534$/m);
      assert.match(
        client.warnings().join('\n'),
        /identity is set-user-id and runs without its privileges, because it is traced/,
      );
    });

    it('are let go, which is said, where their program is not to be read', async () => {
      chmodSync(copy, 0o711);
      const root = await launch('/bin/sh', '-c', `${copy} 100; exit 3`);
      assert.deepEqual(await countAll(root, identity, copy), { images: 0, calls: 0 });
      const released = await client.event('released');
      assert.match(client.warnings().join('\n'), new RegExp(`process ${released.pid} is no longer traced: .*`));
      assert.match(client.output, /^sum 5050$/m);
      assert.deepEqual((await client.event('exited', ({ pid }) => pid === root)).end, { code: 3 });
    });
  });
});
