import assert from 'node:assert/strict';
import { address } from '../../../src/base/address';
import { type Process } from '../../../src/session/processes/process';
import { ProcessSet } from '../../../src/session/processes/processSet';
import { Session } from '../../../src/session/session';
import { type HeldThread, HeldThreads } from '../../../src/session/stops/heldThreads';
import { FakeEngine, PID } from '../fakeEngine';
import { FakeDisk, mapped } from '../fakeProgram';

const CHILD = 200;
const INHERITED = 0x8000_0000;

describe('a held thread', () => {
  let engine: FakeEngine;
  let processes: ProcessSet;
  let held: HeldThreads;
  let process: Process;
  /** Who got which thread. */
  let got: [owner: string, tid: number, pid: number][];

  const owner = (name: string) => (thread: HeldThread) => void got.push([name, thread.tid, thread.process.pid]);

  beforeEach(() => {
    engine = new FakeEngine();
    processes = new ProcessSet(engine);
    got = [];
    held = new HeldThreads(engine, processes, { atEntry: owner('entry'), unowned: owner('nobody') });
    process = processes.expect(PID);
    held.own(1, process, owner('linker'));
    held.own(2, process, owner('step'));
  });

  afterEach(() => {
    held.dispose();
    processes.dispose();
  });

  const hold = (tid: number, site?: number, pid = PID) =>
    engine.say({ event: 'held', pid, tid, ...(site !== undefined && { site }) });

  it('goes to the part that armed the site, and before the first instruction to the one that starts programs', () => {
    hold(11, 1);
    hold(12, 2);
    hold(13);
    hold(14, 1);
    assert.deepEqual(got, [
      ['linker', 11, PID],
      ['step', 12, PID],
      ['entry', 13, PID],
      ['linker', 14, PID],
    ]);
  });

  it('goes to the same part at the site that a child has inherited', () => {
    engine.say({ event: 'processStarted', pid: CHILD, parent: PID, how: 'forked', sites: [[INHERITED, 2]] });
    hold(21, INHERITED, CHILD);
    assert.deepEqual(got, [['step', 21, CHILD]]);
  });

  it('is not lost at a site that nobody owns any more', () => {
    held.disown(2);
    hold(11, 2);
    hold(12, 99);
    assert.deepEqual(got, [
      ['nobody', 11, PID],
      ['nobody', 12, PID],
    ]);
  });

  for (const end of ['exited', 'execed', 'released'] as const) {
    it(`is the owner's no more after its process has ${end}`, () => {
      engine.say({ event: 'processStarted', pid: CHILD, parent: PID, how: 'forked', sites: [[INHERITED, 2]] });
      if (end === 'exited') engine.say({ event: 'exited', pid: CHILD, end: { code: 0 } });
      else if (end === 'execed') engine.say({ event: 'execed', pid: CHILD, executable: '/bin/true' });
      else engine.say({ event: 'released', pid: CHILD });
      hold(21, INHERITED, CHILD);
      hold(11, 2);
      assert.deepEqual(got, [
        ['nobody', 21, CHILD],
        ['step', 11, PID],
      ]);
    });
  }

  it('is let go by its owner', async () => {
    const threads: HeldThread[] = [];
    held.own(3, process, (thread) => threads.push(thread));
    hold(11, 3);
    assert.deepEqual(engine.askedFor('release'), []);
    await threads[0]?.release();
    assert.deepEqual(engine.askedFor('release'), [{ tid: 11 }]);
  });
});

describe('a session', () => {
  let disk: FakeDisk;
  let session: Session;

  const attach = async (engine: FakeEngine, follow: 'none' | 'children' = 'none') => {
    engine.mappings = mapped(disk.add('ld.so', { symbols: { _dl_debug_state: 0x1060n } }), 0x7f00_0000n);
    engine.interpreterBase = address(0x7f00_0000n);
    session = new Session(engine, { openImage: disk.openImage, follow });
    await session.attach(PID);
  };

  beforeEach(() => {
    disk = new FakeDisk();
  });

  afterEach(() => {
    session.dispose();
    disk.remove();
  });

  it('lets a thread go at once that is held at a site of nobody, and looks for nothing', async () => {
    const engine = new FakeEngine();
    await attach(engine);
    const looked = engine.askedFor('mappings').length;
    engine.say({ event: 'held', pid: PID, tid: 11, site: 99 });
    await session.start();
    assert.deepEqual(engine.askedFor('release'), [{ tid: 11 }]);
    assert.equal(engine.askedFor('mappings').length, looked);
  });

  it('asks for no hold of an engine that holds no threads', async () => {
    const engine = new FakeEngine({ onHit: ['report', 'count'] });
    await attach(engine);
    assert.deepEqual(engine.askedSites(), []);
  });

  it('does not begin to follow children with an engine that can not', async () => {
    const engine = new FakeEngine({ follow: ['none'] });
    await assert.rejects(attach(engine, 'children'), {
      code: 'unsupported',
      message: "the ptrace engine can't follow children",
    });
    assert.deepEqual(engine.asked, []);
  });
});
