import assert from 'node:assert/strict';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { EditorBreakpoints } from '../../src/adapter/editorBreakpoints';
import { type Client } from '../../src/adapter/protocol/connection';
import { Lines } from '../../src/adapter/protocol/lineNumbering';
import { address } from '../../src/base/address';
import { Session } from '../../src/session/session';
import { FakeEngine, PID } from '../session/fakeEngine';
import { FakeDisk, mapped } from '../session/fakeProgram';

const PROGRAM = 0x5000_0000n;
const FILE = '/src/server.c';

describe('breakpoints', () => {
  let disk: FakeDisk;
  let engine: FakeEngine;
  let session: Session;
  let breakpoints: EditorBreakpoints;
  let events: { readonly event: string; readonly body: unknown }[];

  beforeEach(async () => {
    disk = new FakeDisk();
    engine = new FakeEngine();
    const server = disk.add('server', {
      symbols: { main: 0x1100n },
      lines: { [FILE]: { 10: [[0x1100n]], 20: [[0x1200n]], 30: [[0x1300n]] } },
    });
    engine.mappings = mapped(server, PROGRAM);
    engine.entry = address(PROGRAM + 0x1100n);
    session = new Session(engine, { openImage: disk.openImage });
    await session.attach(PID);
    events = [];
    const client: Client = {
      emit: (event, body) => events.push({ event, body }),
      runInTerminal: () => Promise.reject(new Error()),
    };
    breakpoints = new EditorBreakpoints(session, client, new Lines(), () => undefined);
  });

  afterEach(() => {
    session.dispose();
    disk.remove();
  });

  const set = (...wanted: DebugProtocol.SourceBreakpoint[]) =>
    breakpoints.setInSource({ source: { name: 'server.c', path: FILE }, breakpoints: wanted });
  const arms = () => engine.askedFor('arm').length;

  it('are verified where they are armed, at the line that has code', async () => {
    const [breakpoint] = await set({ line: 11, logMessage: 'here' });
    assert.deepEqual(breakpoint, { id: 1, verified: true, source: { name: 'server.c', path: FILE }, line: 20 });
  });

  it('that are as they were stay armed when the whole list is sent again', async () => {
    const before = await set({ line: 10 }, { line: 20, logMessage: 'a' });
    const armed = arms();
    const after = await set({ line: 10 }, { line: 20, logMessage: 'a' }, { line: 30 });
    assert.deepEqual(after.slice(0, 2), before);
    assert.equal(arms(), armed + 1);
    assert.deepEqual(engine.askedFor('disarm'), []);
  });

  it('that were edited are placed anew', async () => {
    const [before] = await set({ line: 10, condition: '$rdi > 1' });
    const [after] = await set({ line: 10, condition: '$rdi > 2' });
    assert.notEqual(after?.id, before?.id);
    assert.equal(engine.armed.size, 1);
  });

  it('that are no longer in the list are taken out', async () => {
    await set({ line: 10 }, { line: 20 });
    await set({ line: 20 });
    assert.equal(engine.armed.size, 1);
    await set();
    assert.equal(engine.armed.size, 0);
  });

  it('may be sent faster than they are placed', async () => {
    await Promise.all([set({ line: 10 }), set({ line: 10 }, { line: 20 }), set({ line: 20 })]);
    assert.deepEqual(
      [...engine.armed.values()].map((site) => site.address),
      [address(PROGRAM + 0x1200n)],
    );
  });

  it('take empty texts for none', async () => {
    const [breakpoint] = await set({ line: 10, logMessage: '', condition: ' ', hitCondition: '' });
    assert.equal(breakpoint?.verified, true);
    assert.deepEqual(engine.askedFor('declare').at(-1), { probe: 1 });
  });

  it('say what is wrong with a message, a condition, a hit condition', async () => {
    const wrong = await set(
      { line: 10, logMessage: 'n={a +}' },
      { line: 10, condition: 'a >' },
      { line: 10, hitCondition: 'often' },
    );
    for (const breakpoint of wrong) {
      assert.equal(breakpoint.verified, false);
      assert.equal(breakpoint.reason, 'failed');
      assert.ok(breakpoint.message);
    }
    assert.equal(engine.armed.size, 0);
  });

  it('on functions wait for a library, and are announced when it comes', async () => {
    const [waiting] = await breakpoints.setOnFunctions({ breakpoints: [{ name: 'plugin_run' }] });
    assert.equal(waiting?.verified, false);
    assert.equal(waiting.reason, 'pending');
    engine.mappings = [
      ...engine.mappings,
      ...mapped(disk.add('plugin.so', { symbols: { plugin_run: 0x1500n } }), 0x6000_0000n),
    ];
    engine.say({ event: 'execed', pid: PID, executable: 'server' });
    engine.say({ event: 'held', pid: PID, tid: PID });
    await session.start();
    const changed = events.filter(({ event }) => event === 'breakpoint').at(-1);
    assert.deepEqual(changed?.body, { reason: 'changed', breakpoint: { id: waiting.id, verified: true } });
  });

  it('on functions may name an address or an offset too', async () => {
    const placed = await breakpoints.setOnFunctions({
      breakpoints: [{ name: '*0x50001204' }, { name: 'server!main+0x8' }],
    });
    assert.deepEqual(
      placed.map(({ verified }) => verified),
      [true, true],
    );
    assert.deepEqual(
      [...engine.armed.values()].map((site) => site.address),
      [0x50001204n, 0x50001108n],
    );
  });

  it('on patterns say how many sites they have, and at no line', async () => {
    const [functions, lines] = await breakpoints.setOnFunctions({
      breakpoints: [{ name: 'ma*' }, { name: 'server.c:*', condition: '1' }],
    });
    assert.deepEqual(functions, { id: 1, verified: true, message: '1 site' });
    assert.deepEqual(lines, { id: 2, verified: true, message: '3 sites' });
    const [none] = await breakpoints.setOnFunctions({ breakpoints: [{ name: 'lost*' }] });
    assert.deepEqual([none?.verified, none?.reason], [false, 'pending']);
    assert.match(none?.message ?? '', /no function of a loaded module matches lost\*/);
  });
});
