/**
 * A multi-threaded server under load, as people run it: probes come and go on its command path, no request is lost or
 * answered wrongly, and what is counted is what the server itself counts.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseProbe } from '../../src/language/probes/parse';
import { startEngine } from '../../src/session/engine/startEngine';
import { type Probe } from '../../src/session/probes/userProbe';
import { Session } from '../../src/session/session';
import { assertUntouched, parseJsonLines, ROOT, sidestep } from '../cli/commandLine';
import { Load, Memcached, sourceLine, type Stat, type Work } from './memcached';
import { until } from '../until';

/** Threads that serve requests: so many can be between a probe and the counter that it is compared with. */
const WORKERS = 4;

/** Probes that count what a counter of the server counts. */
const COUNTED: readonly (readonly [location: () => string, stat: Stat])[] = [
  [() => 'limited_get', 'cmd_get'],
  [() => 'process_update_command', 'cmd_set'],
  [() => 'do_item_link', 'total_items'],
  [() => sourceLine('proto_text.c', 'stats.lru_hits['), 'get_hits'],
  [() => sourceLine('proto_text.c', 'stats.get_misses++'), 'get_misses'],
];

describe('memcached under load', () => {
  let server: Memcached;
  let load: Load;
  let session: Session | undefined;

  beforeEach(async () => {
    server = await Memcached.start(WORKERS);
    load = new Load(server);
  });

  afterEach(async () => {
    session?.dispose();
    session = undefined;
    await load.stop();
    await server.stop();
  });

  async function attach(): Promise<Session> {
    session?.dispose();
    session = new Session(startEngine({ script: join(ROOT, 'dist', 'engine.js'), terminal: 'detached' }));
    await session.attach(server.pid);
    return session;
  }

  async function arm(tracing: Session, text: string): Promise<Probe> {
    const probe = await tracing.addProbe(parseProbe(text));
    assert.equal(probe.state, 'armed', `${text}: ${probe.reason ?? ''}`);
    return probe;
  }

  async function hitsReached(tracing: Session, probe: Probe, hits: number): Promise<void> {
    await until(`${hits} hits`, async () => ((await tracing.counts()).get(probe)?.hits ?? 0) >= hits);
  }

  /** Nothing of Sidestep is left in the server, and it ends as it should. */
  async function assertUnharmed(...works: readonly Work[]): Promise<void> {
    for (const { failed, wrong, requests } of works) {
      assert.deepEqual({ failed, wrong }, { failed: 0, wrong: 0 });
      assert.ok(requests > 0);
    }
    assertUntouched(server.pid);
    assert.equal(await server.stop(), 0);
  }

  it('counts what the server counts', async () => {
    const tracing = await attach();
    const works: Work[] = [];
    for (let round = 0; round < 5; round++) {
      // The clients rest while probes come and go, so that both counts begin and end at the same request.
      const probes = new Map<Probe, Stat>();
      for (const [location, stat] of COUNTED) probes.set(await arm(tracing, `count ${location()}`), stat);
      const before = await server.stats();
      const work = await load.run(500);
      const after = await server.stats();
      for (const [probe, stat] of probes) {
        const { hits, lost } = await tracing.removeProbe(probe);
        assert.deepEqual({ hits, lost }, { hits: after[stat] - before[stat], lost: 0 }, probe.spec.text);
      }
      assert.equal(after.get_hits - before.get_hits, work.hits);
      works.push(work, await load.run(100));
    }
    await tracing.detach();
    await assertUnharmed(...works, await load.run(100));
  });

  it('shows keys and items as they were, for all hits or those that a condition lets through', async () => {
    const tracing = await attach();
    const messages = new Map<Probe, string[]>();
    tracing.onHit(({ probe, message }) => messages.set(probe, [...(messages.get(probe) ?? []), message]));
    const [absent, linked, deleted] = [
      await arm(tracing, 'log limited_get "{key} {nkey}" if key == "absent-3"'),
      await arm(
        tracing,
        'log do_item_link "{it->nkey} {(char *)it->data + 8,[it->nkey]} {it->nbytes} {*it}" hits % 10',
      ),
      await arm(tracing, 'log process_delete_command "{tokens[1].value} {tokens[1].length}"'),
    ];
    const before = await server.stats();
    const work = await load.run(500);
    const after = await server.stats();
    const [, ofLinked, ofDeleted] = [
      await tracing.removeProbe(absent),
      await tracing.removeProbe(linked),
      await tracing.removeProbe(deleted),
    ];
    await tracing.detach();

    // Each client looks for its own absent key in 5 of 100 requests.
    const ofAbsent = messages.get(absent) ?? [];
    assert.ok(ofAbsent.length > 0 && ofAbsent.length < work.misses);
    assert.deepEqual(new Set(ofAbsent), new Set(['"absent-3" 8']));
    assert.equal(messages.get(linked)?.length, Math.floor(ofLinked.hits / 10));
    for (const message of messages.get(linked) ?? []) {
      const [, length, key] = /^(\d+) "((?:key-\d+|counter)-\d+)" \d+ \{.*nkey = \d+.*\}$/.exec(message) ?? [];
      assert.equal(key?.length, Number(length), message);
    }
    assert.equal(ofDeleted.hits, work.deletes);
    assert.equal(messages.get(deleted)?.length, work.deletes);
    for (const message of messages.get(deleted) ?? []) assert.match(message, /^"key-\d+-\d+" \d+$/);
    assert.equal(ofLinked.hits, after.total_items - before.total_items);
    await assertUnharmed(work);
  });

  it('is attached to, probed and left again and again while it serves', async () => {
    load.go();
    for (let round = 0; round < 3; round++) {
      const tracing = await attach();
      for (let change = 0; change < 10; change++) {
        const [location, stat] = COUNTED[change % COUNTED.length]!;
        const early = await server.stats();
        const probe = await arm(tracing, `count ${location()}`);
        const armed = await server.stats();
        await hitsReached(tracing, probe, 50);
        const last = await server.stats();
        const { hits } = await tracing.removeProbe(probe);
        const late = await server.stats();
        assert.ok(hits >= last[stat] - armed[stat] - WORKERS, `${hits} hits, of ${last[stat] - armed[stat]} at least`);
        assert.ok(hits <= late[stat] - early[stat] + WORKERS, `${hits} hits, of ${late[stat] - early[stat]} at most`);
      }
      await tracing.detach();
    }
    const work = await load.pause();
    const tracing = await attach();
    const probe = await arm(tracing, 'count limited_get');
    const last = await load.run(100);
    assert.equal((await tracing.removeProbe(probe)).hits, last.hits + last.misses);
    await tracing.detach();
    await assertUnharmed(work, last);
  });

  it('is left as it was when the client goes in the middle of it', async () => {
    load.go();
    for (let round = 0; round < 3; round++) {
      const tracing = await attach();
      const probe = await arm(tracing, 'log limited_get "{key}"');
      await hitsReached(tracing, probe, 100);
      const gone = new Promise((resolve) => tracing.onEngineGone(resolve));
      tracing.dispose();
      await gone;
    }
    await assertUnharmed(await load.pause(), await load.run(100));
  });

  it("logs from the command line under libmemcached's load generator, which verifies every value", async () => {
    const args = ['attach', '-p', 'log limited_get "{key}"', '--format', 'json', '--max-hits', '2000'];
    load.go();
    const outcome = sidestep([...args, String(server.pid)], { cwd: ROOT });
    const [slap, { status, stderr }] = await Promise.all([memaslap(server, 20_000), outcome]);
    assert.match(slap, /^verify_misses: 0$/m);
    assert.match(slap, /^verify_failed: 0$/m);
    assert.equal(status, 0, stderr);
    const { hits, summary } = parseJsonLines(stderr);
    assert.equal(hits.length, 2000);
    assert.equal(summary.probes[0]?.lost, 0);
    await assertUnharmed(await load.pause());
  });

  it("counts what libmemcached's load generator counts", async () => {
    const tracing = await attach();
    const [gets, sets] = [await arm(tracing, 'count limited_get'), await arm(tracing, 'count process_update_command')];
    const slap = await memaslap(server, 20_000);
    const said = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(slap)?.[1]);
    assert.equal((await tracing.removeProbe(gets)).hits, said('cmd_get'));
    assert.equal((await tracing.removeProbe(sets)).hits, said('cmd_set'));
    await tracing.detach();
    await assertUnharmed(await load.run(100));
  });
});

/** libmemcached's load generator for so many requests, each value that comes back verified; gives what it prints. */
async function memaslap({ port }: Memcached, requests: number): Promise<string> {
  const args = [`--servers=127.0.0.1:${port}`, '--threads=2', '--concurrency=8', `--execute_number=${requests}`];
  const child = spawn('memcaslap', [...args, '--verify=1.0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  assert.equal(child.exitCode, 0, output);
  return output;
}
