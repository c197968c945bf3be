import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { LineWriter } from '../../src/cli/lineWriter';
import { SCRATCH } from './commandLine';

const FILE = join(SCRATCH, 'lines');

function unexpected(error: Error): void {
  throw error;
}

describe('the line writer', () => {
  let fd = 0;

  beforeEach(() => {
    mkdirSync(SCRATCH, { recursive: true });
    fd = openSync(FILE, 'w');
  });

  afterEach(() => closeSync(fd));

  it('writes lines when the event loop has nothing else to do', async () => {
    const writer = new LineWriter(fd, unexpected);
    writer.write('one');
    writer.write('two\nthree');
    assert.equal(readFileSync(FILE, 'utf8'), '');
    await turn();
    await turn();
    assert.equal(readFileSync(FILE, 'utf8'), 'one\ntwo\nthree\n');
  });

  it('writes at once what it is told to flush', () => {
    const writer = new LineWriter(fd, unexpected);
    writer.write('ä');
    writer.flush();
    writer.flush();
    assert.equal(readFileSync(FILE, 'utf8'), 'ä\n');
  });

  it('keeps no more than a buffer in memory', () => {
    const writer = new LineWriter(fd, unexpected);
    for (let i = 0; i < 1000; i++) writer.write('x'.repeat(1000));
    assert.ok(readFileSync(FILE).length > 900_000);
  });

  it('tells once that writing has failed, and drops what comes then', () => {
    const codes: (string | undefined)[] = [];
    const full = openSync('/dev/full', 'w');
    const writer = new LineWriter(full, ({ code }) => codes.push(code));
    for (let i = 0; i < 3; i++) {
      writer.write('lost');
      writer.flush();
    }
    closeSync(full);
    assert.deepEqual(codes, ['ENOSPC']);
  });
});
