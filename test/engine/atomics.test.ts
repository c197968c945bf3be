/**
 * Probes on atomic instructions: threads that hit them and threads that run over another copy of them work on the same
 * memory.
 */
import assert from 'node:assert/strict';
import { address } from '../../src/base/address';
import { assertExists } from '../../src/base/assert';
import { SidestepError } from '../../src/base/errors';
import { classify } from '../../src/emulator/emulator';
import { EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { instructionsOf } from './linearSweep';
import { program } from './program';
import { readMemory, Target } from './target';
import { until } from '../until';

const atomics = program('atomics.c');
const START = atomics.offset('probed');
const END = atomics.offset('probedEnd');

const ROUNDS = 150;
const FOREVER = 1_000_000_000;

describe('atomic instructions', () => {
  /** File offsets, and what stands there. */
  const sites = instructionsOf(atomics.path)
    .filter(({ offset, bytes, address: at }) => {
      return offset >= START && offset < END && classify(bytes, BigInt(at)).execution === 'twin';
    })
    .map(({ offset, instruction }) => ({ offset, mnemonic: instruction.mnemonic }));
  let client: EngineClient;

  engineForEach((started) => (client = started));

  /** A probe on each atomic instruction of the copy that the probed threads run. */
  async function armAll(pid: number): Promise<readonly number[]> {
    const start = await client.symbol(pid, atomics.path, START);
    const probe = await client.declare();
    const armed = await Promise.all(
      sites.map(({ offset }) => client.arm(pid, address(start + BigInt(offset - START)), { probe, onHit: 'count' })),
    );
    return armed.map(({ site }) => site);
  }

  async function run(args: readonly string[]): Promise<{ pid: number; armed: readonly number[] }> {
    const pid = await client.launch(atomics.path, args);
    return { pid, armed: await armAll(pid) };
  }

  /** How often each was hit, and how often a thread stepped aside, by instruction. */
  async function countsOf(armed: readonly number[]) {
    const counted = (await client.counts()).sites;
    return sites.map(({ mnemonic }, index) => {
      const { hits, steppedAside } = assertExists(counted.get(armed[index]!), 'counts');
      return { mnemonic, hits, steppedAside };
    });
  }

  async function finish(): Promise<string> {
    assert.deepEqual((await client.event('exited')).end, { code: 0 });
    return (await client.written()).trim();
  }

  it('are of every kind', () => {
    assert.deepEqual([...new Set(sites.map(({ mnemonic }) => mnemonic))].sort(), [
      ...['adc', 'add', 'and', 'btc', 'btr', 'bts', 'cmpxchg', 'cmpxchg16b', 'cmpxchg8b', 'dec', 'inc', 'neg'],
      ...['not', 'or', 'sbb', 'sub', 'xadd', 'xchg', 'xor'],
    ]);
    assert.ok(sites.length > 80, `only ${sites.length}`);
  });

  it('stay atomic, and every pass is counted', async () => {
    const { pid, armed } = await run([`${ROUNDS}`, '2', '2']);
    await client.release(pid);
    assert.equal(await finish(), 'right 0');
    for (const { mnemonic, hits, steppedAside } of await countsOf(armed)) {
      // A swap that others always forestall is left to the thread, and what it misses meanwhile is not counted.
      if (steppedAside === 0 || mnemonic !== 'neg') assert.deepEqual([hits, steppedAside], [2 * ROUNDS, 0], mnemonic);
    }
  });

  it('are passed once each, whatever signals come meanwhile, and no handler sees the thread elsewhere', async () => {
    const { pid, armed } = await run([`${ROUNDS}`, '2', '1', 'storm']);
    await client.release(pid);
    assert.match(await finish(), /^right [1-9]/);
    for (const { mnemonic, hits, steppedAside } of await countsOf(armed)) {
      if (steppedAside === 0 || mnemonic !== 'neg') assert.deepEqual([hits, steppedAside], [2 * ROUNDS, 0], mnemonic);
    }
  });

  it('are passed once each, whoever sends signals that look like those of a step', async () => {
    const { pid, armed } = await run([`${ROUNDS}`, '2', '1', 'traps']);
    await client.release(pid);
    assert.match(await finish(), /^right [1-9]/);
    for (const { mnemonic, hits, steppedAside } of await countsOf(armed)) {
      if (steppedAside === 0 || mnemonic !== 'neg') assert.deepEqual([hits, steppedAside], [2 * ROUNDS, 0], mnemonic);
    }
  });

  it('are passed once each by threads that are stopped and continued in the midst of them', async () => {
    const target = await Target.start(atomics.path, [`${FOREVER}`, '3', '1', 'go']);
    await client.request('attach', { pid: target.pid });
    const armed = await armAll(target.pid);
    target.begin({ lingering: true });
    for (let round = 0; round < 100; round++) {
      const before = (await countsOf(armed))[0]!.hits;
      await until('another hit', async () => (await countsOf(armed))[0]!.hits !== before);
      target.process.kill('SIGSTOP');
      target.process.kill('SIGCONT');
    }
    assert.equal(await verdictOf(target), 'right 0');
    const counts = await countsOf(armed);
    const rounds = counts[0]!.hits;
    for (const { mnemonic, hits, steppedAside } of counts) {
      if (steppedAside === 0 || mnemonic !== 'neg') assert.deepEqual([hits, steppedAside], [rounds, 0], mnemonic);
    }
  });

  it('fault as they do without a probe', async () => {
    const pid = await client.launch(atomics.path, ['faults']);
    const names = ['faultAdd', 'faultExchange', 'faultNegate', 'faultPair'];
    const armed = await Promise.all(
      names.map(async (name) =>
        client.arm(pid, await client.symbol(pid, atomics.path, atomics.offset(name)), { onHit: 'count' }),
      ),
    );
    await client.release(pid);
    assert.equal(await finish(), 'caught 201');
    const { sites: counted } = await client.counts();
    assert.deepEqual(
      armed.map(({ site }) => [counted.get(site)?.hits, counted.get(site)?.steppedAside]),
      [
        [50, 50],
        [50, 50],
        [50, 50],
        [51, 51],
      ],
    );
  });

  it('may be let go at any moment', async () => {
    const target = await Target.start(atomics.path, [`${FOREVER}`, '3', '1', 'go']);
    const start = target.address(atomics.path, START);
    const original = target.memory(start, END - START);
    target.begin({ lingering: true });
    for (let round = 0; round < 50; round++) {
      await client.request('attach', { pid: target.pid });
      await armAll(target.pid);
      const probes = (await client.counts()).probes;
      const probe = Math.max(...probes.keys());
      await client.untilHit(probe, 20);
      await client.request('detach', { pid: target.pid });
      assert.equal(target.process.exitCode, null);
      assert.equal(target.status('TracerPid'), '0');
    }
    assert.equal(readMemory(target.pid, start, END - START), original);
    assert.equal(await verdictOf(target), 'right 0');
  });

  it('are no danger when the client goes', async () => {
    const target = await Target.start(atomics.path, [`${FOREVER}`, '3', '1', 'go']);
    target.begin({ lingering: true });
    for (let round = 0; round < 5; round++) {
      await client.request('attach', { pid: target.pid });
      await armAll(target.pid);
      await until('500 hits', async () => [...(await client.counts()).probes.values()].some(({ hits }) => hits > 500));
      await client.close();
      assert.equal(target.status('TracerPid'), '0');
      client = new EngineClient();
    }
    assert.equal(await verdictOf(target), 'right 0');
  });

  it('are refused where the program has no other instruction that could take their place', async () => {
    const bare = program('bareAtomic.S', ['-nostdlib', '-static']);
    const pid = await client.launch(bare.path);
    const at = await client.symbol(pid, bare.path, bare.offset('lone'));
    await assert.rejects(client.arm(pid, at), (error: SidestepError) => {
      assert.equal(error.code, 'not-probeable');
      assert.match(
        error.message,
        /lock .*can't be probed: .*atomic.*the program's text holds no equivalent instruction/,
      );
      return true;
    });
  });

  it('can be probed where others are that take their place', async () => {
    const { pid, armed } = await run([`${ROUNDS}`, '1', '1']);
    // Also those that the probed ones would use, one by one, while they do.
    await client.release(pid);
    const plain = await client.symbol(pid, atomics.path, atomics.offset('plain'));
    const others = instructionsOf(atomics.path).filter(
      ({ offset, instruction }) =>
        offset >= atomics.offset('plain') && offset < atomics.offset('plainEnd') && instruction.lock,
    );
    const probe = await client.declare();
    for (const { offset } of others) {
      const at = address(plain + BigInt(offset - atomics.offset('plain')));
      await client.arm(pid, at, { probe, onHit: 'count' }).catch((error: unknown) => {
        assert.ok(error instanceof SidestepError);
        assert.equal(error.code, 'not-probeable', error.message);
      });
    }
    assert.equal(await finish(), 'right 0');
    for (const { mnemonic, hits } of await countsOf(armed)) assert.ok(hits <= ROUNDS, mnemonic);
  });

  /** Lets the program come to its end. */
  async function verdictOf(target: Target): Promise<string> {
    target.process.kill('SIGUSR1');
    const { output, code } = await target.end();
    assert.equal(code, 0);
    return output;
  }
});
