import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, parseJsonLines, SCRATCH, sidestep } from './commandLine';

function script(name: string, text: string): string {
  const path = join(SCRATCH, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('programs that call exec', () => {
  let program = '';
  before(() => (program = fixture('execs')));

  for (const who of ['leader', 'thread']) {
    it(`again and again, from the ${who}, can be attached to at any moment`, async () => {
      for (let attempt = 0; attempt < 5; attempt++) {
        const target = spawn(program, [who, '-1'], { stdio: 'ignore' });
        try {
          const args = ['attach', '--format', 'json', '-p', 'count passed', '--duration', '0.2', String(target.pid)];
          const { status, stderr } = await sidestep(args);
          assert.equal(status, 0, stderr);
          assert.equal(parseJsonLines(stderr).summary.probes[0]?.sites.length, 1);
        } finally {
          target.kill('SIGKILL');
        }
      }
    });
  }

  it('have all their hits counted', async () => {
    const { status, stdout, stderr } = await sidestep([
      'run',
      '--format',
      'json',
      '-p',
      'count passed',
      '--',
      program,
      'thread',
      '5',
    ]);
    assert.deepEqual([status, stdout], [0, 'done\n']);
    assert.equal(parseJsonLines(stderr).summary.probes[0]?.hits, 6);
  });

  it('are found where a script becomes one of them', async () => {
    const wrapper = script('wrapper', `exec ${program} leader 2`);
    const { status, stdout, stderr } = await sidestep(['run', '-p', 'count passed', '--', wrapper]);
    assert.deepEqual([status, stdout], [0, 'done\n'], stderr);
    assert.match(stderr, /count passed: no loaded module has a function passed; it waits for .*\(exec\)$/m);
    assert.match(stderr, /^ +3 hits/m);
  });

  it('are found in the children that a script starts, or the message says how', async () => {
    const wrapper = script('starter', `${program} leader 0\ntrue`);
    const alone = await sidestep(['run', '-p', 'count passed', '--', wrapper]);
    assert.deepEqual([alone.status, alone.stdout], [2, 'done\n']);
    assert.match(alone.stderr, /--follow children/);
    const followed = await sidestep(['run', '--follow', 'children', '-p', 'count passed', '--', wrapper]);
    assert.deepEqual([followed.status, followed.stdout], [0, 'done\n']);
    assert.match(followed.stderr, /^ +1 hit,/m);
  });
});
