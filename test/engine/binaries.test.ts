/**
 * Programs of every make: statically linked, the dynamic linker itself, set-user-id, under a filter that kills, in a
 * pid namespace.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { address } from '../../src/base/address';
import { type SidestepError } from '../../src/base/errors';
import { AS_USER } from '../fixtures/sudoers';
import { EngineClient } from './engineClient';
import { endAfterEach } from './fixture';
import { program } from './program';
import { Target } from './target';
import { needsRoot } from '../skip';

const counter = program('counter.c');
const filtered = program('filtered.c');
const identity = program('identity.c');
const tree = program('tree.c');

const ENDBR64 = 4;

describe('binaries', () => {
  let client: EngineClient;
  let directory: string;

  endAfterEach();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
    chmodSync(directory, 0o755);
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  for (const linking of ['-static', '-static-pie', '-no-pie', '-pie']) {
    it(`linked with ${linking} are probed from their start, and while they run`, async () => {
      const made = program('counter.c', [linking]);
      client = new EngineClient();
      const pid = await client.launch(made.path, ['2', '1000']);
      const { interpreterBase } = await client.request('mappings', { pid });
      assert.equal(interpreterBase === 0n, linking.startsWith('-static'));
      const early = await client.arm(pid, await client.symbol(pid, made.path, made.offset('work')));
      const target = await Target.start(made.path, ['2', '1000', 'go']);
      await client.request('attach', { pid: target.pid });
      const late = await client.arm(target.pid, target.address(made.path, made.offset('work')));
      await client.release(pid);
      await client.event('exited', (event) => event.pid === pid);
      target.begin();
      assert.deepEqual(await target.end(), { output: 'right', code: 0, signal: null });
      await client.event('exited', (event) => event.pid === target.pid);
      const { probes } = await client.counts();
      assert.deepEqual([probes.get(early.probe)?.hits, probes.get(late.probe)?.hits], [2000, 2000]);
      assert.equal(await client.written(), 'right\n');
    });
  }

  it('are probed in the dynamic linker, from its very first instruction on', async () => {
    client = new EngineClient();
    const pid = await client.launch(counter.path, ['1', '10']);
    const { interpreterBase, mappings } = await client.request('mappings', { pid });
    const linker = mappings.find(({ start }) => start === interpreterBase)!.path;
    // e_entry of its ELF header.
    const entry = readFileSync(linker).readBigUInt64LE(24);
    const { probe } = await client.arm(pid, address(interpreterBase + entry));
    await client.release(pid);
    assert.deepEqual((await client.event('exited')).end, { code: 0 });
    assert.equal((await client.counts()).probes.get(probe)?.hits, 1);
    assert.equal(client.hits.length, 1);
    assert.equal(await client.written(), 'right\n');
  });

  describe('that are set-user-id', () => {
    let copy: string;

    beforeEach(function () {
      needsRoot(this);
      copy = join(directory, 'identity');
      copyFileSync(identity.path, copy);
      chmodSync(copy, 0o4755);
    });

    const userOf = (output: string): string => /^user (.*)$/m.exec(output)![1]!;

    it('have their privileges when root traces them', async () => {
      client = new EngineClient();
      const target = await Target.start(AS_USER[0], [...AS_USER.slice(1), copy, '1000', 'protected']);
      await client.request('attach', { pid: target.pid });
      const { probe } = await client.arm(target.pid, target.address(copy, identity.offset('work')));
      target.begin();
      assert.equal(userOf((await target.end()).output), '65534 0 0');
      await client.event('exited');
      assert.equal((await client.counts()).probes.get(probe)?.hits, 1000);
    });

    it('are refused to their user when they run', async () => {
      client = new EngineClient(undefined, {}, AS_USER);
      const target = await Target.start(AS_USER[0], [...AS_USER.slice(1), copy, '1000', 'protected']);
      await assert.rejects(client.request('attach', { pid: target.pid }), (error: SidestepError) => {
        assert.equal(error.code, 'attach-refused');
        assert.match(error.message, /belongs to user|has capabilities|has protected itself/);
        return true;
      });
      target.begin();
      assert.equal(userOf((await target.end()).output), '65534 0 0');
    });

    it('run without their privileges when their user starts them, which is said', async () => {
      client = new EngineClient(undefined, {}, AS_USER);
      const pid = await client.launch(copy, ['1000']);
      const { probe } = await client.arm(pid, await client.symbol(pid, copy, identity.offset('work')));
      await client.release(pid);
      await client.event('exited');
      assert.equal(userOf(await client.written()), '65534 65534 65534');
      assert.equal((await client.counts()).probes.get(probe)?.hits, 1000);
      assert.match(
        client.warnings().join(),
        /identity is set-user-id and runs without its privileges, because it is traced/,
      );
    });
  });

  it('under a filter that kills meet none of its rules: nothing is done in their name', async () => {
    client = new EngineClient();
    const target = await Target.start(filtered.path, ['3000']);
    await client.request('attach', { pid: target.pid });
    const at = (symbol: string, offset = 0) => target.address(filtered.path, filtered.offset(symbol) + offset);
    const emulated = await client.arm(target.pid, at('work'), { onHit: 'count' });
    const byTwin = await client.arm(target.pid, at('add', ENDBR64), { onHit: 'count' });
    const bySurrogate = await client.arm(target.pid, at('square', ENDBR64), { onHit: 'count' });
    target.begin({ lingering: true });
    for (let round = 0; target.output === ''; round++) {
      const { site } = await client.arm(target.pid, at('square'), { onHit: 'count' });
      await client.disarm(site);
    }
    const { probes } = await client.counts();
    for (const { probe } of [emulated, byTwin, bySurrogate]) assert.equal(probes.get(probe)?.hits, 3000);
    await client.request('detach', { pid: target.pid });
    assert.deepEqual(await target.end(), { output: 'right', code: 0, signal: null });
  });

  it('in a pid namespace are followed by the numbers that they have outside of it', async function () {
    needsRoot(this);
    client = new EngineClient();
    const args = ['--pid', '--fork', '--mount-proc', tree.path, 'fork-exec', '50', '2'];
    const root = await client.request('launch', {
      program: '/usr/bin/unshare',
      args,
      cwd: process.cwd(),
      env: [],
      stdio: [3, 4, 5],
      follow: 'children',
    });
    const probe = await client.declare();
    const armed = new Set<number>();
    let taken = 0;
    // Every image that runs `tree` gets the probe; the children that it forks inherit it.
    const look = async (): Promise<boolean> => {
      for (; taken < client.events.length; taken++) {
        const event = client.events[taken]!;
        if (event.event === 'exited' && event.pid === root.pid) return true;
        if (event.event !== 'held') continue;
        const { pid } = event;
        if (readlinkSync(`/proc/${pid}/exe`) === tree.path) {
          await client.arm(pid, await client.symbol(pid, tree.path, tree.offset('work')), { probe, onHit: 'count' });
          armed.add(pid);
        }
        await client.release(pid);
      }
      return false;
    };
    while (!(await look())) await client.until(() => (client.events.length > taken ? true : undefined));
    const [, calls] = /^right (\d+)\n$/.exec(await client.written()) ?? [];
    assert.equal(armed.size, 1 + 50 * 2);
    assert.equal((await client.counts()).probes.get(probe)?.hits, Number(calls));
  });
});
