/** Whatever comes through the command pipe, the engine lives on, answers, and harms no program. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Address } from '../../../src/base/address';
import { encodeJson, FRAME_HEADER_BYTES, FrameKind } from '../../../src/contract/frames';
import { EngineClient } from '../engineClient';
import { changes, mutated } from '../../mutate';
import { program } from '../program';

const counter = program('counter.c');

describe('the engine, asked for anything', function () {
  this.timeout(60_000);

  let client: EngineClient;
  let pid: number;
  let work: Address;

  beforeEach(async () => {
    client = new EngineClient();
    pid = await client.launch(counter.path, ['1', '100']);
    work = await client.symbol(pid, counter.path, counter.offset('work'));
  });

  afterEach(async () => {
    await client.close();
    assert.equal(client.errors, '');
  });

  async function finish(): Promise<void> {
    const { probe } = await client.arm(pid, work, { onHit: 'count', probe: await declareAnew() });
    await client.release(pid);
    assert.deepEqual((await client.event('exited', (event) => event.pid === pid)).end, { code: 0 });
    assert.equal((await client.counts()).probes.get(probe)?.hits, 100);
  }

  async function declareAnew(): Promise<number> {
    const probe = 4_000_000;
    await client.request('declare', { probe });
    return probe;
  }

  it('says what is wrong with each request that is malformed, and goes on', async () => {
    const frame = (text: string): Uint8Array => {
      const bytes = Buffer.alloc(FRAME_HEADER_BYTES + text.length);
      bytes.writeUInt32LE(text.length, 0);
      bytes.writeUInt32LE(FrameKind.json, 4);
      bytes.write(text, FRAME_HEADER_BYTES, 'latin1');
      return bytes;
    };
    const hits = Buffer.from(encodeJson({}));
    hits.writeUInt32LE(FrameKind.hits, 4);
    const malformed: readonly unknown[] = [
      frame(''),
      frame('nonsense'),
      frame('{"id":1,"kind":"disarm","arguments":{"site":{"$":"zz"}}}'),
      hits,
      null,
      [],
      { id: 5 },
      { id: 5, kind: 'toString', arguments: {} },
      { id: 5, kind: '__proto__', arguments: {} },
      { id: 5, kind: 'counts', arguments: null },
      { id: 5, kind: 'arm', arguments: {} },
      { id: 5, kind: 'declare', arguments: { probe: 7, hitCondition: { operator: 'valueOf', count: 1 } } },
      { id: 5, kind: 'disarm', arguments: { sites: ['x'] } },
      { id: 5, kind: 'signal', arguments: { pid: -1, signal: 9 } },
    ];
    for (const message of malformed) client.sendRaw(message);
    await client.counts();
    assert.equal(client.refusals.length, malformed.length);
    for (const { code, message } of client.refusals) assert.equal(code, 'engine-protocol', message);
    await finish();
  });

  it('takes every constant of 64 bits', async () => {
    const values = [-1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)];
    for (const value of values) {
      await client.arm(pid, work, {
        agent: {
          captures: [
            [
              { op: 'const', value },
              { op: 'capture', size: 8 },
            ],
          ],
        },
      });
    }
    await finish();
    const captured = client.hits.slice(0, values.length).map((hit) => hit.captures[0]!.bytes.readBigUInt64LE());
    assert.deepEqual(
      captured,
      values.map((value) => BigInt.asUintN(64, value)),
    );
  });

  it('survives requests that were changed anywhere', async () => {
    const agent = {
      condition: [{ op: 'register', register: 'rdi' }, { op: 'const', value: 3n }, { op: 'ltS' }],
      captures: [
        [
          { op: 'register', register: 'rsp' },
          { op: 'captureMemory', size: 16 },
        ],
      ],
    };
    const sane = (site: number): readonly Record<string, unknown>[] => [
      { kind: 'launch', arguments: { program: '/bin/true', args: ['a'], cwd: '/', env: { A: 'b' }, stdio: [3, 4, 5] } },
      { kind: 'attach', arguments: { pid, follow: 'none' } },
      { kind: 'mappings', arguments: { pid } },
      { kind: 'declare', arguments: { probe: site, hitCondition: { operator: '>', count: 3 } } },
      {
        kind: 'arm',
        arguments: { pid, sites: [{ site, probe: site, address: work, from: work, agent, onHit: 'report' }] },
      },
      { kind: 'disarm', arguments: { sites: [site] } },
      { kind: 'forget', arguments: { probe: site } },
      { kind: 'counts', arguments: {} },
      { kind: 'audit', arguments: {} },
      { kind: 'limit', arguments: { reports: 1_000_000 } },
      { kind: 'signal', arguments: { pid, signal: 0 } },
    ];
    let site = 1000;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), changes(-1n, 0n, 2n ** 63n, 2n ** 64n - 1n)), { minLength: 1, maxLength: 6 }),
        async (batch) => {
          for (const [which, wanted] of batch) {
            const requests = sane(++site);
            const message = mutated({ id: 1_000_000 + site, ...requests[which % requests.length] }, wanted);
            // It would let the program go, or end it: that is no fault.
            if (/"(?:detach|release)"|"signal":[1-9]/.test(Buffer.from(encodeJson(message ?? null)).toString()))
              continue;
            client.sendRaw(message ?? null);
          }
          await client.counts();
        },
      ),
      { numRuns: 300 },
    );
    for (const { code } of client.refusals) assert.notEqual(code, undefined);
    await finish();
  });

  it('ends as if the client were gone when the stream itself is broken, and says why', async () => {
    client.sendRaw(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    await client.until(() => (client.ended ? true : undefined)).catch(() => undefined);
    assert.match(client.refusals[0]?.message ?? '', /broken frame/);
    assert.equal(client.process.exitCode, 0);
  });

  it('lets no program run that it has not let go: neither when the client is gone nor when the engine is killed', async () => {
    // It would have printed something; its ends of the pipes are closed when it has ended.
    await client.close();
    assert.equal(client.output, '', 'the client is gone');
    const second = new EngineClient();
    await second.launch(counter.path, ['1', '100']);
    second.process.kill('SIGKILL');
    await second.until(() => (second.ended ? true : undefined)).catch(() => undefined);
    assert.equal(second.output, '', 'the engine is killed');
  });
});
