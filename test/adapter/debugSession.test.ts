import assert from 'node:assert/strict';
import { type Client } from '../../src/adapter/protocol/connection';
import { DebugSession } from '../../src/adapter/debugSession';
import { SidestepError } from '../../src/base/errors';
import { type EngineOptions } from '../../src/session/engine/startEngine';
import { FakeEngine, PID } from '../session/fakeEngine';

describe('a debug session', () => {
  let engine: FakeEngine;
  let session: DebugSession;
  /** How engines were started. */
  let started: EngineOptions[];
  let events: { event: string; body: unknown }[];

  beforeEach(() => {
    engine = new FakeEngine();
    started = [];
    events = [];
    const client: Client = {
      emit: (event, body) => events.push({ event, body }),
      runInTerminal: () => Promise.reject(new Error('no terminal')),
    };
    session = new DebugSession(client, undefined, (options) => {
      started.push(options);
      return engine;
    });
  });

  afterEach(() => session.dispose());

  const attach = async () => {
    const attached = session.handlers.attach({ pid: PID });
    await session.handlers.configurationDone(undefined);
    await attached;
  };
  const told = (event: string) => events.filter((one) => one.event === event).map(({ body }) => body);
  const output = () => told('output').map((body) => (body as { output: string }).output);

  it('starts one engine, as this user and away from the terminal, and works with whatever it is given', async () => {
    await attach();
    assert.deepEqual(
      started.map(({ terminal, elevation }) => [terminal, elevation]),
      [['detached', undefined]],
    );
    assert.deepEqual(engine.askedFor('attach'), [{ pid: PID, follow: 'none', asLaunched: false }]);
    assert.deepEqual(told('initialized'), [undefined]);
    await assert.rejects(Promise.resolve(session.handlers.attach({ pid: PID })), { code: 'bad-option' });
    assert.equal(started.length, 1);
  });

  it('shows what the engine warns of, once', async () => {
    await attach();
    for (let times = 0; times < 2; times++) engine.say({ event: 'warning', message: 'the program is odd' });
    assert.deepEqual(output(), ['the program is odd\n']);
  });

  it('lets go of the program at the end, before its engine ends', async () => {
    await attach();
    await session.handlers.disconnect({});
    assert.deepEqual(engine.asked.at(-1), { kind: 'counts', arguments: {} });
    assert.deepEqual(engine.askedFor('detach'), [{ pid: PID }]);
    assert.equal(engine.disposed, true);
    assert.deepEqual(told('terminated'), [undefined]);
  });

  it('says that the engine is gone, and why, and is over', async () => {
    await attach();
    engine.end('it was ended by SIGKILL');
    assert.deepEqual(output(), ['The engine is gone: it was ended by SIGKILL\n']);
  });

  it('answers with why there is no engine', async () => {
    engine.request = () => Promise.reject(new SidestepError('engine-protocol', 'the engine is of another build'));
    await assert.rejects(attach(), { code: 'engine-protocol', message: 'the engine is of another build' });
    assert.equal(engine.disposed, true);
    assert.deepEqual(told('initialized'), []);
  });
});
