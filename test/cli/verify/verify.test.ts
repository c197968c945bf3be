import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, type CheckResult } from '../../../src/cli/verify/check';
import { resultJson, resultText, statusOf } from '../../../src/cli/verify/report';
import { Sample } from '../../../src/cli/verify/sample';
import { Random } from '../../../src/emulator/oracle/random';
import { subjectOf } from '../../../src/emulator/oracle/subjects';
import { buildFixture } from '../../fixtures/build';
import { sidestep } from '../commandLine';

interface Report {
  readonly instructions: number;
  readonly states: number;
  readonly mismatches: number;
  readonly seed: number;
  readonly statesPerSecond: number;
  readonly failures: readonly Readonly<Record<string, unknown>>[];
}

const PYTHON = '/usr/bin/python3.11';
const program = buildFixture('../cli/verify/instructions.S', { flags: ['-nostdlib', '-static'] }).path;
const SEED = 20_240_607;
const anySeed = randomInt(2 ** 32);

async function report(...args: string[]): Promise<Report> {
  const { status, stdout, stderr } = await sidestep(['verify', '--json', ...args]);
  assert.equal(status, 0, stdout + stderr);
  return JSON.parse(stdout) as Report;
}

/** The program, checked with every ADD taken for an instruction that does nothing. */
function checkWithoutAdd(states: number): CheckResult {
  return check([program], { states, seed: SEED, limit: undefined }, undefined, (bytes, random) => {
    const subject = subjectOf(bytes, random);
    return subject?.instruction.mnemonic === 'add' ? { ...subject, operations: [] } : subject;
  });
}

describe('sidestep verify', () => {
  it('runs each distinct instruction at entries and line starts from so many states', async () => {
    const found = await report(program, '--states', '50', '--seed', String(SEED));
    assert.ok(found.statesPerSecond > 0);
    assert.deepEqual(
      { ...found, statesPerSecond: 0 },
      { instructions: 4, states: 200, mismatches: 0, seed: SEED, statesPerSecond: 0, failures: [] },
    );
  });

  it('says what is not compared', async () => {
    const { stdout } = await sidestep(['verify', program, '--seed', '7']);
    assert.match(stdout, /^4 instructions of 1 binary, 32 states, \d+ run to the end: 0 mismatches$/m);
    assert.match(stdout, /^[\d,]+ states a second, seed 7$/m);
    assert.match(stdout, /^not compared: 1 instructions that the CPU itself executes \(surrogate\), 1 refused$/m);
  });

  it('takes some of the instructions, and another seed each time', async () => {
    const [first, second] = [await report(program, '--limit', '2'), await report(program, '--limit', '2')];
    assert.deepEqual([first.instructions, second.instructions], [2, 2]);
    assert.notEqual(first.seed, second.seed);
  });

  for (const seed of [SEED, anySeed]) {
    it(`finds no difference in ${PYTHON} (seed ${seed})`, async () => {
      const found = await report(PYTHON, '--limit', '2000', '--states', '3', '--seed', String(seed));
      assert.deepEqual([found.instructions, found.states, found.mismatches], [2000, 6000, 0]);
    });
  }

  it('fails on what is not there, is no program, or is said wrong', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
    const script = join(directory, 'script');
    writeFileSync(script, '#!/bin/sh\n');
    for (const args of [[join(directory, 'missing')], [script], [], [program, '--states', '0']]) {
      assert.equal((await sidestep(['verify', ...args])).status, 2);
    }
    rmSync(directory, { recursive: true });
  });
});

describe('a wrong rule', () => {
  it('makes mismatches, and the exit status 1', () => {
    const result = checkWithoutAdd(20);
    assert.ok(result.mismatches > 10 && result.mismatches <= 20);
    assert.equal(result.failures.length, result.mismatches);
    assert.ok(result.failures.every(({ mismatch }) => mismatch.subject.instruction.mnemonic === 'add'));
    assert.equal(statusOf(result), 1);
  });

  it('is shown with all that makes the case again', () => {
    const result = checkWithoutAdd(1);
    const text = resultText(result);
    assert.match(text, /^add rax, 0x10 \[4883c010\]$/m);
    assert.match(text, /^ {2}r8=0x\w+ .* rip=0x\w+ eflags=0x\w+$/m);
    assert.match(text, /^ {4}rax 0x\w+; 0x\w+$/m);
    assert.match(text, /^ {2}from \S+ 0x\w+$/m);
    const { failures } = JSON.parse(JSON.stringify(resultJson(result))) as Report;
    assert.deepEqual(Object.keys(failures[0]!), ['file', 'address', 'instruction', 'bytes', 'differences', 'state']);
    assert.equal(failures[0]!['file'], program);
  });

  it('is counted beyond what is shown, and the same again with the same seed', () => {
    const [first, second] = [checkWithoutAdd(300), checkWithoutAdd(300)];
    assert.ok(first.mismatches > 200);
    assert.equal(first.failures.length, 100);
    assert.match(resultText(first), /^only the first 100 mismatches are shown$/m);
    assert.deepEqual(
      first.failures.map(({ mismatch }) => mismatch.state),
      second.failures.map(({ mismatch }) => mismatch.state),
    );
  });
});

describe('Sample', () => {
  it('keeps all that there is when there is less', () => {
    const sample = new Sample<number>(5, new Random(1));
    for (const item of [1, 2, 3]) sample.add(item);
    assert.deepEqual(sample.items, [1, 2, 3]);
  });

  it('keeps each with the same probability', () => {
    const random = new Random(1);
    const kept = [0, 0, 0, 0, 0, 0];
    for (let round = 0; round < 3000; round++) {
      const sample = new Sample<number>(2, random);
      for (let item = 0; item < kept.length; item++) sample.add(item);
      for (const item of sample.items) kept[item]!++;
    }
    for (const times of kept) assert.ok(times > 900 && times < 1100, String(kept));
  });
});
