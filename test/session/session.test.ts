import assert from 'node:assert/strict';
import { realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { address, hex } from '../../src/base/address';
import { CaptureStatus } from '../../src/contract/agent/operations';
import { parseProbe } from '../../src/language/probes/parse';
import { type Probe } from '../../src/session/probes/userProbe';
import { type OpenImage } from '../../src/session/code/images';
import { Session } from '../../src/session/session';
import { type Process } from '../../src/session/processes/process';
import { NO_COUNTS } from '../../src/session/probes/countSums';
import { FakeEngine, PID } from './fakeEngine';
import { FakeDisk, type FakeModule, mapped } from './fakeProgram';
import { until } from '../until';

const PROGRAM = 0x5000_0000n;
const LINKER = 0x7f00_0000n;
const LIBRARY = 0x7e00_0000n;

const SERVER: FakeModule = {
  symbols: { main: 0x1100n, serve: 0x1200n },
  lines: { '/src/server.c': { 10: [[0x1100n]], 20: [[0x1200n, 0x1204n]], 30: [[0x1300n], [0x1310n]] } },
};
const LD_SO: FakeModule = { symbols: { _dl_debug_state: 0x1060n, _r_debug: 0x2118n } };
const PLUGIN: FakeModule = { symbols: { plugin_run: 0x1500n } };

describe('session', () => {
  let disk: FakeDisk;
  let engine: FakeEngine;
  let session: Session;

  beforeEach(() => {
    disk = new FakeDisk();
    engine = new FakeEngine();
    engine.mappings = [...mapped(disk.add('server', SERVER), PROGRAM), ...mapped(disk.add('ld.so', LD_SO), LINKER)];
    engine.entry = address(PROGRAM + 0x1100n);
    engine.interpreterBase = address(LINKER);
    session = new Session(engine, { openImage: disk.openImage });
  });

  afterEach(() => {
    session.dispose();
    disk.remove();
  });

  const launch = () => session.launch({ program: 'server', args: [], cwd: '/', env: [], stdio: [0, 1, 2] });
  const add = (text: string) => session.addProbe(parseProbe(text));
  const settled = () => add('count main');
  const addressesOf = (probe: Probe) => probe.sites.map((site) => hex(site.location.address));

  /** The linker has mapped a library and calls its breakpoint. */
  const loadPlugin = async () => {
    engine.mappings = [...mapped(disk.add('plugin.so', PLUGIN), LIBRARY), ...engine.mappings];
    const watch = engine.askedSites().find((site) => site.onHit === 'hold')!;
    engine.say({ event: 'held', pid: PID, tid: PID + 1, site: watch.site });
    await settled();
  };

  describe('a launched program', () => {
    it('waits before its first instruction until it is started', async () => {
      await launch();
      assert.deepEqual(engine.askedFor('release'), []);
      await session.start();
      assert.deepEqual(engine.askedFor('release'), [{ tid: PID }]);
    });

    it('has its modules before it runs', async () => {
      const process = await launch();
      assert.deepEqual(
        process.modules.map((module) => [module.name, hex(module.start)]),
        [
          ['server', hex(PROGRAM)],
          ['ld.so', hex(LINKER)],
        ],
      );
      assert.equal(process.program?.name, 'server');
    });

    it('fails when it ends before that', async () => {
      engine.request = () => {
        setImmediate(() => engine.say({ event: 'exited', pid: PID, end: { code: 127 } }));
        return Promise.resolve({ pid: PID } as never);
      };
      await assert.rejects(launch(), { code: 'launch-failed' });
    });

    it('is resolved anew when it calls exec, and goes on by itself', async () => {
      await launch();
      const probe = await add('log serve');
      await session.start();
      engine.mappings = mapped(disk.add('other', { symbols: { serve: 0x1400n } }), 0x40_0000n);
      engine.entry = address(0x40_1000n);
      engine.interpreterBase = address(0);
      engine.say({ event: 'execed', pid: PID, executable: join(disk.directory, 'other') });
      assert.deepEqual(probe.sites, []);
      engine.say({ event: 'held', pid: PID, tid: PID });
      await settled();
      assert.deepEqual(addressesOf(probe), ['0x401400']);
      assert.equal(engine.askedFor('release').length, 2);
    });
  });

  describe('an attached process', () => {
    it('shows the threads it was found with', async () => {
      const process = await session.attach(PID);
      assert.deepEqual([...process.threads.keys()], [PID, PID + 1]);
    });

    it('gets probes that were added before', async () => {
      const probe = await add('log serve');
      assert.equal(probe.state, 'pending');
      await session.attach(PID);
      assert.equal(probe.state, 'armed');
    });

    it('is searched for what is wanted in it before the engine answers', async () => {
      const program = realpathSync(process.execPath);
      disk.add(basename(program), SERVER);
      const searched: string[] = [];
      const openImage: OpenImage = (path) => ({
        ...disk.openImage(path),
        functionPlaces: (name) => {
          searched.push(`${name} in ${path}`);
          return [];
        },
      });
      const answer = engine.request.bind(engine);
      engine.request = async (kind, args) => {
        if (kind === 'attach') await until('the search', () => searched.length > 0);
        return answer(kind, args);
      };
      const attaching = new Session(engine, { openImage });
      await attaching.attach(process.pid, [parseProbe('count main').location]);
      attaching.dispose();
      assert.deepEqual(searched, [`main in ${program}`]);
    });

    it('is released by detach', async () => {
      await session.attach(PID);
      await session.detach();
      assert.deepEqual(engine.askedFor('detach'), [{ pid: PID }]);
      assert.equal(session.processes.size, 0);
    });
  });

  describe('a followed child', () => {
    const CHILD = PID + 50;
    const INHERITED = 0x8000_0000;
    let root: Process;
    let probe: Probe;

    beforeEach(async () => {
      session.dispose();
      session = new Session(engine, { openImage: disk.openImage, follow: 'children' });
      root = await launch();
      probe = await add('log serve');
      await session.start();
    });

    const fork = () => {
      const sites = probe.sites.map(({ id }, index): [number, number] => [INHERITED + index, id]);
      engine.say({ event: 'processStarted', pid: CHILD, parent: PID, how: 'forked', sites });
    };
    const last = (hits: number) => [[INHERITED, { ...NO_COUNTS, hits, reported: hits }]] as const;

    it('is asked for', () => {
      assert.equal(engine.askedFor('launch')[0]?.follow, 'children');
    });

    it('has modules and sites from its first moment, and no file is read for it', () => {
      const { length } = disk.opened;
      fork();
      const child = session.processes.get(CHILD)!;
      assert.deepEqual([child.parent, child.modules, child.executable], [PID, root.modules, root.executable]);
      const hits: (readonly [number, Process])[] = [];
      session.onHit((hit) => hits.push([hit.pid, hit.site.process]));
      engine.hit({ site: INHERITED, pid: CHILD, tid: CHILD });
      assert.deepEqual(hits, [[CHILD, child]]);
      assert.deepEqual(
        probe.sites.map((site) => site.process.pid),
        [PID, CHILD],
      );
      assert.equal(disk.opened.length, length);
    });

    it('is looked at: its parent may have loaded something else since', async () => {
      fork();
      engine.mappings = [...mapped(disk.add('plugin.so', PLUGIN), LIBRARY), ...engine.mappings];
      const late = await add('log plugin_run');
      assert.deepEqual(
        late.sites.map((site) => site.process.pid),
        [CHILD],
      );
    });

    it('keeps its sites where its parent unloads a library that it has, too', async () => {
      await loadPlugin();
      const late = await add('log plugin_run');
      engine.say({
        event: 'processStarted',
        pid: CHILD,
        parent: PID,
        how: 'forked',
        sites: [[INHERITED, late.sites[0]!.id]],
      });
      await settled();
      engine.mappings = engine.mappings.filter(({ path }) => !path.endsWith('plugin.so'));
      engine.say({ event: 'held', pid: PID, tid: PID, site: 1 });
      await settled();
      assert.deepEqual(
        late.sites.map((site) => site.process.pid),
        [CHILD],
      );
    });

    it('gets probes that are added later', async () => {
      fork();
      const other = await add('log main');
      assert.deepEqual(
        other.sites.map((site) => site.process.pid),
        [PID, CHILD],
      );
    });

    it('loses a probe that is removed, also if it was born while that was done', async () => {
      const request = engine.request.bind(engine);
      engine.request = (kind, args) => {
        if (kind === 'forget') fork();
        return request(kind, args);
      };
      await session.removeProbe(probe);
      assert.deepEqual(engine.askedFor('forget'), [{ probe: probe.id }]);
      assert.deepEqual(probe.sites, []);
      const heard: unknown[] = [];
      session.onHit((hit) => heard.push(hit));
      engine.hit({ site: INHERITED, pid: CHILD });
      assert.deepEqual(heard, []);
    });

    it('has counts of its own, also when it has ended', async () => {
      fork();
      engine.countedAtSites.set(probe.sites[0]!.id, { hits: 2 });
      engine.say({ event: 'exited', pid: CHILD, end: { code: 0 }, sites: last(5) });
      const { processes } = (await session.counts()).get(probe)!;
      assert.deepEqual(
        processes.map(({ pid, parent, hits }) => [pid, parent, hits]),
        [
          [CHILD, PID, 5],
          [PID, undefined, 2],
        ],
      );
      assert.equal(probe.state, 'armed');
      assert.equal(session.processes.size, 1);
    });

    it('is resolved anew when it calls exec, while its parent keeps its probes', async () => {
      fork();
      engine.mappings = mapped(disk.add('other', { symbols: { serve: 0x1400n } }), 0x40_0000n);
      engine.entry = address(0x40_1000n);
      engine.interpreterBase = address(0);
      engine.say({ event: 'execed', pid: CHILD, executable: join(disk.directory, 'other'), sites: last(1) });
      engine.say({ event: 'held', pid: CHILD, tid: CHILD });
      await settled();
      assert.deepEqual(
        probe.sites.map((site) => [site.process.pid, hex(site.location.address)]),
        [
          [PID, hex(PROGRAM + 0x1200n)],
          [CHILD, '0x401400'],
        ],
      );
      assert.deepEqual(engine.askedFor('release').at(-1), { tid: CHILD });
    });

    for (const meanwhile of ['mappings', 'arm'] as const) {
      it(`has each probe once if its exec is told of while ${meanwhile} is under way`, async () => {
        const request = engine.request.bind(engine);
        let told = false;
        engine.request = (kind, args) => {
          const answer = request(kind, args);
          if (kind === meanwhile && !told) {
            told = true;
            engine.say({ event: 'execed', pid: CHILD, executable: join(disk.directory, 'other'), sites: [] });
            engine.say({ event: 'held', pid: CHILD, tid: CHILD });
          }
          return answer;
        };
        fork();
        engine.mappings = mapped(disk.add('other', { symbols: { serve: 0x1400n } }), 0x40_0000n);
        engine.interpreterBase = address(0);
        await settled();
        // What was put off until then.
        await settled();
        assert.deepEqual(
          probe.sites.map((site) => [site.process.pid, hex(site.location.address)]),
          [
            [PID, hex(PROGRAM + 0x1200n)],
            [CHILD, '0x401400'],
          ],
        );
        const armed = [...engine.armed.values()].filter(({ pid }) => pid === CHILD);
        assert.equal(armed.length, 1);
        assert.deepEqual(engine.askedFor('release').at(-1), { tid: CHILD });
      });
    }

    it('is placed before it goes on where nothing is known of it', async () => {
      engine.say({ event: 'processStarted', pid: CHILD, parent: 1, how: 'orphaned', sites: [] });
      engine.say({ event: 'held', pid: CHILD, tid: CHILD });
      await settled();
      assert.deepEqual(
        probe.sites.map((site) => site.process.pid),
        [PID, CHILD],
      );
      assert.deepEqual(engine.askedFor('release').at(-1), { tid: CHILD });
    });

    it('leaves the session when the engine lets it go', () => {
      fork();
      engine.say({ event: 'released', pid: CHILD, sites: last(1) });
      assert.deepEqual([...session.processes.keys()], [PID]);
      assert.equal(probe.sites.length, 1);
    });

    it('is let go by detach, and so is one that is born meanwhile', async () => {
      const request = engine.request.bind(engine);
      engine.request = (kind, args) => {
        if (kind === 'detach' && !session.processes.has(CHILD)) fork();
        return request(kind, args);
      };
      await session.detach();
      assert.deepEqual(engine.askedFor('detach'), [{ pid: PID }, { pid: CHILD }]);
    });

    it('does not make a probe fail that waits, but says why it is not armed there', async () => {
      const late = await add('log other_main');
      fork();
      engine.mappings = mapped(disk.add('other', { symbols: { other_main: 0x1400n } }), 0x40_0000n);
      engine.refused.set(address(0x40_1400n), 'it has a LOCK prefix');
      engine.say({ event: 'execed', pid: CHILD, executable: join(disk.directory, 'other'), sites: [] });
      engine.say({ event: 'held', pid: CHILD, tid: CHILD });
      await settled();
      assert.deepEqual([late.state, late.reason], ['pending', 'it has a LOCK prefix']);
    });
  });

  describe('a probe', () => {
    it('on a function stands at its run-time address', async () => {
      await launch();
      const probe = await add('log serve');
      assert.equal(probe.state, 'armed');
      assert.deepEqual(addressesOf(probe), [hex(PROGRAM + 0x1200n)]);
      assert.equal(probe.sites[0]?.location.function, 'serve');
    });

    it('on a line without code moves to the next with some', async () => {
      await launch();
      const probe = await add('log /src/server.c:15');
      assert.equal(probe.line, 20);
    });

    it('stands at every place of its line', async () => {
      await launch();
      assert.deepEqual(addressesOf(await add('log /src/server.c:30')), [
        hex(PROGRAM + 0x1300n),
        hex(PROGRAM + 0x1310n),
      ]);
    });

    it('takes the next candidate where the best can not be probed', async () => {
      await launch();
      engine.refused.set(address(PROGRAM + 0x1200n), 'lock');
      assert.deepEqual(addressesOf(await add('log /src/server.c:20')), [hex(PROGRAM + 0x1204n)]);
    });

    it('fails with the reason where no candidate can be probed', async () => {
      await launch();
      engine.refused.set(address(PROGRAM + 0x1100n), '`lock add` must be atomic');
      const probe = await add('log /src/server.c:10');
      assert.equal(probe.state, 'failed');
      assert.equal(probe.reason, '`lock add` must be atomic');
    });

    it('that can not be probed at one of its places stands at the others, and warns', async () => {
      await launch();
      engine.refused.set(address(PROGRAM + 0x1310n), '`lock add` must be atomic');
      const probe = await add('log /src/server.c:30');
      assert.deepEqual(addressesOf(probe), [hex(PROGRAM + 0x1300n)]);
      assert.deepEqual(probe.warnings, [
        "log /src/server.c:30: one of its places can't be probed, so hits there are not counted: `lock add` must be atomic",
      ]);
    });

    it('gives the engine the bytes that the file has there', async () => {
      await launch();
      await add('log serve');
      assert.equal(engine.askedSites().at(-1)?.expected, '00'.repeat(15));
    });

    it('that counts sends no reports', async () => {
      await launch();
      await add('count serve');
      assert.equal(engine.askedSites().at(-1)?.onHit, 'count');
    });

    it('carries its hit condition', async () => {
      await launch();
      await add('log serve hits % 100');
      assert.deepEqual(engine.askedFor('declare').at(-1)?.hitCondition, { operator: '%', count: 100 });
    });

    it('fails at once when its message is mistaken', async () => {
      await launch();
      const probe = await session.addProbe({
        kind: 'log',
        location: { kind: 'function', name: 'serve' },
        message: '{a +}',
        text: '',
      });
      assert.equal(probe.state, 'failed');
      assert.equal(probe.error?.code, 'syntax');
    });

    it('on an unknown function says which is near', async () => {
      await launch();
      const probe = await add('log server');
      assert.equal(probe.state, 'pending');
      assert.equal(probe.error?.advice, 'Did you mean serve?');
    });

    it('below the last line of code says so', async () => {
      await launch();
      const probe = await add('log /src/server.c:31');
      assert.equal(probe.error?.code, 'no-code');
    });

    it('in a program without debug information says how to get it', async () => {
      engine.mappings = mapped(disk.add('stripped', { symbols: { main: 0x1100n } }), PROGRAM);
      engine.interpreterBase = address(0);
      await launch();
      const probe = await add('log /src/server.c:10');
      assert.match(probe.reason ?? '', /has no debug information/);
    });

    it('in a program that was replaced says so', async () => {
      const path = disk.add('gone', SERVER);
      engine.mappings = mapped(path, PROGRAM, { deleted: true });
      rmSync(path);
      await launch();
      const probe = await add('log serve');
      assert.match(probe.reason ?? '', /gone was deleted or replaced/);
    });

    it('finds sources that have moved since the build', async () => {
      session.dispose();
      session = new Session(engine, { openImage: disk.openImage, sourceMap: { '/src': '/home/me/project' } });
      await launch();
      assert.equal((await add('log /home/me/project/server.c:10')).state, 'armed');
    });

    it('asks for more of a path that may be several files with code', async () => {
      const code = { 1: [[0x1100n]] };
      const path = disk.add('two', {
        lines: { '/build/one/a.c': code, '/build/two/a.c': code, '/build/three/a.c': {} },
      });
      engine.mappings = mapped(path, PROGRAM);
      await launch();
      const probe = await add('log a.c:1');
      assert.equal(probe.state, 'failed');
      assert.equal(probe.reason, 'a.c may be /build/one/a.c or /build/two/a.c');
      assert.equal((await add('log two/a.c:1')).state, 'armed');
    });

    it('warns when the source is newer than the program', async () => {
      const source = join(disk.directory, 'new.c');
      const path = disk.add('built', { lines: { [source]: { 1: [[0x1100n]] } } });
      writeFileSync(source, '');
      utimesSync(path, 1000, 1000);
      engine.mappings = mapped(path, PROGRAM);
      engine.interpreterBase = address(0);
      await launch();
      const probe = await add(`log ${source}:1`);
      assert.equal(probe.state, 'armed');
      assert.match(probe.warnings.join(), /new\.c was changed after/);
    });

    it('warns when debug information can not be read in full', async () => {
      const path = disk.add('split', { symbols: { serve: 0x1100n }, notices: ['its variables are in a .dwo file'] });
      engine.mappings = mapped(path, PROGRAM);
      engine.interpreterBase = address(0);
      await launch();
      assert.deepEqual((await add('log serve')).warnings, ['its variables are in a .dwo file']);
      const { state, error } = await add('log serve "{nothing}"');
      assert.equal(state, 'failed');
      assert.match(error?.advice ?? '', /its variables are in a \.dwo file$/);
    });

    it('on an address is looked at from the function’s start, and warns where it lies inside an instruction', async () => {
      const main = address(PROGRAM + 0x1100n);
      engine.inside.set(main, { address: address(main - 2n), instruction: 'mov eax, 1' });
      await launch();
      const probe = await add(`count *${hex(main)}`);
      assert.equal(engine.askedSites().at(-1)?.from, main);
      assert.equal(probe.state, 'armed');
      assert.match(probe.warnings[0]!, /lies inside the instruction mov eax, 1 at 0x/);
    });

    it('is disarmed everywhere when it is removed, and gives its counts', async () => {
      await launch();
      const probe = await add('log /src/server.c:30');
      engine.counted.set(probe.id, { hits: 7 });
      assert.equal((await session.removeProbe(probe)).hits, 7);
      assert.deepEqual(
        [...engine.armed.values()].filter((site) => site.probe === probe.id),
        [],
      );
      assert.equal(probe.state, 'removed');
    });

    it('keeps what its places counted when the engine has lost their sites', async () => {
      await launch();
      const probe = await add('log /src/server.c:30');
      const [first] = probe.sites;
      engine.countedAtSites.set(first!.id, { hits: 3, matched: 2 });
      engine.say({ event: 'siteGone', site: first!.id, reason: 'the program has mapped something else there' });
      const places = () => probe.places.map(({ counts: { hits, matched } }) => [hits, matched]);
      const live = (await session.counts()).get(probe)!.places;
      assert.deepEqual(
        [...live.values()].map(({ hits, matched }) => [hits, matched]),
        [
          [3, 2],
          [0, 0],
        ],
      );
      assert.deepEqual(places()[0], [0, 0], 'the engine still has them');
      await session.removeProbe(probe);
      assert.deepEqual(places()[0], [3, 2]);
    });

    it('can be removed while it is being armed', async () => {
      await launch();
      const probe = await add('log plugin_run');
      const request = engine.request.bind(engine);
      const removals: Promise<unknown>[] = [];
      engine.request = (kind, args) => {
        const answer = request(kind, args);
        if (kind === 'arm' && engine.askedSites().at(-1)?.probe === probe.id) removals.push(session.removeProbe(probe));
        return answer;
      };
      await loadPlugin();
      await Promise.all(removals);
      assert.equal(removals.length, 1);
      assert.deepEqual([probe.state, probe.sites], ['removed', []]);
      assert.ok([...engine.armed.values()].every((site) => site.probe !== probe.id));
    });

    it('is told when the engine loses its site', async () => {
      await launch();
      const probe = await add('log serve');
      const changed: Probe[] = [];
      session.onProbeChanged((one) => changed.push(one));
      engine.say({ event: 'siteGone', site: probe.sites[0]!.id, reason: 'the memory was unmapped' });
      assert.deepEqual(changed, [probe]);
      assert.equal(probe.reason, 'the memory was unmapped');
    });
  });

  describe('libraries', () => {
    it('are noticed by a hold in the dynamic linker, after the change', async () => {
      await launch();
      const watch = engine.askedSites().find((site) => site.onHit === 'hold');
      assert.equal(watch?.address, address(LINKER + 0x1060n));
      assert.deepEqual(watch.agent.condition?.[0], { op: 'const', value: LINKER + 0x2118n + 24n });
    });

    it('that come later get the probes that waited for them, and only then go on', async () => {
      await launch();
      const probe = await add('log plugin_run');
      assert.equal(probe.state, 'pending');
      await loadPlugin();
      assert.deepEqual(addressesOf(probe), [hex(LIBRARY + 0x1500n)]);
      const order = engine.asked.map((request) => request.kind);
      assert.ok(order.lastIndexOf('release') > order.lastIndexOf('arm', order.lastIndexOf('release')));
      assert.ok(engine.armed.has(probe.sites[0]!.id));
      assert.deepEqual(engine.askedFor('release').at(-1), { tid: PID + 1 });
    });

    it('take their sites with them', async () => {
      await launch();
      const probe = await add('log plugin_run');
      await loadPlugin();
      engine.mappings = engine.mappings.slice(3);
      engine.say({ event: 'held', pid: PID, tid: PID, site: 1 });
      await settled();
      assert.equal(probe.state, 'pending');
      assert.deepEqual(probe.sites, []);
    });

    it('are not opened for a function that the program has by symbol', async () => {
      await launch();
      await add('log serve');
      const { length } = disk.opened;
      await add('log main');
      assert.equal(disk.opened.length, length);
    });
  });

  describe('a hit', () => {
    it('has its probe, place and message', async () => {
      await launch();
      const probe = await add('log serve "n={$rdi}"');
      const seen: string[] = [];
      session.onHit((hit) => {
        assert.equal(hit.probe, probe);
        seen.push(`${hit.location.function} ${hit.tid} ${hit.message}`);
      });
      engine.hit({
        site: probe.sites[0]!.id,
        probe: probe.id,
        tid: PID,
        captures: [{ status: CaptureStatus.complete, bytes: Uint8Array.of(42, 0, 0, 0, 0, 0, 0, 0) }],
      });
      assert.deepEqual(seen, [`serve ${PID} n=42`]);
    });

    it('is not lost when it comes before the site is known to be armed', async () => {
      await launch();
      let hits = 0;
      session.onHit(() => hits++);
      engine.busy = true;
      await add('log serve');
      assert.equal(hits, 1);
    });

    it('of a site that is no more is dropped', () => {
      session.onHit(() => assert.fail());
      engine.hit({ site: 99 });
    });
  });

  it('tells about the end of a process and of the engine', async () => {
    await launch();
    const told: unknown[] = [];
    session.onExit(({ end }) => told.push(end));
    session.onEngineGone(({ reason }) => told.push(reason));
    engine.say({ event: 'exited', pid: PID, end: { signal: 9 } });
    engine.end('killed');
    assert.deepEqual(told, [{ signal: 9 }, 'killed']);
  });

  it('lists code lines and sources of what is loaded', async () => {
    await launch();
    assert.deepEqual(session.codeLines('/src/server.c', 11, 30), [20, 30]);
    assert.deepEqual(session.sourceFiles(), ['/src/server.c']);
  });
});
