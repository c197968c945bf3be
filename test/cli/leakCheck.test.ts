import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { withoutLeakCheck } from '../../src/session/loading/leakCheck';
import { fixture, sidestep } from './commandLine';

const WAYS = {
  'AddressSanitizer, as a library': ['-fsanitize=address'],
  'AddressSanitizer, linked statically': ['-fsanitize=address', '-static-libasan'],
  LeakSanitizer: ['-fsanitize=leak'],
} as const;

describe('a program that checks for leaks when it ends', () => {
  for (const [what, flags] of Object.entries(WAYS)) {
    describe(what, () => {
      let program = '';
      before(() => (program = fixture('leaks', flags)));

      it('ends as it should, with the check turned off and a warning', async () => {
        const { status, stdout, stderr } = await sidestep(['run', '-p', 'count passed', '--', program]);
        assert.deepEqual([status, stdout], [0, 'passed 1\n'], stderr);
        assert.match(stderr, /^sidestep: leaks.* checks for leaks .*LSAN_OPTIONS=detect_leaks=0 turns the check off$/m);
        assert.match(stderr, /^ +1 hit,/m);
        assert.equal(stderr.match(/checks for leaks/g)?.length, 1);
      });

      it('keeps the options that it has, and the check if it is asked for', () => {
        assert.deepEqual(withoutLeakCheck(program, ['LSAN_OPTIONS=verbosity=1']), {
          name: 'LSAN_OPTIONS',
          value: 'verbosity=1:detect_leaks=0',
        });
        for (const name of ['ASAN_OPTIONS', 'LSAN_OPTIONS']) {
          assert.equal(withoutLeakCheck(program, [`${name}=detect_leaks=1`]), undefined);
        }
      });

      it('gets a warning when it is attached to', async () => {
        const target = spawn(program, ['wait'], { stdio: ['pipe', 'pipe', 'ignore'] });
        await once(target.stdout, 'data');
        const args = ['attach', '-p', 'count passed', '--duration', '0.1', String(target.pid)];
        const { status, stderr } = await sidestep(args);
        const closed = once(target, 'close');
        target.stdin.end();
        assert.equal(status, 0, stderr);
        assert.match(stderr, /checks for leaks when it ends .* fails while it is traced/);
        assert.deepEqual(await closed, [0, null]);
      });
    });
  }

  it('is told from others', () => {
    for (const flags of [['-O0'], ['-fsanitize=undefined'], ['-fsanitize=thread']]) {
      assert.equal(withoutLeakCheck(fixture('leaks', flags), []), undefined);
    }
    assert.equal(withoutLeakCheck('/no/such/file', []), undefined);
    assert.equal(withoutLeakCheck('/bin/sh', ['LD_PRELOAD=/usr/lib/liblsan.so.0'])?.value, 'detect_leaks=0');
  });
});
