import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFixture } from '../fixtures/build';
import { parseJsonLines, SCRATCH, sidestep } from './commandLine';

/** What the program's names are made of and must not reach a terminal; line ends are only our own, tabs do no harm. */
const UNSAFE = /[^\P{Cc}\t\n]|[\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const FUNCTION = 'o\x1bc31mdd';
const HIT = /^\d\d:\d\d:\d\d\.\d{6} {2}/;

function hostileProgram(): string {
  const { path } = buildFixture('hostile.c', { flags: ['-O0'] });
  mkdirSync(SCRATCH, { recursive: true });
  const program = join(SCRATCH, 'hostile\x1b[31m\n.out');
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf('oZq31mdd'); at >= 0; at = bytes.indexOf('oZq31mdd')) bytes.write(FUNCTION, at, 'latin1');
  writeFileSync(program, bytes);
  chmodSync(program, 0o755);
  return program;
}

describe('what comes from a program', () => {
  let program = '';

  before(() => {
    program = hostileProgram();
  });

  it('can not drive the terminal, nor forge a line: names of threads, files and functions, and its texts', async () => {
    const { status, stderr } = await sidestep([
      ...['run', '-p', `log ${FUNCTION}`, '-p', `log ${FUNCTION} "{text,sb} of {$thread}"`],
      ...['-p', `count "main" if $rip == 1`, '--', program],
    ]);
    assert.equal(status, 0, stderr);
    assert.ok(!UNSAFE.test(stderr), JSON.stringify(stderr));
    const hits = stderr.split('\n').filter((line) => HIT.test(line));
    assert.equal(hits.length, 10, stderr);
    assert.ok(
      hits.some((line) => line.includes('ev\\e]0;file\\ail\\u{202e}\\n.c:')),
      stderr,
    );
    assert.ok(
      hits.some((line) => line.includes('x\\n00:00:00 FAKE of ')),
      stderr,
    );
  });

  it('is what it is in JSON', async () => {
    const { stderr } = await sidestep([
      ...['run', '--format', 'json', '-p', `log ${FUNCTION} "{text,sb}"`, '--', program],
    ]);
    const { hits } = parseJsonLines(stderr);
    assert.deepEqual(
      hits.slice(0, 2).map(({ message }) => message),
      ['\x1b]0;name\x07', 'x\n00:00:00 FAKE'],
    );
    assert.equal(hits[0]!.location.function, FUNCTION);
  });

  it('is made printable where nothing is run, and in errors', async () => {
    const table = await sidestep(['sites', program, FUNCTION]);
    assert.equal(table.status, 0, table.stderr);
    assert.ok(!UNSAFE.test(table.stdout), JSON.stringify(table.stdout));
    assert.equal(table.stdout.trimEnd().split('\n').length, 1);
    for (const args of [
      ['sites', program, 'o\x1b[31md'],
      ['sites', `${program}\x1b`, 'main'],
      ['run', '-p', 'log o\x1b[31md', '--', program],
      ['run', '-p', `log main "{\x1b[31m}"`, '--', program],
      ['run', '-p', 'log main', '--', `${program}\x9b`],
      ['run', '-p', 'log ev\x1b:1', '--', program],
      ['coverage', `${program}\x1b`],
      ['\x1b[31m'],
    ]) {
      const { status, stderr } = await sidestep(args);
      assert.equal(status, 2, stderr);
      assert.ok(!UNSAFE.test(stderr), JSON.stringify([args, stderr]));
      assert.match(stderr, /^sidestep: /);
    }
  });
});
