import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SidestepError } from '../../../src/base/errors';
import { encodeJson } from '../../../src/contract/frames';
import { CONTRACT_VERSION } from '../../../src/contract/engineCapabilities';
import { type Engine } from '../../../src/session/engine/engine';
import { startEngine } from '../../../src/session/engine/startEngine';

/** A program that is spoken to as an engine is. `reply(id)` writes an answer. */
const frame = (message: unknown) => `Buffer.from('${Buffer.from(encodeJson(message)).toString('base64')}', 'base64')`;
const write = (message: unknown) => `require('node:fs').writeSync(1, ${frame(message)});`;

const READY = {
  event: 'ready',
  contract: CONTRACT_VERSION,
  enginePid: 1,
  capabilities: {
    kind: 'ptrace',
    follow: ['none'],
    onHit: ['report', 'count'],
    captures: ['general'],
    executions: ['emulated'],
    isRoot: false,
  },
} as const;
const sayReady = write({ notice: READY });

describe('engine process', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-engine-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const start = (program: string) => {
    const script = join(directory, 'engine.js');
    writeFileSync(script, program);
    return startEngine({ script, terminal: 'detached', stdio: ['ignore', 'pipe', 'ignore'] });
  };

  const gone = (engine: Engine) => new Promise<string>((resolve) => engine.onGone(({ reason }) => resolve(reason)));

  it('answers requests by their number, in whatever order', async () => {
    const engine = start(`
      ${sayReady}
      process.stdin.once('data', () => {
        ${write({ response: { id: 2, result: { pid: 20 } } })}
        ${write({ response: { id: 1, result: { pid: 10, tids: [10n] } } })}
      });`);
    const first = engine.request('attach', { pid: 10 });
    const second = engine.request('attach', { pid: 20 });
    assert.deepEqual(await Promise.all([first, second]), [{ pid: 10, tids: [10n] }, { pid: 20 }]);
    engine.dispose();
    await gone(engine);
  });

  it('rejects with what the engine says', async () => {
    const failure = { code: 'attach-refused', message: 'not yours', advice: 'be root' };
    const engine = start(`
      ${sayReady}
      process.stdin.once('data', () => { ${write({ response: { id: 1, failure } })} });`);
    await assert.rejects(engine.request('attach', { pid: 1 }), (error: SidestepError) => {
      assert.equal(error.code, 'attach-refused');
      assert.equal(error.advice, 'be root');
      return true;
    });
    engine.dispose();
    await gone(engine);
  });

  it('rejects with why the engine could not start', async () => {
    const failed = { code: 'attach-refused', message: 'a filter forbids it', advice: 'lift it' };
    const engine = start(`${write({ failed })} process.exit(1);`);
    const refused = (error: SidestepError) => error.code === 'attach-refused' && error.advice === 'lift it';
    await assert.rejects(engine.request('attach', { pid: 1 }), refused);
    await assert.rejects(engine.request('attach', { pid: 1 }), refused, 'asked later');
    await assert.rejects(engine.ready, refused, 'waited for');
  });

  it('passes on what the engine tells unasked', async () => {
    const warning = { event: 'warning', message: 'beware' };
    const engine = start(sayReady + write({ notice: warning }));
    const told: unknown[] = [];
    engine.onEvent((event) => told.push(event));
    await gone(engine);
    assert.deepEqual(told, [READY, warning]);
  });

  it('knows what the engine can do, and whether it is there', async () => {
    const engine = start(`${sayReady} process.stdin.resume();`);
    assert.equal(engine.isThere, false);
    assert.deepEqual(await engine.ready, READY);
    assert.equal(engine.isThere, true);
    engine.dispose();
    await gone(engine);
    assert.equal(engine.isThere, false);
  });

  it('is gone when the engine is, though a program that it has started keeps its streams', async () => {
    const engine = start(`
      const { spawn } = require('node:child_process');
      const program = spawn('/bin/sleep', ['1000'], { stdio: ['ignore', 4, 'ignore'] });
      ${sayReady}
      ${write({ notice: { event: 'warning', message: 'last words' } })}
      process.stderr.write(String(program.pid), () => process.kill(process.pid, 'SIGKILL'));`);
    const told: unknown[] = [];
    engine.onEvent((event) => told.push(event.event));
    const request = assert.rejects(engine.request('attach', { pid: 1 }), { code: 'engine-gone' });
    const [, program] = /^it was ended by SIGKILL: (\d+)$/.exec(await gone(engine)) ?? [];
    await request;
    assert.deepEqual(told, ['ready', 'warning']);
    process.kill(Number(program), 'SIGKILL');
  });

  describe('refuses an engine', () => {
    const cases: readonly (readonly [string, unknown, RegExp])[] = [
      ['of another contract', { notice: { ...READY, contract: 99 } }, /another build .*version 99 .*this build has/],
      ['that names no contract', { notice: { ...READY, contract: undefined } }, /another build .*names no version/],
      [
        'that does not say what it can do',
        { notice: { ...READY, capabilities: undefined } },
        /first message\.capabilities must be an object/,
      ],
      [
        'with a capability that nobody knows',
        { notice: { ...READY, capabilities: { ...READY.capabilities, onHit: ['explode'] } } },
        /capabilities\.onHit\[0\] must be "report" or .*not "explode"/,
      ],
      ['that answers before it is ready', { response: { id: 1, result: {} } }, /did not say what it is/],
      ['that warns before it is ready', { notice: { event: 'warning', message: 'x' } }, /did not say what it is/],
    ];
    for (const [what, message, reason] of cases) {
      it(`${what}, and closes its command pipe`, async () => {
        const engine = start(`
          ${write(message)}
          ${write({ response: { id: 1, result: { pid: 5 } } })}
          process.stdin.resume();`);
        const told: unknown[] = [];
        engine.onEvent((event) => told.push(event));
        await assert.rejects(engine.request('attach', { pid: 5 }), { code: 'engine-protocol', message: reason });
        await assert.rejects(engine.ready, { code: 'engine-protocol', message: reason });
        await assert.rejects(engine.request('counts', {}), { code: 'engine-protocol' }, 'asked later');
        assert.match(await gone(engine), reason);
        assert.deepEqual(told, []);
      });
    }
  });

  it('rejects everything when it is gone, with its last words', async () => {
    const engine = start(`
      ${sayReady}
      process.stdin.once('data', () => { console.error('out of luck'); process.exit(3); });`);
    const request = engine.request('counts', {});
    await assert.rejects(request, { code: 'engine-gone', message: /status 3: out of luck/ });
    await assert.rejects(engine.request('counts', {}), { code: 'engine-gone' });
  });

  it('is gone when what it says can not be understood', async () => {
    const engine = start(`process.stdin.resume(); console.log('this is not a frame at all');`);
    assert.match(await gone(engine), /broken frame/);
  });

  it('ends when it is disposed: its command pipe closes', async () => {
    const engine = start(`process.stdin.resume();`);
    const end = gone(engine);
    engine.dispose();
    assert.equal(await end, 'it ended with status 0');
  });

  it('gives the debuggee streams that are not its own', async () => {
    const engine = start(`require('node:fs').writeSync(4, 'from the debuggee');`);
    let text = '';
    engine.debuggee.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await gone(engine);
    assert.equal(text, 'from the debuggee');
    assert.equal(engine.debuggee.stderr, undefined);
  });
});
