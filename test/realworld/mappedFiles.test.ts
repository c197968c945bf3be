/**
 * Whose symbols are used: those of the file that a process has mapped, not of the one that has its name by now, or has
 * it here.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseProbe } from '../../src/language/probes/parse';
import { startEngine } from '../../src/session/engine/startEngine';
import { Session } from '../../src/session/session';
import { ROOT, sidestep } from '../cli/commandLine';
import { Target } from '../engine/target';
import { buildFixture } from '../fixtures/build';
import { AS_USER, asUserWhoMaySudo } from '../fixtures/sudoers';
import { needsRoot } from '../skip';

const FLAGS = ['-O1', '-fno-inline'];
const LIBRARY = ['-shared', '-fPIC', '-DLIBRARY'];
const PROBE = 'log work "{x}"';
const FIVE = ['1', '2', '3', '4', '5'];

const build = (version: number, ...flags: readonly string[]): string =>
  buildFixture('rebuilt.c', { flags: [...FLAGS, `-DVERSION=${version}`, ...flags] }).path;

describe('files that are mapped', () => {
  let directory: string;
  let path: string;
  let session: Session | undefined;

  before(function () {
    needsRoot(this);
  });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
    chmodSync(directory, 0o755);
    path = join(directory, 'program');
    put(build(1), path);
  });

  afterEach(() => {
    session?.dispose();
    session = undefined;
    Target.killAll();
    if (directory) rmSync(directory, { recursive: true });
  });

  /** As a build does it: what has the file in use keeps the old one. */
  function put(from: string, to: string): void {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  }

  /** Attaches, lets the program make its calls, and gives what was logged. */
  async function logged(target: Target, pid = target.pid): Promise<readonly string[]> {
    session = new Session(startEngine({ script: join(ROOT, 'dist', 'engine.js'), terminal: 'detached' }));
    const messages: string[] = [];
    session.onHit(({ message }) => messages.push(message));
    await session.attach(pid);
    const probe = await session.addProbe(parseProbe(PROBE));
    assert.equal(probe.state, 'armed', probe.reason);
    target.begin();
    assert.equal((await target.end()).output, '20');
    await session.removeProbe(probe);
    return messages;
  }

  it('and were replaced by a rebuild: those of the old program', async () => {
    const target = await Target.start(path, []);
    put(build(2), path);
    assert.deepEqual(await logged(target), FIVE);
    assert.ok(readFileSync(path).equals(readFileSync(build(2))));
  });

  it('and were deleted: those of what was there', async () => {
    const target = await Target.start(path, []);
    unlinkSync(path);
    assert.deepEqual(await logged(target), FIVE);
  });

  describe('as a library', () => {
    let library: string;

    beforeEach(() => {
      library = join(directory, 'librebuilt.so');
      put(build(1, ...LIBRARY), library);
      execFileSync('gcc', [
        ...FLAGS,
        '-DCALLER',
        join(__dirname, '../fixtures/rebuilt.c'),
        '-o',
        path,
        library,
        `-Wl,-rpath,${directory}`,
      ]);
    });

    it('and were replaced by a rebuild: those of the old library', async () => {
      const target = await Target.start(path, []);
      put(build(2, ...LIBRARY), library);
      assert.deepEqual(await logged(target), FIVE);
    });

    it('and were replaced, for a user who may not look at the old one: none, and why', async () => {
      const target = await Target.start(AS_USER[0], [...AS_USER.slice(1), path]);
      put(build(2, ...LIBRARY), library);
      const { status, stderr } = await sidestep(['attach', '-p', PROBE, `${target.pid}`], { through: AS_USER });
      assert.equal(status, 2, stderr);
      assert.match(stderr, /librebuilt\.so was deleted or replaced after the process \d+ mapped it/);
      target.begin();
      assert.equal((await target.end()).output, '20');
    });
  });

  describe('in a mount namespace where another program has the name', () => {
    let asContainer: readonly string[];

    beforeEach(() => {
      const inside = join(directory, 'inside');
      put(build(1), inside);
      put(build(2), path);
      asContainer = ['--mount', '/bin/sh', '-c', 'mount --bind "$0" "$1" && exec "$1"', inside, path];
    });

    it('those of the program in there', async () => {
      const target = await Target.start('unshare', asContainer);
      assert.deepEqual(await logged(target), FIVE);
    });

    it('for a user who may not look into it: none, and why', async () => {
      const target = await Target.start('unshare', asContainer);
      const through = asUserWhoMaySudo('without a password', directory);
      const args = ['attach', '--elevate', 'sudo', '-p', PROBE, `${target.pid}`];
      const { status, stderr } = await sidestep(args, { through });
      assert.equal(status, 2, stderr);
      assert.match(stderr, /program, mapped at 0x\w+, can't be found/);
      target.begin();
      assert.equal((await target.end()).output, '20');
    });
  });
});
