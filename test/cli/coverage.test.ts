import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinaries } from '../../src/cli/coverage/binaries';
import { Classifier } from '../../src/cli/coverage/classifier';
import { censusText } from '../../src/cli/coverage/report';
import { Tally } from '../../src/cli/coverage/tally';
import { sidestep } from './commandLine';
import { buildFixture } from '../fixtures/build';

interface Counts {
  readonly total: number;
  readonly emulated: number;
  readonly surrogate: number;
  readonly twins: number;
  readonly refused: number;
  readonly reasons: Readonly<Record<string, number>>;
}

interface Census {
  readonly binaries: number;
  readonly entries: Counts;
  readonly lines: Counts;
}

const census = buildFixture('../cli/fixtures/census.S', { flags: ['-nostdlib', '-static'] }).path;

describe('sidestep coverage', () => {
  let directory = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  async function count(...paths: string[]): Promise<Census> {
    const { status, stdout, stderr } = await sidestep(['coverage', '--json', ...paths]);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as Census;
  }

  it('counts functions that symbols or unwinding tables know, and the starts of lines', async () => {
    assert.deepEqual(await count(census), {
      binaries: 1,
      entries: { total: 5, emulated: 2, surrogate: 1, twins: 0, refused: 2, reasons: { lock: 1, 'system-call': 1 } },
      lines: { total: 8, emulated: 3, surrogate: 2, twins: 0, refused: 3, reasons: { 'system-call': 2, lock: 1 } },
    });
  });

  it('counts atomic instructions that a dynamically linked program finds a twin of in the C library', async () => {
    const dynamic = buildFixture('atomic.c', { flags: ['-O1', '-g0'] }).path;
    const { entries } = await count(dynamic);
    assert.equal(entries.twins, 1);
    assert.ok(entries.surrogate >= entries.twins);
    assert.equal(entries.reasons['lock'], undefined);
    const { stdout } = await sidestep(['coverage', dynamic]);
    assert.match(stdout, /^by a twin +1 /m);
  });

  it('takes a directory for the ELF files in it, each once', async () => {
    copyFileSync(census, join(directory, 'program'));
    symlinkSync('program', join(directory, 'link'));
    writeFileSync(join(directory, 'script'), '#!/bin/sh\n');
    writeFileSync(join(directory, 'empty'), '');
    const counted = await count(directory, join(directory, 'program'));
    assert.deepEqual(counted, await count(census));
  });

  it('leaves a damaged file out and says so', async () => {
    copyFileSync(census, join(directory, 'program'));
    writeFileSync(join(directory, 'damaged'), '\x7fELF');
    const { status, stdout, stderr } = await sidestep(['coverage', directory]);
    assert.equal(status, 0);
    assert.match(stdout, /^1 binary$/m);
    assert.match(stderr, /damaged is left out: /);
  });

  it('shows people a table with the reasons', async () => {
    const { stdout } = await sidestep(['coverage', census]);
    assert.match(stdout, /^emulated +2 +40\.000 % +3 +37\.500 %$/m);
    assert.match(stdout, /^by the surrogate +1 +20\.000 % +2 +25\.000 %$/m);
    assert.match(stdout, /^ {2}lock +1 +20\.000 % +1 +12\.500 %$/m);
    assert.match(stdout, /^Refused most often: syscall 3, inc 2/m);
  });

  it('waits for no FIFO', async () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const { status, stderr } = await sidestep(['coverage', fifo]);
    assert.equal(status, 2);
    assert.match(stderr, /it is a FIFO, not a regular file/);
  });

  it('fails on what is not there, and when there is nothing to count', async () => {
    const missing = await sidestep(['coverage', join(directory, 'missing')]);
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /there is no .*missing/);
    writeFileSync(join(directory, 'script'), '#!/bin/sh\n');
    assert.equal((await sidestep(['coverage', directory])).status, 2);
    assert.equal((await sidestep(['coverage'])).status, 2);
  });
});

describe('findBinaries', () => {
  it('gives one path for several names of a file', () => {
    assert.deepEqual([...findBinaries([census, census])], [census]);
  });
});

describe('Classifier', () => {
  it('knows an instruction again whatever follows it', () => {
    const classifier = new Classifier();
    const first = classifier.verdict(Uint8Array.of(0x0f, 0x05, 0x90));
    assert.deepEqual(first, { execution: 'refused', code: 'system-call', mnemonic: 'syscall' });
    assert.equal(classifier.verdict(Uint8Array.of(0x0f, 0x05, 0xcc, 0xcc)), first);
  });

  it('does not take a longer instruction for the one that a shorter one was', () => {
    const classifier = new Classifier();
    assert.deepEqual(classifier.verdict(Uint8Array.of(0x90)), { execution: 'emulated' });
    assert.deepEqual(classifier.verdict(Uint8Array.of(0xf0, 0xff, 0x00)).execution, 'twin');
    assert.deepEqual(classifier.verdict(Uint8Array.of(0xff, 0x00)), { execution: 'emulated' });
  });

  it('remembers nothing of bytes that end too early', () => {
    const classifier = new Classifier();
    assert.equal(classifier.verdict(Uint8Array.of(0x0f)).execution, 'refused');
    assert.deepEqual(classifier.verdict(Uint8Array.of(0x0f, 0x10, 0xc1)), { execution: 'surrogate' });
  });
});

describe('censusText', () => {
  it('says nothing of reasons when nothing is refused', () => {
    const entries = new Tally();
    entries.add({ execution: 'emulated' }, () => false);
    const text = censusText({ binaries: 1, entries, lines: new Tally() });
    assert.doesNotMatch(text, /Refused/);
    assert.match(text, /^together +1 +100\.000 % +0$/m);
  });
});
