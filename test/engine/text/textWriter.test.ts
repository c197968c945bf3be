/** Writing text where the kernel does not allow it through /proc/PID/mem. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Arena } from '../../../src/engine/tracing/arena';
import { Ledger } from '../../../src/engine/tracing/ledger';
import { Errno } from '../../../src/engine/linux/errno';
import { ProcessMemory } from '../../../src/engine/linux/memory';
import { readMappings, readStatus, threadsOf } from '../../../src/engine/linux/proc';
import { Ptrace } from '../../../src/engine/tracing/ptrace';
import { Signal } from '../../../src/engine/linux/signals';
import { spawn } from '../../../src/engine/linux/spawn';
import { Waiter } from '../../../src/engine/tracing/wait';
import { kill } from '../../../src/engine/linux/processes';
import { decodeWaitStatus } from '../../../src/engine/linux/waitStatus';
import { AddressSpace, Process } from '../../../src/engine/tracees/tracees';
import { TaskTable } from '../../../src/engine/tracees/taskTable';
import { program } from '../program';
import { TextWriter } from '../../../src/engine/text/textWriter';
import { untilSync } from '../../until';

/** Its number (asm/unistd_64.h), as /proc/PID/syscall shows it. */
const CLOCK_NANOSLEEP = '230 ';

describe('text writer', () => {
  const arena = new Arena();
  const ptrace = new Ptrace(arena);
  const waiter = new Waiter(arena);
  let pid: number;

  beforeEach(() => {
    pid = spawn('/bin/sleep', ['sleep', '60']);
    assert.equal(ptrace.seize(pid, 0), 0);
    // posix_spawn returns when the new program has its memory, not when it runs.
    untilSync('its sleep', () => readFileSync(`/proc/${pid}/syscall`, 'latin1').startsWith(CLOCK_NANOSLEEP));
  });

  afterEach(() => {
    kill(pid, Signal.SIGKILL);
    waiter.waitFor(pid);
  });

  /** The process, with memory to which the kernel gives `failure`. */
  function forbidden(failure: number) {
    const memory = ProcessMemory.open(pid)!;
    memory.write = () => failure;
    const tasks = new TaskTable(new Ledger(arena));
    const process = tasks.addProcess(new Process(pid, new AddressSpace(memory)));
    tasks.addTask(process, pid);
    const code = readMappings(pid)!.find(({ executable, path }) => executable && path.includes('/'))!;
    // The first and the last byte of a word, and the last one of the mapping.
    const addresses = [Number(code.start), Number(code.start) + 7, Number(code.end) - 1];
    return { space: process.space, writer: new TextWriter(ptrace, waiter, tasks), addresses };
  }

  for (const failure of [Errno.EIO, Errno.EPERM, Errno.EACCES]) {
    it(`stops a thread for a moment when the kernel says ${failure}`, () => {
      const { space, writer, addresses } = forbidden(failure);
      for (const address of addresses) {
        const before = space.memory.read(address - 8, 9);
        writer.write(space, address, 0xcc);
        assert.deepEqual([...space.memory.read(address - 8, 9)], [...before.subarray(0, -1), 0xcc].slice(-9));
        writer.write(space, address, before.at(-1)!);
        assert.deepEqual(space.memory.read(address, 1), before.subarray(8));
      }
      assert.doesNotMatch(readStatus(pid)!.get('State')!, /^t/);
    });
  }

  it('uses a thread that is stopped anyway', () => {
    const { space, writer, addresses } = forbidden(Errno.EIO);
    ptrace.interrupt(pid);
    assert.deepEqual(waiter.waitFor(pid), { kind: 'trapStop' });
    writer.write(space, addresses[0]!, 0xcc, pid);
    assert.equal(space.memory.read(addresses[0]!, 1)[0], 0xcc);
    assert.match(readStatus(pid)!.get('State')!, /^t/);
  });

  it('does not lose what else the thread had to report', () => {
    const { space, writer, addresses } = forbidden(Errno.EIO);
    kill(pid, Signal.SIGUSR1);
    untilSync('the stop', () => readStatus(pid)!.get('State')!.startsWith('t'));
    writer.write(space, addresses[0]!, 0xcc);
    assert.equal(waiter.poll(), pid);
    assert.deepEqual(decodeWaitStatus(waiter.status), { kind: 'signal', signal: Signal.SIGUSR1 });
    ptrace.resume(pid, 0);
    assert.deepEqual(waiter.waitFor(pid), { kind: 'trapStop' });
  });

  it('passes by a leader that has ended, and uses one of its threads', () => {
    kill(pid, Signal.SIGKILL);
    waiter.waitFor(pid);
    pid = spawn(program('leaderless.c').path, ['leaderless', '1']);
    untilSync('its thread', () => threadsOf(pid)!.length >= 2);
    // It may have ended already.
    ptrace.seize(pid, 0);
    const [other] = threadsOf(pid)!.filter((tid) => tid !== pid);
    assert.equal(ptrace.seize(other!, 0), 0);
    untilSync('its end', () => readStatus(pid)!.get('State')!.startsWith('Z'));
    const memory = ProcessMemory.open(other!)!;
    memory.write = () => Errno.EIO;
    const tasks = new TaskTable(new Ledger(arena));
    const process = tasks.addProcess(new Process(pid, new AddressSpace(memory)));
    for (const tid of [pid, other!]) tasks.addTask(process, tid);
    const address = Number(readMappings(other!)!.find(({ executable }) => executable)!.start);
    const writer = new TextWriter(ptrace, waiter, tasks);
    assert.equal(writer.write(process.space, address, 0xcc), 0);
    assert.equal(memory.read(address, 1)[0], 0xcc);
    kill(pid, Signal.SIGKILL);
    waiter.waitFor(other!);
  });

  it('says what failed otherwise, and minds no process that has ended', () => {
    const { space, writer, addresses } = forbidden(Errno.ENOMEM);
    assert.equal(writer.write(space, addresses[0]!, 0xcc), Errno.ENOMEM);
    const gone = forbidden(Errno.ESRCH);
    assert.equal(gone.writer.write(gone.space, gone.addresses[0]!, 0xcc), 0);
  });
});
