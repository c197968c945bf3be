import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningProcess, listProcesses, ownViewpoint } from '../../src/extension/processes';

describe('processes to attach to', () => {
  let proc: string;

  beforeEach(() => (proc = mkdtempSync(join(tmpdir(), 'sidestep-proc-'))));
  afterEach(() => rmSync(proc, { recursive: true }));

  /** A process as proc(5) shows it. */
  function put(
    pid: number,
    { uid = 1000, tracer = 0, started = 1, name = 'app', commandLine = 'app\0-v\0', elfClass = 2 } = {},
  ): void {
    const folder = join(proc, String(pid));
    mkdirSync(folder);
    writeFileSync(join(folder, 'cmdline'), commandLine);
    writeFileSync(
      join(folder, 'status'),
      `Name:\t${name}\nTracerPid:\t${tracer}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`,
    );
    writeFileSync(join(folder, 'stat'), `${pid} (${name}) S${' 0'.repeat(18)} ${started} 0 0\n`);
    writeFileSync(join(folder, 'exe'), Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, elfClass));
  }

  function yama(scope: number): void {
    mkdirSync(join(proc, 'sys/kernel/yama'), { recursive: true });
    writeFileSync(join(proc, 'sys/kernel/yama/ptrace_scope'), `${scope}\n`);
  }

  const list = (uid = 1000, pid = 1): RunningProcess[] => listProcesses({ proc, uid, pid });
  const elevated = (): (string | undefined)[] =>
    listProcesses({ proc, uid: 1000, pid: 1, isElevated: true }).map(({ obstacle }) => obstacle);
  const obstacles = (uid?: number): (string | undefined)[] => list(uid).map(({ obstacle }) => obstacle);

  it('show their number, name, command line and user', () => {
    put(42, { uid: 0, name: 'a (b) c', started: 7 });
    assert.deepEqual(list(0), [
      { pid: 42, name: 'a (b) c', commandLine: 'app -v', user: 'root', own: true, started: 7, obstacle: undefined },
    ]);
  });

  it('come with the own ones first, the last started first', () => {
    put(10, { uid: 0, started: 90 });
    put(11, { started: 50 });
    put(12, { started: 70 });
    assert.deepEqual(
      list().map(({ pid }) => pid),
      [12, 11, 10],
    );
  });

  it('leave out kernel threads and the process that asks', () => {
    put(2, { commandLine: '' });
    put(99);
    assert.deepEqual(list(1000, 99), []);
  });

  it('say what is in the way', () => {
    put(1, { uid: 0 });
    put(2, { tracer: 77, started: 3 });
    put(3, { elfClass: 1, started: 2 });
    put(4, { started: 1 });
    assert.deepEqual(
      listProcesses({ proc, uid: 1000, pid: 5 }).map(({ pid, obstacle }) => [pid, obstacle]),
      [
        [2, 'already traced by process 77'],
        [3, 'a 32-bit program'],
        [4, undefined],
        [1, 'belongs to root'],
      ],
    );
  });

  it('take the Yama module into account', () => {
    put(4);
    yama(0);
    assert.deepEqual(obstacles(), [undefined]);
    yama(1);
    assert.deepEqual(obstacles(), ['kernel.yama.ptrace_scope is 1: only root may attach']);
    assert.deepEqual(elevated(), [undefined]);
    assert.deepEqual(obstacles(0), [undefined]);
    yama(3);
    assert.deepEqual(obstacles(0), ['kernel.yama.ptrace_scope is 3: no process may attach']);
    assert.deepEqual(elevated(), ['kernel.yama.ptrace_scope is 3: no process may attach']);
  });

  describe('of this machine', () => {
    let child: ChildProcess;

    before(() => (child = spawn('sleep', ['60'])));
    after(() => child.kill());

    it('include one that was just started', () => {
      const found = listProcesses(ownViewpoint()).find(({ pid }) => pid === child.pid);
      assert.equal(found?.name, 'sleep');
      assert.equal(found.commandLine, 'sleep 60');
      assert.equal(found.own, true);
    });
  });
});
