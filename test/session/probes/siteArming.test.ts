import assert from 'node:assert/strict';
import { address, hex } from '../../../src/base/address';
import { parseProbe } from '../../../src/language/probes/parse';
import { type Probe } from '../../../src/session/probes/userProbe';
import { Session } from '../../../src/session/session';
import { FakeEngine, PID } from '../fakeEngine';
import { FakeDisk, mapped } from '../fakeProgram';

const PROGRAM = 0x5000_0000n;
const LINKER = 0x7f00_0000n;
const LIBRARY = 0x7e00_0000n;

describe('sites', () => {
  let disk: FakeDisk;
  let engine: FakeEngine;
  let session: Session;

  beforeEach(async () => {
    disk = new FakeDisk();
    engine = new FakeEngine();
    const server = disk.add('server', {
      symbols: { main: 0x1100n, serve: 0x1200n },
      lines: {
        '/src/server.c': {
          20: [[0x1200n, 0x1204n, 0x1208n]],
          30: [[0x1300n, 0x1308n], [0x1310n, 0x1318n], [0x1320n]],
        },
      },
    });
    const linker = disk.add('ld.so', { symbols: { _dl_debug_state: 0x1060n, _r_debug: 0x2118n } });
    engine.mappings = [...mapped(server, PROGRAM), ...mapped(linker, LINKER)];
    engine.entry = address(PROGRAM + 0x1100n);
    engine.interpreterBase = address(LINKER);
    session = new Session(engine, { openImage: disk.openImage });
    await session.attach(PID);
    engine.asked.length = 0;
  });

  afterEach(() => {
    session.dispose();
    disk.remove();
  });

  const add = (text: string) => session.addProbe(parseProbe(text));
  const refuse = (...offsets: readonly bigint[]) => {
    for (const offset of offsets) engine.refused.set(address(PROGRAM + offset), `no probe at ${hex(offset)}`);
  };
  /** The addresses of each request to arm, in order. */
  const rounds = () => engine.askedFor('arm').map(({ sites }) => sites.map(({ address: at }) => hex(at - PROGRAM)));
  const standsAt = (probe: Probe) => probe.sites.map(({ location }) => hex(location.address - PROGRAM)).sort();

  it('are examined once, when they are armed: one request for all places of a probe, and no other', async () => {
    const probe = await add('log /src/server.c:30');
    assert.deepEqual(standsAt(probe), ['0x1300', '0x1310', '0x1320']);
    assert.deepEqual(rounds(), [['0x1300', '0x1310', '0x1320']]);
    assert.deepEqual(
      engine.asked.map(({ kind }) => kind),
      ['declare', 'arm'],
    );
  });

  it('of all probes are armed by one request when a library comes', async () => {
    const probes = [await add('log one'), await add('count two'), await add('log three')];
    const plugin = disk.add('plugin.so', { symbols: { one: 0x1500n, two: 0x1510n } });
    const watch = [...engine.armed.values()].find(({ onHit }) => onHit === 'hold')!;
    engine.mappings = [...mapped(plugin, LIBRARY), ...engine.mappings];
    engine.asked.length = 0;
    engine.say({ event: 'held', pid: PID, tid: PID, site: watch.site });
    await add('count main');
    assert.deepEqual(
      engine.askedFor('arm').map(({ sites }) => sites.map(({ probe, onHit }) => [probe, onHit])),
      [
        [
          [probes[0]!.id, 'report'],
          [probes[1]!.id, 'count'],
        ],
        [[4, 'count']],
      ],
    );
    assert.deepEqual(
      probes.map(({ state }) => state),
      ['armed', 'armed', 'pending'],
    );
  });

  it('that are refused are asked for once more at the next address, they alone', async () => {
    refuse(0x1300n, 0x1310n);
    const probe = await add('log /src/server.c:30');
    assert.deepEqual(rounds(), [
      ['0x1300', '0x1310', '0x1320'],
      ['0x1308', '0x1318'],
    ]);
    assert.deepEqual(standsAt(probe), ['0x1308', '0x1318', '0x1320']);
    assert.deepEqual(probe.warnings, []);
    assert.equal(probe.error, undefined);
  });

  it('with no address left are given up for the reason of the best one', async () => {
    refuse(0x1200n, 0x1204n, 0x1208n);
    const probe = await add('log /src/server.c:20');
    assert.deepEqual(rounds(), [['0x1200'], ['0x1204'], ['0x1208']]);
    assert.deepEqual([probe.state, probe.reason], ['failed', 'no probe at 0x1200']);
    assert.deepEqual(probe.places, []);
  });

  it('are not asked for elsewhere where the address is not to blame', async () => {
    const request = engine.request.bind(engine);
    engine.request = async (kind, args) => {
      const answer = await request(kind, args);
      if (kind !== 'arm') return answer;
      return { outcomes: [{ failure: { code: 'launch-failed', message: 'no scratch process' } }] } as never;
    };
    const probe = await add('log /src/server.c:20');
    assert.deepEqual(rounds(), [['0x1200']]);
    assert.equal(probe.reason, 'no scratch process');
  });

  it('that the engine says nothing of are failures', async () => {
    const request = engine.request.bind(engine);
    engine.request = async (kind, args) => {
      const answer = await request(kind, args);
      return kind === 'arm' ? ({ outcomes: [] } as never) : answer;
    };
    const probe = await add('log serve');
    assert.deepEqual([probe.state, probe.error?.code], ['failed', 'engine-protocol']);
  });

  it('are not asked for at all where the message means nothing at any place', async () => {
    const probe = await add('log /src/server.c:30 "{nowhere}"');
    assert.deepEqual(rounds(), []);
    assert.deepEqual([probe.state, probe.error?.code], ['failed', 'unknown-name']);
  });

  it('of a library that goes are taken out by one request', async () => {
    await add('log one');
    await add('log two');
    const plugin = disk.add('plugin.so', { symbols: { one: 0x1500n, two: 0x1510n } });
    const { mappings } = engine;
    const watch = [...engine.armed.values()].find(({ onHit }) => onHit === 'hold')!;
    engine.mappings = [...mapped(plugin, LIBRARY), ...mappings];
    engine.say({ event: 'held', pid: PID, tid: PID, site: watch.site });
    await add('count main');
    engine.mappings = mappings;
    engine.say({ event: 'held', pid: PID, tid: PID, site: watch.site });
    await add('count main');
    assert.deepEqual(
      engine.askedFor('disarm').map(({ sites }) => sites.length),
      [2],
    );
  });
});
