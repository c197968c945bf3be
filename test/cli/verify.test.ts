import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, type CheckParts, type CheckResult } from '../../src/cli/verify/check';
import { resultJson, resultText, statusOf } from '../../src/cli/verify/report';
import { Sample } from '../../src/cli/verify/sample';
import { OracleKilled } from '../../src/emulator/oracle/oracle';
import { Random } from '../../src/emulator/oracle/random';
import { subjectOf } from '../../src/emulator/oracle/subjects';
import { Processor } from '../../src/emulator/machine/processor';
import { buildFixture } from '../fixtures/build';
import { Running, sidestep } from './commandLine';

interface Report {
  readonly instructions: number;
  readonly states: number;
  readonly completed: number;
  readonly mismatches: number;
  readonly seed: number;
  readonly statesPerSecond: number;
  readonly failures: readonly Readonly<Record<string, unknown>>[];
}

const PYTHON = '/usr/bin/python3.11';
const program = buildFixture('../cli/fixtures/instructions.S', { flags: ['-nostdlib', '-static'] }).path;
const SEED = 20_240_607;
const anySeed = randomInt(2 ** 32);

/** Fails with the command that makes the same failure again. */
async function report(...args: string[]): Promise<Report> {
  const { status, stdout, stderr } = await sidestep(['verify', '--json', ...args]);
  assert.equal(status, 0, `sidestep verify ${args.join(' ')}\n${stdout}${stderr}`);
  return JSON.parse(stdout) as Report;
}

/** The program, checked with every ADD taken for an instruction that does nothing. */
function checkWithoutAdd(states: number, parts: Partial<CheckParts> = {}): Promise<CheckResult> {
  const prepare: CheckParts['prepare'] = (bytes, random) => {
    const subject = subjectOf(bytes, random);
    return subject?.instruction.mnemonic === 'add' ? { ...subject, operations: [] } : subject;
  };
  return check([program], { states, seed: SEED, limit: undefined }, { prepare, ...parts });
}

describe('sidestep verify', () => {
  it('runs each distinct instruction at entries and line starts from so many states', async () => {
    const found = await report(program, '--states', '50', '--seed', String(SEED));
    assert.ok(found.statesPerSecond > 0);
    assert.ok(found.completed > 100 && found.completed < 200, String(found.completed));
    assert.deepEqual(
      { ...found, statesPerSecond: 0, completed: 0 },
      { instructions: 4, states: 200, completed: 0, mismatches: 0, seed: SEED, statesPerSecond: 0, failures: [] },
    );
  });

  it('says what is not compared', async () => {
    const { stdout } = await sidestep(['verify', program, '--seed', '7']);
    assert.match(stdout, /^seed 7\n/);
    assert.match(stdout, /^4 instructions of 1 binary, 32 states, \d+ ran to the end: 0 mismatches$/m);
    assert.match(stdout, /^[\d,]+ states per second, seed 7$/m);
    assert.match(
      stdout,
      /^not compared: 1 instructions run by the surrogate, 0 atomic ones run by the thread, 1 refused$/m,
    );
  });

  it('takes some of the instructions, and another seed each time', async () => {
    const [first, second] = [await report(program, '--limit', '2'), await report(program, '--limit', '2')];
    assert.deepEqual([first.instructions, second.instructions], [2, 2]);
    assert.notEqual(first.seed, second.seed);
  });

  for (const seed of [SEED, anySeed]) {
    it(`finds no difference in ${PYTHON} (seed ${seed})`, async () => {
      const found = await report(PYTHON, '--limit', '5000', '--states', '4', '--seed', String(seed));
      assert.deepEqual([found.instructions, found.states, found.mismatches], [5000, 20_000, 0]);
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

  it('says the seed at once, and when it is interrupted what it has found', async () => {
    for (const send of ['kill', 'killGroup'] as const) {
      const running = new Running(['verify', PYTHON, '--states', '10000', '--seed', '7']);
      await running.untilStdout(/^seed 7\n/);
      running[send]('SIGINT');
      const { status, stdout } = await running.outcome();
      assert.equal(status, 130, stdout);
      assert.match(stdout, / 0 mismatches$/m);
      assert.match(stdout, /^incomplete: the check ended early$/m);
    }
  });

  it('keeps what it found when a later file is not there', async () => {
    const { status, stdout, stderr } = await sidestep(['verify', program, '/nowhere', '--seed', '7']);
    assert.equal(status, 2);
    assert.match(stderr, /there is no \/nowhere/);
    assert.match(stdout, /^4 instructions of 1 binary, 32 states, .*\n.*\n.*\nincomplete: the check ended early$/m);
  });
});

describe('a check that ends early', () => {
  it('has what was known, and an exit status that says why', async () => {
    let batches = 0;
    const options = { states: 20, seed: SEED, limit: undefined };
    const stopped = await check([program], options, {
      statesPerBatch: 20,
      onProgress: () => batches++,
      stop: () => (batches === 2 ? 'SIGINT' : undefined),
    });
    assert.deepEqual([stopped.instructions, stopped.states, stopped.ended], [2, 40, { signal: 'SIGINT' }]);
    assert.equal(statusOf(stopped), 130);
    assert.deepEqual((resultJson(stopped) as { endedEarly?: boolean }).endedEarly, true);
  });

  it('is ended by what ends its scratch program', async () => {
    const prepare = (): never => {
      throw new OracleKilled('SIGTERM');
    };
    const killed = await check([program], { states: 1, seed: SEED, limit: undefined }, { prepare });
    assert.deepEqual([killed.ended, statusOf(killed)], [{ signal: 'SIGTERM' }, 143]);
  });

  it('still fails if it had found a difference', async () => {
    let mismatches = 0;
    const result = await checkWithoutAdd(20, {
      statesPerBatch: 20,
      onProgress: (sums) => (mismatches = sums.mismatches),
      stop: () => (mismatches > 0 ? 'SIGHUP' : undefined),
    });
    assert.deepEqual([statusOf(result), result.ended], [1, { signal: 'SIGHUP' }]);
  });
});

describe('a CPU that lacks instructions', () => {
  it('is not compared with', async () => {
    const bmi = buildFixture('../cli/fixtures/optional.S', { flags: ['-nostdlib', '-static'] }).path;
    const processor = new Processor(new Set(['bmi2', 'movbe']));
    const found = await check([bmi], { states: 4, seed: SEED, limit: undefined }, { processor });
    assert.deepEqual([found.instructions, found.mismatches], [2, 0]);
    assert.deepEqual(
      [...found.lacking],
      [
        ['bmi1', 2],
        ['popcnt', 1],
      ],
    );
    assert.match(resultText(found), /^this CPU does not have bmi1: 2 instructions not compared$/m);
    assert.deepEqual((resultJson(found) as { lacking?: object }).lacking, { bmi1: 2, popcnt: 1 });
  });
});

describe('a wrong rule', () => {
  it('makes mismatches, and the exit status 1', async () => {
    const result = await checkWithoutAdd(20);
    assert.ok(result.mismatches > 10 && result.mismatches <= 20);
    assert.equal(result.failures.length, result.mismatches);
    assert.ok(result.failures.every(({ mismatch }) => mismatch.subject.instruction.mnemonic === 'add'));
    assert.equal(statusOf(result), 1);
  });

  it('is shown with all that makes the case again', async () => {
    const result = await checkWithoutAdd(1);
    const text = resultText(result);
    assert.match(text, /^add rax, 0x10 \[4883c010\]$/m);
    assert.match(text, /^ {2}r8=0x\w+ .* rip=0x\w+ eflags=0x\w+$/m);
    assert.match(text, /^ {4}rax 0x\w+; 0x\w+$/m);
    assert.match(text, /^ {2}from \S+ 0x\w+$/m);
    const { failures } = JSON.parse(JSON.stringify(resultJson(result))) as Report;
    assert.deepEqual(Object.keys(failures[0]!), ['file', 'address', 'instruction', 'bytes', 'differences', 'state']);
    assert.equal(failures[0]!['file'], program);
  });

  it('is counted beyond what is shown, and the same again with the same seed', async () => {
    const [first, second] = [await checkWithoutAdd(300), await checkWithoutAdd(300)];
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
