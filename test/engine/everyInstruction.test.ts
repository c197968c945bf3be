/**
 * A probe on every instruction of four threads' loops, which are made of nearly everything that the processor can do.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { address } from '../../src/base/address';
import { assertExists } from '../../src/base/assert';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { instructionsOf, type Swept } from './linearSweep';
import { program } from './program';
import { readMemory } from './target';

const THREADS = 4;
const ROUNDS = 5;
/** Without probes these take some tenths of a second; with a probe on every other instruction, half an hour. */
const MANY_ROUNDS = 20_000;

/** The parts of the program for processors that have them, by their flag in /proc/cpuinfo. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  avx2: '-DAVX2',
  bmi2: '-DBMI',
  adx: '-DADX',
  sha_ni: '-DSHA',
  aes: '-DAES',
};

const every = program('everyInstruction.S', extensionFlags());
const start = every.offset('work');
const end = every.offset('loopsEnd');

describe('every instruction of four threads’ loops', () => {
  let client: EngineClient;
  let instructions: readonly Swept[];

  before(() => {
    instructions = instructionsOf(every.path).filter(({ offset }) => offset >= start && offset < end);
    assert.equal(
      instructions.reduce((sum, { instruction }) => sum + instruction.length, 0),
      end - start,
    );
  });

  engineForEach((started) => (client = started));

  /** Not one is refused. The requests go out together. `work`: where the first of all instructions is. */
  async function arm(chosen: readonly Swept[], pid: number, work: bigint, probe: number): Promise<readonly number[]> {
    const armed = await Promise.all(
      chosen.map(({ offset }) => client.arm(pid, address(work + BigInt(offset - start)), { probe, onHit: 'count' })),
    );
    return armed.map(({ site }) => site);
  }

  it('leaves the result as it is without probes, and counts every pass', async () => {
    const expected = resultOf(ROUNDS);
    const pid = await client.launch(every.path, [`${ROUNDS}`]);
    const work = await client.symbol(pid, every.path, start);
    const original = readMemory(pid, work, end - start);
    const sites = await arm(instructions, pid, work, await client.declare());
    const finished = await client.symbol(pid, every.path, every.offset('finished'));
    const { site: last } = await client.arm(pid, finished, { onHit: 'hold' });
    await client.release(pid);
    await client.event('held', ({ site }) => site === last);

    const counted = (await client.counts()).sites;
    const counts = sites.map((site) => assertExists(counted.get(site), 'counts'));
    await Promise.all(sites.map((site) => client.disarm(site)));
    assert.equal(readMemory(pid, work, end - start), original);
    await client.release(pid);
    assert.deepEqual((await client.event('exited')).end, { code: 0 });
    await client.until(() => (client.output.length >= expected.length ? true : undefined));
    assert.equal(client.output, expected);
    // Only then is no other thread's pass missed.
    const aside = instructions.filter((_, index) => counts[index]!.steppedAside > 0);
    assert.deepEqual(
      aside.map(({ instruction }) => instruction.code),
      [],
    );
    const hits = counts.map((count) => count.hits);
    assertBlocks(
      instructions,
      hits,
      ['leaf', 'place0', 'place1', 'place2', 'place3'].map((name) => every.offset(name)),
    );
    const at = (symbol: string): number | undefined =>
      hits[instructions.findIndex(({ offset }) => offset === every.offset(symbol))];
    assert.equal(at('work'), THREADS);
    assert.equal(at('fill'), THREADS * 512);
    assert.equal(at('round'), THREADS * ROUNDS);
    assert.equal(at('leaf'), THREADS * ROUNDS * 5);
    assert.equal(at('cleaning'), THREADS * ROUNDS);
    assert.equal(at('recursive'), THREADS * ROUNDS * 6);
  });

  it('may be armed and let go while the threads are in the midst of them', async () => {
    const expected = resultOf(MANY_ROUNDS);
    const even = instructions.filter((_, index) => index % 2 === 0);
    const odd = instructions.filter((_, index) => index % 2 === 1);
    const pid = await client.launch(every.path, [`${MANY_ROUNDS}`]);
    const work = await client.symbol(pid, every.path, start);
    const probe = await client.declare();
    const hits = async (): Promise<number> => (await client.counts()).probes.get(probe)!.hits;
    const untilMoreHits = async (): Promise<void> => client.untilHit(probe, (await hits()) + 10_000);
    // From here on one half or the other is always armed: the program does not end before it is let go.
    const first = await arm(even, pid, work, probe);
    await client.release(pid);
    await untilMoreHits();
    await arm(odd, pid, work, probe);
    await untilMoreHits();
    await client.request('disarm', { sites: first });
    await arm(even, pid, work, probe);
    await untilMoreHits();
    await client.request('detach', { pid });
    await client.until(() => (client.output.length >= expected.length ? true : undefined));
    assert.equal(client.output, expected);
  });
});

/**
 * Instructions that only follow each other were passed equally often. `indirect`: file offsets that computed branches
 * go to.
 */
function assertBlocks(instructions: readonly Swept[], hits: readonly number[], indirect: readonly number[]): void {
  const targets = new Set(indirect);
  for (const { offset, instruction } of instructions) {
    for (const operand of instruction.operands) {
      if (operand.kind === 'target') targets.add(offset + instruction.length + Number(operand.displacement));
    }
  }
  instructions.slice(1).forEach(({ offset, instruction }, index) => {
    const before = instructions[index]!;
    if (targets.has(offset) || ENDS_BLOCK.test(before.instruction.code)) return;
    const where = `${before.instruction.code} and ${instruction.code} at ${offset.toString(16)}`;
    assert.equal(hits[index + 1], hits[index], where);
  });
}

const ENDS_BLOCK = /^(J|Call|Ret|Loop)/;

/** What the program prints without probes. */
function resultOf(rounds: number): string {
  return execFileSync(every.path, [`${rounds}`], { encoding: 'utf8' });
}

function extensionFlags(): readonly string[] {
  const flags = new Set(/^flags\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))![1]!.split(' '));
  return Object.keys(EXTENSIONS).flatMap((flag) => (flags.has(flag) ? [EXTENSIONS[flag]!] : []));
}
