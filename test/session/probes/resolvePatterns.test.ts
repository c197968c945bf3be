/** Patterns against programs whose functions a test has made up. */
import assert from 'node:assert/strict';
import { address } from '../../../src/base/address';
import { parseProbe } from '../../../src/language/probes/parse';
import { type Probe } from '../../../src/session/probes/userProbe';
import { Session } from '../../../src/session/session';
import { FakeEngine, PID } from '../fakeEngine';
import { FakeDisk, mapped } from '../fakeProgram';

const PROGRAM = 0x5000_0000n;
const LINKER = 0x7f00_0000n;
const LIBRARY = 0x7e00_0000n;

describe('patterns in a session', () => {
  let disk: FakeDisk;
  let engine: FakeEngine;
  let session: Session;
  let program: string;

  beforeEach(() => {
    disk = new FakeDisk();
    engine = new FakeEngine();
  });

  afterEach(() => {
    session.dispose();
    disk.remove();
  });

  async function start(symbols: Readonly<Record<string, bigint>>, maxSites?: number): Promise<void> {
    program = disk.add('server', {
      symbols,
      lines: {
        '/src/server.c': { 10: [[0x1100n]], 11: [[0x1100n]], 12: [[0x1108n], [0x1208n]], 20: [[0x1300n]] },
        '/src/other.c': { 5: [[0x1400n]] },
      },
    });
    const linker = disk.add('ld-linux-x86-64.so.2', {
      symbols: { _dl_debug_state: 0x1060n, _r_debug: 0x2118n, list_private: 0x1500n },
    });
    engine.mappings = [...mapped(program, PROGRAM), ...mapped(linker, LINKER)];
    engine.entry = address(PROGRAM + 0x1000n);
    engine.interpreterBase = address(LINKER);
    session = new Session(engine, { openImage: disk.openImage, ...(maxSites !== undefined && { maxSites }) });
    await session.attach(PID);
    engine.asked.length = 0;
  }

  const add = (text: string) => session.addProbe(parseProbe(text));
  const functionsOf = (probe: Probe) => probe.sites.map(({ location }) => location.function).sort();
  const loaded = async (...mappings: readonly ReturnType<typeof mapped>[]): Promise<void> => {
    const watch = [...engine.armed.values()].find(({ onHit }) => onHit === 'hold')!;
    engine.mappings = [...mappings.flat(), ...engine.mappings];
    engine.say({ event: 'held', pid: PID, tid: PID, site: watch.site });
    await add('count main');
  };

  it('have a site in each function that matches, but not in the dynamic linker', async () => {
    await start({ list_add: 0x1100n, list_remove: 0x1200n, main: 0x1300n });
    const probe = await add('count list_*');
    assert.deepEqual(functionsOf(probe), ['list_add', 'list_remove']);
    assert.deepEqual(functionsOf(await add('count ld-linux-x86-64!list_*')), ['list_private']);
    assert.deepEqual(functionsOf(await add('count ld-*!list_*')), ['list_private']);
  });

  it('mean a symbol of this very name first', async () => {
    await start({ 'type..eq*T': 0x1100n, 'type..eqXT': 0x1200n });
    assert.deepEqual(
      (await add('count type..eq*T')).sites.map(({ location }) => location.address - PROGRAM),
      [0x1100n],
    );
  });

  it('go to the engine in batches', async () => {
    const names = Array.from({ length: 1200 }, (_, index) => [`f${index}`, BigInt(0x1000 + index)] as const);
    await start(Object.fromEntries(names));
    const probe = await add('count f*');
    assert.deepEqual(
      engine.askedFor('arm').map(({ sites }) => sites.length),
      [500, 500, 200],
    );
    assert.equal(probe.sites.length, 1200);
  });

  it('have a site for each line of a file, also where two begin at one address', async () => {
    await start({ main: 0x1100n });
    const probe = await add('count server.c:*');
    assert.deepEqual(
      probe.sites.map(({ location }) => location.line),
      [10, 11, 12, 12, 20],
    );
    const all = await add('count src/*.c:*');
    assert.equal(all.sites.length, 6);
  });

  it('take up what is loaded later, and let it go again', async () => {
    await start({ list_add: 0x1100n });
    const probe = await add('count list_*');
    const plugin = disk.add('plugin.so', { symbols: { list_find: 0x1500n, list_sort: 0x1600n } });
    const before = engine.mappings;
    await loaded(mapped(plugin, LIBRARY));
    assert.deepEqual(functionsOf(probe), ['list_add', 'list_find', 'list_sort']);
    engine.mappings = before;
    await loaded();
    assert.deepEqual(functionsOf(probe), ['list_add']);
  });

  it('tell once, when a library goes, that their sites are others now', async () => {
    await start({ list_add: 0x1100n });
    const probe = await add('count list_*');
    const plugin = disk.add('plugin.so', { symbols: { list_find: 0x1500n, list_sort: 0x1600n } });
    const before = engine.mappings;
    await loaded(mapped(plugin, LIBRARY));
    let changes = 0;
    session.onProbeChanged((changed) => (changes += Number(changed === probe)));
    engine.mappings = before;
    await loaded();
    assert.equal(changes, 1);
  });

  it('say what was refused by its reason, and are armed elsewhere', async () => {
    await start({ list_add: 0x1100n, list_remove: 0x1200n, list_find: 0x1300n });
    for (const offset of [0x1100n, 0x1200n]) engine.refused.set(address(PROGRAM + offset), `no at ${offset}`);
    const probe = await add('count list_*');
    assert.deepEqual([probe.state, functionsOf(probe)], ['armed', ['list_find']]);
    assert.deepEqual(probe.warnings, [
      "count list_*: 2 of 3 places can't be probed: 2 not probeable; hits there are not counted",
    ]);
  });

  it('are errors where they match more than is allowed, in a library that comes later too', async () => {
    await start({ list_add: 0x1100n, list_remove: 0x1200n }, 2);
    const probe = await add('count list_*');
    assert.equal(probe.sites.length, 2);
    const plugin = disk.add('plugin.so', { symbols: { list_find: 0x1500n } });
    await loaded(mapped(plugin, LIBRARY));
    assert.deepEqual(functionsOf(probe), ['list_add', 'list_remove']);
    assert.match(
      probe.warnings.join('\n'),
      /not armed in a library: list_\* matches 1 functions; the limit leaves room/,
    );
    const lines = await add('count server.c:*');
    assert.deepEqual([lines.state, lines.error?.code, lines.sites], ['failed', 'too-many', []]);
  });

  it('wait for code that comes later where nothing matches', async () => {
    await start({ main: 0x1100n });
    const probe = await add('count lost_*');
    assert.equal(probe.state, 'pending');
    assert.equal(probe.reason, 'no function of a loaded module matches lost_*');
    assert.equal((await add('count lib*!lost')).reason, 'no module lib* is loaded');
    assert.equal((await add('count serve.c:*')).error?.advice, 'Did you mean server.c?');
  });
});
