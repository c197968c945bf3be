/**
 * What becomes of a stop that is over when it is looked at: with a process of this one, because no engine would wait so
 * long.
 */
import assert from 'node:assert/strict';
import { Arena } from '../../../src/engine/tracing/arena';
import { Ledger } from '../../../src/engine/tracing/ledger';
import { Stops, type StopParts } from '../../../src/engine/loop/stops';
import { ProcessMemory } from '../../../src/engine/linux/memory';
import { executableOf, readStatus, threadsOf } from '../../../src/engine/linux/proc';
import { DEBUGGEE_OPTIONS, Ptrace } from '../../../src/engine/tracing/ptrace';
import { Signal } from '../../../src/engine/linux/signals';
import { spawn } from '../../../src/engine/linux/spawn';
import { Waiter } from '../../../src/engine/tracing/wait';
import { killThread } from '../../../src/engine/linux/processes';
import { kill } from '../../../src/engine/linux/processes';
import { isThreadOf } from '../../../src/engine/linux/processes';
import { decodeWaitStatus } from '../../../src/engine/linux/waitStatus';
import { AddressSpace, Process } from '../../../src/engine/tracees/tracees';
import { TaskTable } from '../../../src/engine/tracees/taskTable';
import { program } from '../program';
import { untilSync } from '../../until';

const SIGUSR2 = 12;

describe('stops that are over', () => {
  const ptrace = new Ptrace(new Arena());
  const waiter = new Waiter(ptrace.arena);
  let pid: number;
  let process: Process;
  let stops: Stops;
  let execs: number;

  beforeEach(() => {
    pid = spawn(program('usurper.c').path, ['usurper'], {});
    untilSync('two threads asleep', () => (threadsOf(pid)?.length ?? 0) >= 2 && isAsleep());
    const tasks = new TaskTable(new Ledger(ptrace.arena));
    process = tasks.addProcess(new Process(pid, new AddressSpace(ProcessMemory.open(pid)!)));
    for (const tid of threadsOf(pid)!) {
      assert.ok(isThreadOf(pid, tid));
      assert.equal(ptrace.seize(tid, DEBUGGEE_OPTIONS), 0);
      tasks.addTask(process, tid);
    }
    execs = 0;
    // Whoever else is called has taken the stop for one that is not over.
    const parts = {
      ptrace,
      waiter,
      tasks,
      doorbell: { pid: 0 },
      guard: { pid: -1 },
      stepAside: { interrupt: () => false },
      twins: { interrupt: () => false },
      exitAndExec: { onExec: () => execs++ },
    };
    stops = new Stops(parts as unknown as StopParts);
  });

  afterEach(() => {
    kill(pid, Signal.SIGKILL);
    while (!('signal' in (waiter.waitFor(pid) ?? { signal: 0 })));
  });

  function isStopped(): boolean {
    return readStatus(pid)?.get('State')?.startsWith('t') ?? false;
  }

  function isAsleep(): boolean {
    return threadsOf(pid)?.every((tid) => readStatus(tid)?.get('State')?.startsWith('S')) ?? false;
  }

  for (const signal of [Signal.SIGUSR1, Signal.SIGTRAP]) {
    it(`are not acted upon in the program that another thread has become by exec: signal ${signal}`, () => {
      killThread(pid, pid, signal);
      untilSync('the stop', isStopped);
      waiter.gather();
      kill(pid, SIGUSR2);
      untilSync('the stop of another program', () => executableOf(pid)?.endsWith('sleep') === true && isStopped());
      assert.equal(waiter.poll(), pid);
      assert.deepEqual(decodeWaitStatus(waiter.status), { kind: 'signal', signal });
      stops.take(pid, 0);
      assert.equal(execs, 0);
      assert.equal(waiter.poll(), pid);
      stops.take(pid, 0);
      assert.equal(execs, 1);
    });
  }
});
