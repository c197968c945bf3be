/** The engine as root by the machine's own sudo, while sidestep and the program are an unprivileged user's. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from '../engine/program';
import { Target } from '../engine/target';
import { AS_USER, asUserWhoMaySudo, type SudoRule, USER } from '../fixtures/sudoers';
import { assertUntouched, isUntouched, parseJsonLines, Running, sidestep } from './commandLine';
import { until } from '../until';
import { needsRoot } from '../skip';

const CALLS = 1000;

const identity = program('identity.c');

describe('sidestep --elevate', () => {
  let directory: string;
  /** A copy of the program that the user may read, wherever this one lies. */
  let copy: string;

  before(function () {
    needsRoot(this);
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
    chmodSync(directory, 0o755);
    copy = join(directory, 'identity');
    copyFileSync(identity.path, copy);
  });

  after(() => {
    if (directory) rmSync(directory, { recursive: true });
  });

  afterEach(() => Target.killAll());

  const through = (rule: SudoRule) => ({ cwd: directory, through: asUserWhoMaySudo(rule, directory) });

  /** The program, root's and protected, as it waits. */
  const startForeign = (): Promise<Target> => Target.start(copy, [`${CALLS}`, 'protected']);

  const isProbed = (target: Target): boolean =>
    target.memory(target.address(copy, identity.offset('work')), 1) === 'cc';

  it('sudo: attaches to another user’s process', async () => {
    const target = await startForeign();
    const options = ['attach', '--format', 'json', '-p', 'count work', `${target.pid}`];
    const refused = await sidestep(options, through('without a password'));
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /belongs to user 0, Sidestep runs as user 65534\n.*--elevate sudo/);
    const elevated = new Running([...options.slice(0, 1), '--elevate', 'sudo', ...options.slice(1)], {
      ...through('without a password'),
    });
    await until('the probe', () => isProbed(target));
    target.begin();
    const { status, stderr } = await elevated.outcome();
    assert.equal(status, 0, stderr);
    assert.equal(parseJsonLines(stderr).summary.probes[0]?.hits, CALLS);
  });

  it('sudo: takes the probes out when sidestep is killed', async () => {
    const target = await startForeign();
    const elevated = new Running(
      ['attach', '--elevate', 'sudo', '-p', 'count work', `${target.pid}`],
      through('without a password'),
    );
    await until('the probe', () => isProbed(target));
    elevated.kill('SIGKILL');
    await until('the end of the probe', () => isUntouched(target.pid));
    assertUntouched(target.pid);
    target.begin();
    assert.equal((await target.end()).code, 5);
  });

  it('sudo: runs a program with everything that it has of its creator', async () => {
    const group = String(USER.id - 1);
    const asMember = AS_USER.map((word) => (word === '--clear-groups' ? `--groups=${group}` : word));
    // The user's umask and limits are not those of this process, nor root's.
    const peculiar = ['prlimit', '--core=4096:4096', '/bin/sh', '-c', 'umask 027; exec "$@"', 'sh'];
    const environment = ['env', '-i', 'PATH=/usr/bin:/bin', 'LANG=C', 'PECULIAR=a b'];
    const mine = [...asMember, ...environment, ...peculiar];
    const plain = spawnSync(mine[0]!, [...mine.slice(1), copy, `${CALLS}`], { cwd: directory, encoding: 'utf8' });
    assert.match(plain.stdout, /^user 65534 65534 65534\n.*\nalso 65533\numask 27\ncores 4096\n/m);
    const sudoer = asUserWhoMaySudo('without a password', directory).slice(0, -AS_USER.length);
    const options = ['run', '--elevate', 'sudo', '--format', 'json', '-o', join(directory, 'hits')];
    writeFileSync(join(directory, 'hits'), '');
    chmodSync(join(directory, 'hits'), 0o666);
    const { status, stdout, stderr } = await sidestep([...options, '-p', 'count work', '--', copy, `${CALLS}`], {
      cwd: directory,
      through: [...sudoer, ...mine],
    });
    assert.equal(status, 5, stderr);
    assert.equal(stdout, plain.stdout);
    assert.equal(stderr, '');
  });

  it('sudo: says that it wants a password, where it can get none', async () => {
    const options = ['run', '--elevate', 'sudo', '-p', 'count work', '--', copy, '1'];
    const { status, stdout, stderr } = await sidestep(options, through('with a password'));
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^sidestep: sudo did not start the engine as root: .* no terminal to type it in\n.*pkexec/);
  });

  it('sudo: takes the password of the program that SUDO_ASKPASS names', async () => {
    const askpass = join(directory, 'askpass');
    writeFileSync(askpass, '#!/bin/sh\necho asked >> "$0.log"\necho no such password\n', { mode: 0o755 });
    writeFileSync(`${askpass}.log`, '');
    chmodSync(`${askpass}.log`, 0o666);
    const options = ['run', '--elevate', 'sudo', '-p', 'count work', '--', copy, '1'];
    const { cwd, through: user } = through('with a password');
    const { status, stderr } = await sidestep(options, { cwd, through: [...user, 'env', `SUDO_ASKPASS=${askpass}`] });
    assert.equal(status, 2);
    assert.match(stderr, /the password was not accepted/);
  });

  it('pkexec: is called with the engine’s whole command', async () => {
    const bin = join(directory, 'bin');
    spawnSync('mkdir', ['-p', bin]);
    writeFileSync(join(bin, 'pkexec'), '#!/bin/sh\nexec sudo -n -- "$@"\n', { mode: 0o755 });
    const { cwd, through: user } = through('without a password');
    const options = ['run', '--elevate', 'pkexec', '--format', 'json', '-p', 'count work', '--', copy, `${CALLS}`];
    const { status, stderr } = await sidestep(options, {
      cwd,
      through: [...user, 'env', `PATH=${bin}:/usr/bin:/bin`],
    });
    assert.equal(status, 5, stderr);
    assert.equal(parseJsonLines(stderr).summary.probes[0]?.hits, CALLS);
  });
});
