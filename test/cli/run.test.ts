import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, type HitLine, isUntouched, marked, parseJsonLines, Running, SCRATCH, sidestep } from './commandLine';
import { until } from '../until';
import { compiled } from '../debuginfo/compile';

const PASSED = marked('ends', 'passed');
const WORKED = marked('busy', 'worked');

describe('sidestep run', () => {
  let ends = '';
  let busy = '';

  before(() => {
    ends = fixture('ends');
    busy = fixture('busy');
  });

  describe('leaves the program as it is', () => {
    it('gives it its own standard streams', async () => {
      const outcome = await sidestep(['run', '-p', 'count read', '--', '/bin/sh', '-c', 'cat; echo problem >&2'], {
        input: 'hello\n',
      });
      assert.equal(outcome.stdout, 'hello\n');
      assert.match(outcome.stderr, /^problem$/m);
    });

    it('gives it its arguments, directory and environment', async () => {
      const { stdout } = await sidestep(['run', '--', 'sh', '-c', 'echo "$0 $1"; pwd; echo $HOME', 'a b', '--json']);
      assert.equal(stdout, `a b --json\n${SCRATCH}\n${process.env['HOME'] ?? ''}\n`);
    });

    for (const status of [0, 1, 3, 255]) {
      it(`ends with its status ${status}`, async () => {
        const outcome = await sidestep(['run', '-p', `count ${PASSED}`, '--', ends, String(status)]);
        assert.equal(outcome.status, status, outcome.stderr);
      });
    }

    it('ends with 128 + the number of the signal that ended it', async () => {
      assert.equal((await sidestep(['run', '-p', `count ${PASSED}`, '--', ends, 'segv'])).status, 128 + 11);
      assert.equal((await sidestep(['run', '-p', `count ${PASSED}`, '--', ends, 'kill'])).status, 128 + 9);
    });

    it('passes SIGTERM on to it', async () => {
      const running = new Running(['run', '-p', `count ${WORKED}`, '--', busy, '2', '1000000', '1000']);
      await running.untilStdout(/begun/);
      running.kill('SIGTERM');
      const { status, stdout } = await running.outcome();
      assert.equal(status, 0);
      assert.match(stdout, /^calls \d+ sum \d+$/m);
    });

    it('leaves Ctrl-C to it, which the terminal sends to all', async () => {
      const running = new Running(['run', '-p', `count ${WORKED}`, '--', busy, '2', '1000000', '1000']);
      await running.untilStdout(/begun/);
      running.killGroup('SIGINT');
      const { status, stdout, stderr } = await running.outcome();
      assert.equal(status, 0);
      assert.match(stdout, /^calls \d+ sum \d+$/m);
      assert.match(stderr, /^1 probe, /m);
    });

    it('lets it run on to its right result when sidestep is killed', async () => {
      const program = [busy, '2', '3000', '100'];
      const running = new Running(['run', '-p', `log ${WORKED}`, '--format', 'json', '--', ...program]);
      await running.untilStderr(/"hit".*\n/);
      const { pid } = JSON.parse(running.stderr.split('\n')[0] ?? '') as HitLine;
      running.kill('SIGKILL');
      // It may have come to its end by then.
      await until('the program to be let go', () => isUntouched(pid) || !existsSync(`/proc/${pid}`));
      await running.closed();
      assert.equal(running.stdout, (await sidestep(['run', '--', ...program])).stdout);
    });
  });

  describe('reports', () => {
    it('every hit as a JSON line, then a summary', async () => {
      const outcome = await sidestep([
        'run',
        '-p',
        `log ${PASSED} "passed {number}"`,
        '--format',
        'json',
        '--',
        ends,
        '7',
        '3',
      ]);
      assert.equal(outcome.status, 7);
      const { hits, summary } = parseJsonLines(outcome.stderr.replace(/^sum \d+\n/m, ''));
      assert.deepEqual(
        hits.map(({ message }) => message),
        ['passed 0', 'passed 1', 'passed 2'],
      );
      const [hit] = hits;
      assert.ok(hit);
      assert.equal(hit.probe, 1);
      assert.equal(hit.tid, hit.pid);
      assert.equal(hit.location.function, 'pass');
      assert.equal(`${hit.location.file?.split('/').at(-1) ?? ''}:${hit.location.line ?? 0}`, PASSED);
      assert.match(hit.location.address, /^0x[0-9a-f]+$/);
      assert.ok(Math.abs(Number(BigInt(hit.timeNs) / 1_000_000n) - Date.now()) < 60_000);
      const { sites, ...probe } = summary.probes[0]!;
      const counts = { hits: 3, matched: 3, reported: 3, lost: 0 };
      assert.deepEqual(probe, { probe: 1, text: `log ${PASSED} "passed {number}"`, ...counts });
      assert.equal(sites.length, 1);
      assert.deepEqual(
        { ...sites[0], instruction: '' },
        { address: hit.location.address, instruction: '', execution: 'emulated' },
      );
      assert.deepEqual(summary.exit, { code: 7 });
    });

    it('how a signal ended the program', async () => {
      const { stderr } = await sidestep(['run', '-p', `count ${PASSED}`, '--format', 'json', '--', ends, 'kill']);
      assert.deepEqual(parseJsonLines(stderr.replace(/^sum \d+\n/m, '')).summary.exit, { signal: 9 });
    });

    it('each call once of functions that the compiler has split', async () => {
      const names = ['look_up', 'known', 'checked', 'scaled'];
      const probes = names.flatMap((name) => ['-p', `count ${name}`]);
      const program = compiled('split.c', '-O2').path;
      const { stdout } = await sidestep([
        'run',
        ...probes,
        '-o',
        join(SCRATCH, 'split.json'),
        '--format',
        'json',
        '--',
        program,
      ]);
      const { summary } = parseJsonLines(readFileSync(join(SCRATCH, 'split.json'), 'utf8'));
      const hits = summary.probes.map(({ hits }, index) => `${names[index]} ${hits}`);
      assert.equal(`${hits.join(' ')}\n`, stdout);
    });

    it('hits and summary as text, without colours where nobody looks at a terminal', async () => {
      const { stderr } = await sidestep(['run', '-p', `log ${PASSED} "passed {number}"`, '--', ends, '0', '2']);
      assert.match(stderr, /^\d\d:\d\d:\d\d\.\d{6} {2}\S+ \(\d+\) {2}ends\.c:\d+ {2}passed 1$/m);
      assert.match(stderr, /^1 probe, 2 hits in /m);
      assert.match(stderr, /the program ended with status 0\n$/);
      assert.ok(!stderr.includes('\x1b'));
    });

    it('to a file when there is one, and nothing to standard error then', async () => {
      const file = join(SCRATCH, 'hits.json');
      const { stderr } = await sidestep([
        'run',
        '-p',
        `log ${PASSED}`,
        '--format',
        'json',
        '-o',
        file,
        '--',
        ends,
        '0',
        '2',
      ]);
      assert.equal(stderr, 'sum 2\n');
      assert.equal(parseJsonLines(readFileSync(file, 'utf8')).hits.length, 2);
    });

    it('the hits of every thread, each exactly once', async () => {
      const outcome = await sidestep([
        'run',
        '-p',
        `log ${WORKED} "{job->number} {job->calls}"`,
        '--format',
        'json',
        '--',
        busy,
        '4',
        '2000',
        '0',
      ]);
      const { hits, summary } = parseJsonLines(outcome.stderr);
      assert.equal(summary.probes[0]?.hits, 8000);
      assert.equal(summary.probes[0].lost, 0);
      assert.equal(new Set(hits.map(({ message }) => message)).size, 8000);
      assert.equal(new Set(hits.map(({ tid }) => tid)).size, 4);
      const unprobed = await sidestep(['run', '--', busy, '4', '2000', '0']);
      assert.equal(outcome.stdout, unprobed.stdout);
    });

    it('only what condition and hit count let through, and counts all', async () => {
      const probes = [
        `log ${WORKED} if job->calls > 90`,
        `log ${WORKED} hits % 10`,
        `count ${WORKED} if job->number == 0`,
      ];
      const outcome = await sidestep([
        'run',
        ...probes.flatMap((probe) => ['-p', probe]),
        '--format',
        'json',
        '--',
        busy,
        '2',
        '100',
        '0',
      ]);
      const { summary } = parseJsonLines(outcome.stderr);
      assert.deepEqual(
        summary.probes.map(({ hits, reported }) => [hits, reported]),
        [
          [200, 20],
          [200, 20],
          [200, 0],
        ],
      );
    });
  });

  describe('takes its probes', () => {
    it('also inside an instruction, with a warning', async () => {
      const { status, stderr } = await sidestep(['run', '-p', 'count ends-O0!pass+0x2', '--', ends, '0', '0']);
      assert.equal(status, 0);
      assert.match(stderr, /lies inside the instruction mov rbp, rsp at 0x\w+: a probe there changes that instruction/);
    });

    it('from files, in order with those of the command line', async () => {
      const file = join(SCRATCH, 'some.probes');
      writeFileSync(file, `# two probes\n\nlog ${PASSED} "from the file"\ncount main # once\n`);
      const args = ['run', '-p', `count ${PASSED}`, '-f', file, '--format', 'json', '--', ends, '0', '5'];
      const { summary } = parseJsonLines((await sidestep(args)).stderr.replace(/^sum \d+\n/m, ''));
      assert.deepEqual(
        summary.probes.map(({ text, hits }) => [text, hits]),
        [
          [`count ${PASSED}`, 5],
          [`log ${PASSED} "from the file"`, 5],
          ['count main # once', 1],
        ],
      );
    });
  });

  describe('takes the probes away', () => {
    it('after exactly --max-hits reports, and lets the program finish', async () => {
      const args = ['run', '-p', `log ${WORKED}`, '-p', `log work`, '--max-hits', '137', '--format', 'json'];
      const { status, stdout, stderr } = await sidestep([...args, '--', busy, '4', '5000', '0']);
      const { hits, summary } = parseJsonLines(stderr);
      assert.equal(hits.length, 137);
      assert.equal(
        summary.probes.reduce((sum, { reported }) => sum + reported, 0),
        137,
      );
      assert.equal(status, 0);
      assert.match(stdout, /^calls 20000 /m);
      assert.deepEqual(summary.exit, { code: 0 });
    });

    it('after --duration, and lets the program finish', async () => {
      const args = ['run', '-p', `count ${WORKED}`, '--duration', '0.3', '--format', 'json'];
      const { stdout, stderr } = await sidestep([...args, '--', busy, '1', '1000', '1000']);
      const { summary } = parseJsonLines(stderr);
      const hits = summary.probes[0]?.hits ?? 0;
      assert.ok(hits > 0 && hits < 900, `${hits} hits`);
      assert.match(stdout, /^calls 1000 /m);
    });
  });
});
