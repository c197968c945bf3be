/** The engine is killed, at whatever moment: status 2, one line, and nothing has run without its probes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fixture, marked, Running } from './commandLine';
import { until } from '../until';

/** Enough to be killed among. */
const PROBES = Array.from({ length: 40 }, () => [
  '-p',
  `log ${marked('ends', 'passed')} if number == 0xffffffffffffffff`,
]).flat();

interface Relative {
  readonly pid: number;
  readonly command: string;
}

function childrenOf(pid: number): Relative[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((tid) => readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1').split(' '))
      .filter((child) => child !== '')
      .map((child) => ({ pid: Number(child), command: readFileSync(`/proc/${child}/cmdline`, 'latin1') }));
  } catch {
    return []; // gone meanwhile
  }
}

const engineOf = (running: Running): Relative | undefined =>
  childrenOf(running.pid).find(({ command }) => command.includes('engine.js'));

describe('an engine that is killed', () => {
  let ends = '';

  before(() => {
    ends = fixture('ends');
  });

  const run = (...args: readonly string[]): Running => new Running(['run', ...PROBES, '--', ends, ...args]);

  async function engineIsKilled(running: Running, isTime: (engine: Relative) => boolean): Promise<void> {
    await until('the engine', () => {
      const engine = engineOf(running);
      if (engine === undefined || !isTime(engine)) return false;
      process.kill(engine.pid, 'SIGKILL');
      return true;
    });
  }

  async function endsWithOneLine(running: Running): Promise<string> {
    const { status, stdout, stderr } = await running.outcome();
    assert.match(stderr, /(?:^|\n)sidestep: the engine is gone: [^\n]*\n$/);
    assert.doesNotMatch(stderr, /\n +at |bug in Sidestep/);
    assert.equal(status, 2);
    return stdout;
  }

  it('before it has launched anything', async () => {
    const running = run();
    await engineIsKilled(running, () => true);
    assert.equal(await endsWithOneLine(running), '');
  });

  it('while the program is held and its probes are set', async () => {
    const running = run();
    await engineIsKilled(running, ({ pid }) => childrenOf(pid).some(({ command }) => command.startsWith(ends)));
    assert.equal(await endsWithOneLine(running), '');
  });

  it('while the program runs', async () => {
    const running = run('0', '2000000000');
    await running.untilStdout(/begun/);
    const engine = engineOf(running);
    assert.ok(engine);
    const program = childrenOf(engine.pid).find(({ command }) => command.startsWith(ends));
    assert.ok(program);
    process.kill(engine.pid, 'SIGKILL');
    await running.untilStderr(/the engine is gone/);
    // It lives on, and has sidestep's own streams.
    process.kill(program.pid, 'SIGKILL');
    await endsWithOneLine(running);
  });

  it('while it traces a program that it has attached to', async () => {
    const program = spawn(ends, ['0', '2000000000'], { stdio: 'ignore' });
    try {
      const running = new Running(['attach', String(program.pid), '-p', `log ${marked('ends', 'passed')} "passes"`]);
      await until('a hit', () => (running.stdout + running.stderr).includes('passes'));
      await engineIsKilled(running, () => true);
      await endsWithOneLine(running);
    } finally {
      program.kill('SIGKILL');
    }
  });
});
