/**
 * The editor's terminal where Yama lets only its parents, and a process that it names, trace a process
 * (Documentation/admin-guide/LSM/Yama.rst).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { until } from '../until';
import { buildFixture } from '../fixtures/build';
import { DapClient } from './dapClient';
import { needsRoot } from '../skip';

const workers = buildFixture('workers.c');
const confine = buildFixture('engine/confine.c');

const PRCTL = 157;
const PR_SET_PTRACER = 0x59616d61;
/** An errno that prctl(2) never gives. */
const EXDEV = 18;

/** In a mount namespace where the kernel seems to have Yama with this scope. */
function underYama(scope: number): string[] {
  const directory = '/proc/sys/kernel';
  const script = `mount -t tmpfs none ${directory} && mkdir ${directory}/yama && echo ${scope} > ${directory}/yama/ptrace_scope && exec "$@"`;
  return ['unshare', '--mount', '/bin/sh', '-c', script, 'sh'];
}

describe('debug adapter under Yama', () => {
  let client: DapClient;

  before(function () {
    needsRoot(this);
  });

  afterEach(() => client.close());

  /**
   * Launches in a terminal whose system calls under a rule fail; what the terminal shows, and the command that it was
   * given.
   */
  async function launch(scope: number, ruleFor: (command: readonly string[]) => readonly string[]) {
    client = new DapClient([], underYama(scope));
    const terminal = { shown: '', command: [] as readonly string[] };
    client.onReverse('runInTerminal', (args) => {
      const { args: command, cwd } = args as { args: string[]; cwd: string };
      terminal.command = command;
      const child = spawn(confine.path, [...ruleFor(command), '--', ...command], { cwd });
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (terminal.shown += chunk.toString()));
      return { shellProcessId: child.pid };
    });
    const configuration = { program: workers.path, args: ['1', '2'], console: 'integratedTerminal' };
    await client.start('launch', configuration, () =>
      client.setBreakpoints(workers.source, [{ line: workers.line('return'), logMessage: 'n={n}' }]),
    );
    assert.equal((await client.event('exited'))['exitCode'], 3);
    assert.match(client.output('console'), /^n=0\nn=1\n/);
    await until('the end of the program', () => terminal.shown.includes('total'));
    return terminal;
  }

  it('lets the program in the terminal name the engine', async () => {
    let tracer = '';
    const { shown } = await launch(1, (command) => {
      tracer = command[command.findIndex((word) => word.includes('0x59616d61')) + 1]!;
      assert.match(readFileSync(`/proc/${tracer}/cmdline`, 'latin1'), /engine\.js/);
      return [`${PRCTL}:${EXDEV}:0:0xffffffff:${PR_SET_PTRACER}:1:0xffffffff:${tracer}`];
    });
    assert.equal(shown, 'PR_SET_PTRACER: Invalid cross-device link\ncalls 2, total 2\n');
  });

  it('does nothing of that where it is not needed', async () => {
    const { shown, command } = await launch(0, () => [`${PRCTL}:${EXDEV}:0:0xffffffff:${PR_SET_PTRACER}`]);
    assert.equal(shown, 'calls 2, total 2\n');
    assert.equal(command[0], '/bin/sh');
  });
});
