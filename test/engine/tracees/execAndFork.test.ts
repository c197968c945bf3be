/** What exec leaves of a process and its thread, and what a child has of its creator. */
import assert from 'node:assert/strict';
import { ThreadPhase, ThreadRecordLayout } from '../../../src/contract/ledger';
import { ProcessMemory } from '../../../src/engine/linux/memory';
import { execProcess, inheritProcess, inheritTask } from '../../../src/engine/tracees/execAndFork';
import { TaskTable } from '../../../src/engine/tracees/taskTable';
import { AddressSpace, Process, type Task } from '../../../src/engine/tracees/tracees';
import { Arena } from '../../../src/engine/tracing/arena';
import { Ledger } from '../../../src/engine/tracing/ledger';

const ADDRESS = 0x40_1000;
const STACK = 0x7fff_0000;

describe('exec and the creation of a child', () => {
  const arena = new Arena();
  const tasks = new TaskTable(new Ledger(arena));

  function begun(pid: number): { process: Process; task: Task } {
    const process = tasks.addProcess(new Process(pid, new AddressSpace(ProcessMemory.none())));
    return { process, task: tasks.addTask(process, pid) };
  }

  /** With a value in every field that it does not begin with. */
  function lived(pid: number): { process: Process; task: Task } {
    const { process, task } = begun(pid);
    process.follow = process.awaitsStart = process.hadThreads = process.unannounced = true;
    process.is64Bit = false;
    process.sigtrapExamined = process.ignoresSigtrap = process.handlesSigtrap = process.seesForeignSigtrap = true;
    task.state.expectTrap();
    task.landings.note(ADDRESS, STACK);
    task.retries.note(ADDRESS, STACK);
    task.repeatedAt = ADDRESS;
    task.repeatsSince = 1;
    task.blocksSigtrap = task.blockUnconfirmed = task.announced = true;
    task.diesWithEngine = 'yes';
    task.untracedFlags = 17;
    task.record.phase = ThreadPhase.stepping;
    return { process, task };
  }

  it('take nothing of the old program into another one', () => {
    const { process, task } = lived(1);
    const image = new AddressSpace(ProcessMemory.none());
    execProcess(process, task, { space: image, is64Bit: true });
    assert.ok(!task.landings.has(ADDRESS, STACK), 'no landing is left');
    assert.ok(task.retries.isEmpty, 'no retry is left');
    assert.ok(!task.retries.take(ADDRESS, STACK));
    assert.equal(process.space, image);
    assert.deepEqual(task.state.now, { kind: 'held', holds: 1, at: undefined });
    assert.equal(arena.u32[(task.record.offset + ThreadRecordLayout.phase) >>> 2], ThreadPhase.running);
    const { repeatedAt, repeatsSince, blocksSigtrap, blockUnconfirmed, diesWithEngine, untracedFlags } = task;
    const fresh = begun(2);
    assert.deepEqual(
      { repeatedAt, repeatsSince, blocksSigtrap, blockUnconfirmed, diesWithEngine, untracedFlags },
      {
        repeatedAt: fresh.task.repeatedAt,
        repeatsSince: fresh.task.repeatsSince,
        blocksSigtrap: fresh.task.blocksSigtrap,
        blockUnconfirmed: fresh.task.blockUnconfirmed,
        diesWithEngine: fresh.task.diesWithEngine,
        untracedFlags: fresh.task.untracedFlags,
      },
    );
    const { hadThreads, is64Bit, sigtrapExamined, ignoresSigtrap, handlesSigtrap, seesForeignSigtrap } = process;
    assert.deepEqual(
      { hadThreads, is64Bit, sigtrapExamined, ignoresSigtrap, handlesSigtrap, seesForeignSigtrap },
      {
        hadThreads: false,
        is64Bit: true,
        sigtrapExamined: false,
        ignoresSigtrap: false,
        handlesSigtrap: false,
        seesForeignSigtrap: false,
      },
    );
  });

  it('keep what the client was told, and what it has asked for', () => {
    const { process, task } = lived(3);
    execProcess(process, task, { space: new AddressSpace(ProcessMemory.none()), is64Bit: true });
    assert.ok(task.announced && process.follow && process.awaitsStart && process.unannounced);
    assert.equal(process.tasks.get(3), task);
  });

  it('can be repeated: a retry that comes after exec is its own', () => {
    const { process, task } = lived(4);
    execProcess(process, task, { space: new AddressSpace(ProcessMemory.none()), is64Bit: true });
    task.retries.note(ADDRESS + 1, STACK);
    task.landings.note(ADDRESS + 1, STACK);
    assert.ok(task.landings.has(ADDRESS + 1, STACK));
    assert.ok(task.retries.take(ADDRESS + 1, STACK));
  });

  it('give a child what its creator does with SIGTRAP, and where it was put', () => {
    const parent = lived(5);
    const child = begun(6);
    inheritProcess(child.process, parent.process);
    inheritTask(child.task, parent.task);
    const { follow, is64Bit, sigtrapExamined, ignoresSigtrap, handlesSigtrap, seesForeignSigtrap } = child.process;
    assert.ok(follow && !is64Bit && sigtrapExamined && ignoresSigtrap && handlesSigtrap && seesForeignSigtrap);
    assert.ok(child.task.blocksSigtrap && child.task.blockUnconfirmed);
    assert.ok(child.task.landings.has(ADDRESS, STACK));
    assert.equal(child.task.diesWithEngine, 'perhaps', 'its creator may have got the option after it');
  });

  it('give a child nothing that is its creator’s own', () => {
    const parent = lived(7);
    const child = begun(8);
    const { space } = child.process;
    inheritProcess(child.process, parent.process);
    inheritTask(child.task, parent.task);
    assert.equal(child.process.space, space);
    assert.deepEqual([child.process.pid, child.task.tid, child.task.process], [8, 8, child.process]);
    assert.deepEqual(child.task.state.now, { kind: 'running' });
    assert.ok(child.task.retries.isEmpty, 'its next arrival is a hit');
    assert.deepEqual([child.task.repeatedAt, child.task.repeatsSince, child.task.untracedFlags], [-1, -1, -1]);
    assert.ok(!child.task.announced && !child.process.awaitsStart && !child.process.hadThreads);
    assert.ok(!child.process.unannounced && !child.process.leaving);
    child.task.landings.note(1, 2);
    assert.ok(!parent.task.landings.has(1, 2), 'and what becomes of it afterwards is not its creator’s');
  });

  it('find no thread of a leaving process that would stay', () => {
    const { process, task } = begun(9);
    process.leave();
    process.leave();
    const late = tasks.addTask(process, 10);
    assert.deepEqual(
      [task, late].map(({ state }) => state.now.kind),
      ['leaving', 'leaving'],
    );
    tasks.removeTask(late);
    tasks.removeTask(late);
    assert.equal(late.state.now.kind, 'gone');
  });
});
