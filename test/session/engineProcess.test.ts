import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SidestepError } from '../../src/base/errors';
import { encodeJson } from '../../src/contract/frames';
import { EngineProcess } from '../../src/session/engine/engineProcess';

/** A program that is spoken to as an engine is. `reply(id)` writes an answer. */
const frame = (message: unknown) => `Buffer.from('${Buffer.from(encodeJson(message)).toString('base64')}', 'base64')`;
const write = (message: unknown) => `require('node:fs').writeSync(1, ${frame(message)});`;

describe('engine process', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-engine-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const start = (program: string) => {
    const script = join(directory, 'engine.js');
    writeFileSync(script, program);
    return EngineProcess.start({ script, terminal: 'detached', stdio: ['ignore', 'pipe', 'ignore'] });
  };

  const gone = (engine: EngineProcess) =>
    new Promise<string>((resolve) => engine.onGone(({ reason }) => resolve(reason)));

  it('answers requests by their number, in whatever order', async () => {
    const engine = start(`
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
    const engine = start(`process.stdin.once('data', () => { ${write({ response: { id: 1, failure } })} });`);
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
  });

  it('passes on what the engine tells unasked', async () => {
    const engine = start(write({ notice: { event: 'ready', enginePid: 1 } }));
    assert.deepEqual(await new Promise((resolve) => engine.onEvent(resolve)), { event: 'ready', enginePid: 1 });
    await gone(engine);
  });

  it('rejects everything when it is gone, with its last words', async () => {
    const engine = start(`process.stdin.once('data', () => { console.error('out of luck'); process.exit(3); });`);
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
