import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, marked, parseJsonLines, SCRATCH, sidestep } from './commandLine';

const PASSED = marked('ends', 'passed');

/** Fails when the program ran: its first act is to print `begun`. */
async function refuses(args: readonly string[], message: RegExp): Promise<void> {
  const { status, stdout, stderr } = await sidestep(args);
  assert.equal(status, 2, stderr);
  assert.match(stderr, message);
  assert.ok(stderr.startsWith('sidestep: '), stderr);
  assert.ok(!stderr.includes('bug in Sidestep'), stderr);
  assert.equal(stdout, '');
}

describe('what can be wrong', () => {
  let ends = '';

  before(() => {
    ends = fixture('ends');
  });

  describe('with the command', () => {
    it('no such command or option', async () => {
      await refuses(['trace'], /there is no command "trace"\nRun sidestep --help/);
      await refuses(['run', '--speed', '--', ends], /--speed[^]*sidestep run --help/);
    });

    it('a probe that is no probe, with a caret below the place', async () => {
      await refuses(['run', '-p', 'trace main', '--', ends], /expected `log` or `count`\n {2}trace main\n {2}\^~~~~\n/);
      await refuses(
        ['run', '-p', `log ${PASSED} "{number +}"`, '--', ends],
        /\n {2}log ends.c:\d+ "\{number \+\}"\n {2} +\^/,
      );
      await refuses(['run', '-p', `log ${PASSED} if number ==`, '--', ends], /\n {2} +\^/);
      await refuses(['run', '-p', `log ${PASSED} hits often`, '--', ends], /not a hit condition/);
    });

    it('a .probes file with a mistake: which line', async () => {
      const file = join(SCRATCH, 'wrong.probes');
      writeFileSync(file, '# fine\ncount main\n\nlog main "{"\n');
      await refuses(['run', '-f', file, '--', ends], /wrong\.probes:4: .*\n {2}log main "\{"\n {2} +\^/);
    });

    it('a file that is not there', async () => {
      await refuses(['run', '-f', '/nowhere.probes', '--', ends], /\/nowhere\.probes can't be read/);
      await refuses(['run', '-o', '/nowhere/out', '-p', 'count main', '--', ends], /\/nowhere\/out can't be written/);
    });
  });

  describe('with the program', () => {
    it('it is not there', async () => {
      await refuses(['run', '-p', 'count main', '--', '/nowhere/program'], /\/nowhere\/program/);
      await refuses(['run', '-p', 'count main', '--', 'no-such-command'], /no-such-command is not in PATH/);
    });

    it('it is not executable', async () => {
      const file = join(SCRATCH, 'data');
      writeFileSync(file, 'no program\n');
      chmodSync(file, 0o644);
      await refuses(['run', '-p', 'count main', '--', file], /data/);
      await refuses(['run', '-p', 'count main', '--', SCRATCH], /sidestep: /);
    });

    it('it is executable, but no program', async () => {
      const file = join(SCRATCH, 'garbage');
      writeFileSync(file, '\x7fELFgarbage');
      chmodSync(file, 0o755);
      await refuses(['run', '-p', 'count main', '--', file], /garbage/);
    });
  });

  describe('with the process', () => {
    it('there is none', async () => {
      const gone = spawnSync('true').pid;
      await refuses(['attach', '-p', 'count main', String(gone)], new RegExp(String(gone)));
    });

    it('it is not ours to trace', async () => {
      await refuses(['attach', '-p', 'count main', '2'], /sidestep: /);
      await refuses(['attach', '-p', 'count main', String(process.pid), '--format', 'xml'], /text or json/);
    });
  });

  describe('with the place', () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['a function that is nowhere', 'log passs', /no loaded module has a function passs[^]*Did you mean pass/],
      ['a file that is nowhere', 'log nothing.c:3', /nothing\.c/],
      ['a line behind the last', 'log ends.c:9999', /no code at line 9999/],
      ['a name that is unknown there', `log ${PASSED} "{nummer}"`, /nummer[^]*number/],
      ['an address without code', 'log *0x10', /0x10/],
      ['a module that is not loaded', 'log libnothing!f+0x0', /libnothing/],
    ];
    for (const [what, probe, message] of cases) {
      it(what, async () => {
        const { status, stdout, stderr } = await sidestep(['run', '-p', probe, '--', ends]);
        assert.equal(status, 2, stderr);
        assert.match(stderr, message);
        assert.ok(!stdout.includes('begun'), 'the program does not run without the probe that was asked for');
      });
    }

    it('one instruction that can not be emulated, and why', async () => {
      const refused = fixture('refused', ['-O2']);
      const [file, line] = marked('refused', 'refused').split(':');
      const sites = await sidestep(['sites', refused, `${file ?? ''}:${line ?? ''}`]);
      assert.match(sites.stdout, /fxsave .*refused: /);
    });

    it('no debug information: lines say so, function names work', async () => {
      const bare = fixture('ends', ['-O0', '-g0']);
      await refusesLine(bare);
      const { stderr } = await sidestep(['run', '-p', 'log pass', '--format', 'json', '--', bare, '0', '4']);
      assert.equal(parseJsonLines(stderr.replace(/^sum \d+\n/m, '')).summary.probes[0]?.hits, 4);
    });
  });

  it('leaves no file behind when a probe is wrong', async () => {
    const file = join(SCRATCH, 'never.json');
    rmSync(file, { force: true });
    await refuses(['run', '-p', 'log', '-o', file, '--', ends], /location/);
    assert.ok(!existsSync(file));
  });
});

async function refusesLine(program: string): Promise<void> {
  await refuses(['run', '-p', `log ${PASSED}`, '--', program], /has no debug information[^]*-g/);
}
