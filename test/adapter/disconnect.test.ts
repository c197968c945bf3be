/** The end of a session at bad moments: `disconnect` is answered, and nothing is left behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFixture } from '../fixtures/build';
import { until } from '../until';
import { DapClient } from './dapClient';

const workers = buildFixture('workers.c', { flags: ['-O1', '-pthread'] });

/** Prints as long as its pipe has a reader. */
const PRINTS_ON = "setInterval(() => console.log('on'), 50); process.stdout.on('error', () => process.exit());";

/** The engine that an adapter has started. */
function engineOf(adapter: number): number {
  const children = readFileSync(`/proc/${adapter}/task/${adapter}/children`, 'latin1').trim().split(' ');
  const engine = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('engine.js'));
  return Number(engine);
}

describe('disconnect', () => {
  let temporary: string;
  let client: DapClient;

  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'sidestep-disconnect-'));
    client = new DapClient([], ['env', `TMPDIR=${temporary}`]);
  });

  afterEach(async () => {
    await client.close();
    rmSync(temporary, { recursive: true });
  });

  const left = (): string[] => readdirSync(temporary).filter((name) => name.startsWith('sidestep-'));

  /** Launches in a terminal that never runs anything; resolves, with the launch, when the adapter waits for it. */
  async function waitForTerminal(): Promise<{ readonly launched: ReturnType<DapClient['askAnyway']> }> {
    let found: string[] = [];
    client.onReverse('runInTerminal', () => {
      found = left();
      return {};
    });
    await client.initialize();
    const launched = client.askAnyway('launch', { program: workers.path, console: 'integratedTerminal' });
    await until('the terminal', () => found.length > 0);
    return { launched };
  }

  describe('where the engine was killed', () => {
    /** The program lives on: only it has its streams, and it ends when the adapter's end of them is closed. */
    const launchAndKill = async (): Promise<void> => {
      await client.start('launch', { program: process.execPath, args: ['-e', PRINTS_ON] }, () =>
        client.setFunctionBreakpoints(),
      );
      await client.until(() => client.output('stdout').includes('on'));
      process.kill(engineOf(client.pid), 'SIGKILL');
    };

    it('is answered', async () => {
      await launchAndKill();
      await client.ask('disconnect');
      await client.event('terminated');
    });

    it('is not waited for: the session ends by itself, while the program lives on', async () => {
      await launchAndKill();
      await client.event('terminated');
      assert.match(client.output('stderr'), /^The engine is gone: it was ended by SIGKILL\n$/);
      const { systemProcessId } = await client.event('process');
      process.kill(systemProcessId as number, 0);
      await client.ask('disconnect');
    });

    it('is answered where the program was attached to', async () => {
      const sleeper = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' });
      try {
        await client.start('attach', { pid: sleeper.pid }, () => client.setFunctionBreakpoints());
        process.kill(engineOf(client.pid), 'SIGKILL');
        await client.event('terminated');
        await client.ask('disconnect');
        assert.equal(sleeper.exitCode ?? sleeper.signalCode, null);
      } finally {
        sleeper.kill('SIGKILL');
      }
    });
  });

  it('is answered while a launch waits for the terminal, which it ends', async () => {
    const { launched } = await waitForTerminal();
    await client.ask('disconnect');
    const { success, message } = await launched;
    assert.equal(success, false);
    assert.match(message ?? '', /ended before the program started/);
    assert.deepEqual(left(), []);
  });

  it('leaves nothing behind where the editor goes while the terminal is waited for', async () => {
    await waitForTerminal();
    await client.close();
    assert.deepEqual(left(), []);
  });

  it('leaves nothing behind where the terminal has run the program', async () => {
    client.onReverse('runInTerminal', (args) => {
      const { args: command, cwd } = args as { args: string[]; cwd: string };
      return { shellProcessId: spawn(command[0]!, command.slice(1), { cwd, stdio: 'ignore' }).pid };
    });
    await client.start('launch', { program: workers.path, console: 'integratedTerminal' }, () =>
      client.setFunctionBreakpoints(),
    );
    await client.event('terminated');
    assert.deepEqual(left(), []);
  });
});
