/** How a process is let go that is in a certain stop: a process of this one, because no engine would stay in it. */
import assert from 'node:assert/strict';
import { Arena } from '../../../src/engine/tracing/arena';
import { Ledger } from '../../../src/engine/tracing/ledger';
import { type Twins } from '../../../src/engine/passing/twins';
import { type StepAside } from '../../../src/engine/passing/stepAside';
import { ProcessMemory } from '../../../src/engine/linux/memory';
import { readStatus } from '../../../src/engine/linux/proc';
import { Ptrace } from '../../../src/engine/tracing/ptrace';
import { Signal } from '../../../src/engine/linux/signals';
import { spawn } from '../../../src/engine/linux/spawn';
import { Waiter } from '../../../src/engine/tracing/wait';
import { kill } from '../../../src/engine/linux/processes';
import { type Arming } from '../../../src/engine/arming/arming';
import { type NewTasks } from '../../../src/engine/lifecycle/newTasks';
import { type ExitAndExec } from '../../../src/engine/lifecycle/exitAndExec';
import { Detaching } from '../../../src/engine/lifecycle/detaching';
import { AddressSpace, Process } from '../../../src/engine/tracees/tracees';
import { TaskTable } from '../../../src/engine/tracees/taskTable';
import { untilSync } from '../../until';

describe('detaching', () => {
  const ptrace = new Ptrace(new Arena());
  const waiter = new Waiter(ptrace.arena);
  let pid: number;

  beforeEach(() => {
    pid = spawn('/bin/sleep', ['sleep', '60']);
    assert.equal(ptrace.seize(pid, 0), 0);
  });

  afterEach(() => {
    kill(pid, Signal.SIGKILL);
    waiter.waitFor(pid);
  });

  /** What lets the process go, which has no probes. */
  function detaching() {
    const tasks = new TaskTable(new Ledger(ptrace.arena));
    const process = tasks.addProcess(new Process(pid, new AddressSpace(ProcessMemory.open(pid)!)));
    tasks.addTask(process, pid);
    const parts = {
      arming: { disarmProcess: () => undefined, isClean: () => true } as unknown as Arming,
      newTasks: { settle: () => undefined, onCreatorsGone: () => undefined } as unknown as NewTasks,
      exitAndExec: { onEnd: () => undefined } as unknown as ExitAndExec,
      stepAside: { interrupt: () => false } as unknown as StepAside,
      twins: { interrupt: () => false } as unknown as Twins,
    };
    return { process, detaching: new Detaching({ ptrace, waiter, tasks, ...parts }) };
  }

  /** It has stopped because another process sent it a SIGTRAP. */
  function trap(): void {
    kill(pid, Signal.SIGTRAP);
    untilSync('the trap', () => readStatus(pid)!.get('State')!.startsWith('t'));
  }

  for (const ignored of [true, false]) {
    it(`${ignored ? 'keeps' : 'does not keep'} a SIGTRAP from a program that ${ignored ? 'has' : 'has not'} ignored it`, () => {
      const { process, detaching: parts } = detaching();
      process.ignoresSigtrap = ignored;
      trap();
      parts.depart(process);
      assert.equal(readStatus(pid)?.get('TracerPid'), '0');
      if (!ignored) assert.deepEqual(waiter.waitFor(pid), { kind: 'killed', signal: Signal.SIGTRAP });
      else {
        assert.equal(ptrace.seize(pid, 0), 0);
        assert.equal(ptrace.interrupt(pid), 0);
        assert.deepEqual(waiter.waitFor(pid), { kind: 'trapStop' });
      }
    });
  }
});
