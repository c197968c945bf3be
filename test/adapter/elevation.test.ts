/**
 * The engine as root, while the adapter is an unprivileged user's: the editor's terminal is where sudo's password is
 * typed.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFixture } from '../fixtures/build';
import { until } from '../until';
import { asUserWhoMaySudo } from '../fixtures/sudoers';
import { DapClient } from './dapClient';
import { needsRoot } from '../skip';

const workers = buildFixture('workers.c');

/** As /proc shows it to any user. */
function isNamedOnACommandLine(text: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });
}

/** Where it has no terminal, it refuses as sudo does; in one it is satisfied. */
const SUDO = `#!/bin/sh
if [ "$1" = -n ]; then echo 'sudo: a password is required' >&2; exit 1; fi
exec /usr/bin/sudo -n "$@"
`;

describe('debug adapter with "elevate": "sudo"', () => {
  let directory: string;
  let copy: string;
  let client: DapClient;
  let terminal: ChildProcess | undefined;

  before(function () {
    needsRoot(this);
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
    chmodSync(directory, 0o755);
    copy = join(directory, 'workers');
    copyFileSync(workers.path, copy);
    writeFileSync(join(directory, 'sudo'), SUDO, { mode: 0o755 });
  });

  after(() => {
    if (directory) rmSync(directory, { recursive: true });
  });

  beforeEach(() => {
    const user = asUserWhoMaySudo('without a password', directory);
    client = new DapClient([], [...user, 'env', `PATH=${directory}:/usr/bin:/bin`]);
    terminal = undefined;
  });

  afterEach(async () => {
    await client.close();
    terminal?.kill();
  });

  /** The user's terminal, as the editor opens it. */
  function answerWithTerminal(isClosed: boolean): void {
    client.onReverse('runInTerminal', (args) => {
      const { args: command } = args as { args: string[] };
      const [first, ...rest] = isClosed ? ['/bin/sh', '-c', `echo 1 > "${command[3]!}/status"`] : command;
      const user = asUserWhoMaySudo('without a password', directory);
      terminal = spawn(user[0]!, [...user.slice(1), first!, ...rest], {
        env: { ...process.env, PATH: `${directory}:/usr/bin:/bin` },
        stdio: 'ignore',
      });
      return { shellProcessId: terminal.pid };
    });
  }

  it('launches the program as the user, and shows what it prints', async () => {
    answerWithTerminal(false);
    const placed = await client.start('launch', { program: copy, args: ['2', '10'], elevate: 'sudo' }, () =>
      client.setBreakpoints(workers.source, [{ line: workers.line('return'), logMessage: 'n={n}' }]),
    );
    assert.deepEqual(
      placed.map(({ verified }) => verified),
      [true],
    );
    assert.equal((await client.event('exited'))['exitCode'], 3);
    assert.equal(client.output('stdout'), 'calls 20, total 190\n');
    assert.match(client.output('console'), /workers\.c:\d+: 20 hits/);
  });

  it('attaches to a process of root', async () => {
    answerWithTerminal(false);
    const target = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' });
    try {
      await client.start('attach', { pid: target.pid, elevate: 'sudo' }, () => client.setFunctionBreakpoints());
      await client.ask('disconnect');
      assert.equal(target.exitCode, null);
    } finally {
      target.kill();
      await once(target, 'exit');
    }
  });

  it('says so when the terminal is closed', async () => {
    answerWithTerminal(true);
    await client.initialize();
    const refusal = await client.askAnyway('launch', { program: copy, elevate: 'sudo' });
    assert.match(refusal.message ?? '', /sudo did not start the engine as root/);
  });

  it('ends the terminal that asks for a password when the session is given up, and leaves nothing', async () => {
    const user = asUserWhoMaySudo('with a password', directory);
    await client.close();
    const asking = join(directory, 'asking');
    mkdirSync(asking, { recursive: true });
    writeFileSync(
      join(asking, 'sudo'),
      `#!/bin/sh\nif [ "$1" = -n ]; then echo 'sudo: a password is required' >&2; exit 1; fi\nexec /usr/bin/sudo "$@"\n`,
      { mode: 0o755 },
    );
    const path = `PATH=${asking}:/usr/bin:/bin`;
    client = new DapClient([], [...user, 'env', path]);
    let meeting = '';
    let screen = '';
    client.onReverse('runInTerminal', (args) => {
      const { args: command } = args as { args: string[] };
      meeting = command[3]!;
      const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
      const typed = ['script', '-qec', quoted, '/dev/null'];
      terminal = spawn(user[0]!, [...user.slice(1), 'env', path, ...typed], { stdio: ['pipe', 'pipe', 'ignore'] });
      terminal.stdout!.on('data', (chunk: Buffer) => (screen += chunk.toString()));
      return { shellProcessId: terminal.pid };
    });
    await client.initialize();
    const attached = client.askAnyway('attach', { pid: process.pid, elevate: 'sudo' });
    await until('the prompt', () => /password for nobody/.test(screen));
    await client.ask('disconnect');
    assert.equal((await attached).success, false);
    await until('the end of sudo', () => !isNamedOnACommandLine(meeting));
    await until('the end of the directory', () => !existsSync(meeting));
  });

  it('says so where the editor has no terminal', async () => {
    await client.initialize();
    const refusal = await client.askAnyway('launch', { program: copy, elevate: 'sudo' });
    assert.match(refusal.message ?? '', /no terminal to type it in.*SUDO_ASKPASS/);
  });

  it('refuses another way', async () => {
    await client.initialize();
    const refusal = await client.askAnyway('launch', { program: copy, elevate: 'su' });
    assert.match(refusal.message ?? '', /"elevate" must be one of none, sudo, pkexec/);
  });
});
