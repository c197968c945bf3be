/** How a process is let go that is in a certain stop: a process of this one, because no engine would stay in it. */
import assert from 'node:assert/strict';
import { Arena } from '../../../src/engine/arena';
import { Ledger } from '../../../src/engine/guard/ledger';
import { type Twins } from '../../../src/engine/hit/twins';
import { type StepAside } from '../../../src/engine/hit/stepAside';
import { ProcessMemory } from '../../../src/engine/linux/memory';
import { readStatus } from '../../../src/engine/linux/proc';
import { Ptrace } from '../../../src/engine/linux/ptrace';
import { Signal } from '../../../src/engine/linux/signals';
import { spawn } from '../../../src/engine/linux/spawn';
import { kill, Waiter } from '../../../src/engine/linux/wait';
import { type Arming } from '../../../src/engine/sites/arming';
import { type Births } from '../../../src/engine/tasks/births';
import { type Changes } from '../../../src/engine/tasks/changes';
import { Departures } from '../../../src/engine/tasks/departures';
import { AddressSpace, Process, TaskTable } from '../../../src/engine/tasks/tasks';
import { untilSync } from '../../until';

describe('departures', () => {
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
  function departures() {
    const tasks = new TaskTable(new Ledger(ptrace.arena));
    const process = tasks.addProcess(new Process(pid, new AddressSpace(ProcessMemory.open(pid)!)));
    tasks.addTask(process, pid);
    const parts = {
      arming: { disarmProcess: () => undefined, isClean: () => true } as unknown as Arming,
      births: { settle: () => undefined, onCreatorsGone: () => undefined } as unknown as Births,
      changes: { onEnd: () => undefined } as unknown as Changes,
      stepAside: { interrupt: () => false } as unknown as StepAside,
      twins: { interrupt: () => false } as unknown as Twins,
    };
    return { process, departures: new Departures({ ptrace, waiter, tasks, ...parts }) };
  }

  /** It has stopped because somebody has sent it a SIGTRAP. */
  function trap(): void {
    kill(pid, Signal.SIGTRAP);
    untilSync('the trap', () => readStatus(pid)!.get('State')!.startsWith('t'));
  }

  for (const ignored of [true, false]) {
    it(`${ignored ? 'keeps' : 'does not keep'} a SIGTRAP from a program that ${ignored ? 'has' : 'has not'} ignored it`, () => {
      const { process, departures: parts } = departures();
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
