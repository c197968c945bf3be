/**
 * Where code can lie, and what may become of it under a probe. What is mapped from a file must never change in the
 * file.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, address } from '../../src/base/address';
import { assertExists } from '../../src/base/assert';
import { type SidestepError } from '../../src/base/errors';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { program } from './program';
import { readMemory, Target } from './target';
import { needsRoot, skip } from '../skip';

const mapper = program('mappings.c');

const SIZE = 2 << 20;
/** mov rax, rdi; add rax, 1; ret */
const PLUS_ONE = '4889f84883c001c3';
/** lea rax, [rdi + 7]; ret */
const PLUS_SEVEN = '488d4707c3';
const NOP = 0x90;
/** Probes that were armed while the text under them changed. */
const ENOUGH = 60;
const INT3 = 'cc';

function refusedWith(code: string, message: RegExp) {
  return (error: SidestepError) => {
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

describe('mappings', () => {
  let directory: string;
  let one: string;
  let seven: string;
  let client: EngineClient;
  let target: Target;

  engineForEach((started) => (client = started));

  beforeEach(async () => {
    // A file system whose pages can be huge ones.
    directory = mkdtempSync('/dev/shm/sidestep-');
    one = codeFile('one', PLUS_ONE);
    seven = codeFile('seven', PLUS_SEVEN);
    target = await Target.start(mapper.path, []);
    await client.request('attach', { pid: target.pid });
  });

  afterEach(() => {
    assert.equal(checksum(one), checksumOf(PLUS_ONE));
    assert.equal(checksum(seven), checksumOf(PLUS_SEVEN));
    rmSync(directory, { recursive: true });
  });

  function codeFile(name: string, code: string): string {
    const path = join(directory, name);
    writeFileSync(path, contents(code));
    return path;
  }

  /** Gives the program a command; its answer. */
  async function tell(command: string): Promise<number> {
    const before = target.output.length;
    target.process.stdin?.write(`${command}\n`);
    while (!target.output.slice(before).endsWith('\n'))
      await once(assertExists(target.process.stdout, 'stdout'), 'data');
    return Number(target.output.slice(before));
  }

  const tellAddress = async (command: string): Promise<Address> => address(BigInt(await tell(command)));
  const byteAt = (at: Address): string => readMemory(target.pid, at, 1);
  const hitsOf = async (probe: number): Promise<number> => (await client.counts()).probes.get(probe)!.hits;

  /** What the audit says of the one site. */
  async function gone(site: number): Promise<string> {
    await client.request('audit', {});
    return (await client.event('siteGone', (event) => event.site === site)).reason;
  }

  describe('are refused', () => {
    it('where they are shared: the file would change', async () => {
      const at = await tellAddress(`shared ${one}`);
      await assert.rejects(
        client.arm(target.pid, at),
        refusedWith('not-probeable', /mapped shared: .* change the file/),
      );
    });

    it('where they are writable', async () => {
      const at = await tellAddress(`writable ${one}`);
      await assert.rejects(client.arm(target.pid, at), refusedWith('not-probeable', /mapped writable/));
    });

    it('where the program writes to the same file by another address', async () => {
      const at = await tellAddress(`private ${one}`);
      await tell(`alias ${one}`);
      await assert.rejects(client.arm(target.pid, at), refusedWith('not-probeable', /writable and shared at 0x/));
    });

    it('where they are the kernel’s', async () => {
      await assert.rejects(
        client.arm(target.pid, address(0xffff_ffff_ff60_0000n)),
        refusedWith('not-probeable', /kernel's half of the address space, in \[vsyscall\]/),
      );
      await assert.rejects(
        client.arm(target.pid, address(0xffff_8000_0000_0000n)),
        refusedWith('not-probeable', /kernel's half of the address space: /),
      );
    });
  });

  it('of one file at two addresses are probed each by itself', async () => {
    const first = await tellAddress(`private ${one}`);
    const second = await tellAddress(`private ${one}`);
    assert.notEqual(first, second);
    const { probe: unused } = await client.arm(target.pid, first);
    assert.equal(byteAt(second), PLUS_ONE.slice(0, 2));
    const { probe } = await client.arm(target.pid, second);
    assert.equal(await tell('call 10'), 10);
    assert.deepEqual([await hitsOf(unused), await hitsOf(probe)], [0, 10]);
  });

  it('of huge pages are probed in place', async function () {
    const at = await tellAddress(`private ${one}`);
    assert.equal(await tell('call 1'), 1);
    if (Number.isNaN(await tell('collapse'))) skip(this, 'the kernel has no MADV_COLLAPSE');
    assert.match(smapsOf(target.pid, at), /^(Shmem|File)PmdMapped: +2048 kB$/m);
    const { site, probe } = await client.arm(target.pid, at);
    assert.equal(await tell('call 10'), 10);
    assert.equal(await hitsOf(probe), 10);
    await client.disarm(site);
    assert.equal(readMemory(target.pid, at, SIZE), contents(PLUS_ONE).toString('hex'));
  });

  describe('of hugetlbfs', () => {
    const POOL = '/proc/sys/vm/nr_hugepages';
    let before: string;

    beforeEach(function () {
      before = readFileSync(POOL, 'latin1');
      needsRoot(this);
      // Two for the text, of which one is the program's own copy.
      writeFileSync(POOL, `${Number(before) + 2}`);
      if (Number(readFileSync(POOL, 'latin1')) < Number(before) + 2) skip(this, 'no memory for huge pages');
    });

    afterEach(async () => {
      await client.close();
      Target.killAll();
      if (process.getuid?.() === 0) writeFileSync(POOL, before);
    });

    it('are probed, or refused and left as they are', async () => {
      const at = await tellAddress(`huge ${one}`);
      const armed = await client.arm(target.pid, at).catch((error: unknown) => error as SidestepError);
      assert.equal(await tell('call 10'), 10);
      if ('probe' in armed) {
        assert.equal(await hitsOf(armed.probe), 10);
        await client.disarm(armed.site);
      } else {
        refusedWith('memory-unreachable', /can't write to 0x/)(armed);
      }
      assert.equal(readMemory(target.pid, at, SIZE), contents(PLUS_ONE).toString('hex'));
    });
  });

  it('of one file in several processes are probed in one alone', async () => {
    const others = await Promise.all([1, 2, 3].map(() => Target.start(mapper.path, [])));
    const work = await client.symbol(target.pid, mapper.path, mapper.offset('main'));
    const text = mapper.text('main', 1);
    await client.arm(target.pid, work);
    assert.equal(byteAt(work), INT3);
    for (const other of others) assert.equal(other.memory(other.address(mapper.path, mapper.offset('main')), 1), text);
    assert.equal(mapper.text('main', 1), text);
  });

  describe('that go or change under a probe are noticed, and left as they are:', () => {
    let at: Address;
    let site: number;

    beforeEach(async () => {
      at = await tellAddress(`private ${one}`);
      ({ site } = await client.arm(target.pid, at));
      assert.equal(await tell('call 3'), 3);
    });

    afterEach(async () => {
      const { hits } = await client.disarm(site);
      assert.equal(hits, 3);
      await client.request('detach', { pid: target.pid });
      assert.equal(target.process.exitCode, null);
    });

    it('nothing is said where nothing has changed', async () => {
      await client.request('audit', {});
      assert.deepEqual(
        client.events.filter(({ event }) => event === 'siteGone'),
        [],
      );
    });

    it('unmapped', async () => {
      await tell('unmap');
      assert.match(await gone(site), /has unmapped/);
    });

    it('replaced by another file', async () => {
      await tell(`over ${seven}`);
      assert.match(await gone(site), /has mapped \S+seven over/);
      assert.equal(readMemory(target.pid, at, SIZE), contents(PLUS_SEVEN).toString('hex'));
      assert.equal(await tell('call 10'), 70);
    });

    it('mapped anew', async () => {
      await tell(`over ${one}`);
      assert.match(await gone(site), /INT3 is gone/);
    });

    it('dropped', async () => {
      await tell('drop');
      assert.match(await gone(site), /INT3 is gone/);
      assert.equal(await tell('call 10'), 10);
    });

    it('written over', async () => {
      await tell('patch');
      assert.match(await gone(site), /other code/);
      await client.request('detach', { pid: target.pid });
      assert.equal(byteAt(at), '90');
      await client.request('attach', { pid: target.pid });
    });

    it('armed once more, without an audit', async () => {
      await tell(`over ${seven}`);
      await assert.rejects(
        client.arm(target.pid, at, { expected: PLUS_ONE }),
        refusedWith('text-differs', /instead of/),
      );
      const { probe } = await client.arm(target.pid, at, { expected: PLUS_SEVEN });
      assert.match((await client.event('siteGone')).reason, /replaced/);
      assert.equal(await tell('call 10'), 70);
      assert.equal(await hitsOf(probe), 10);
    });
  });

  it('that were protected under a probe get their byte back all the same', async () => {
    const at = await tellAddress(`private ${one}`);
    const { site } = await client.arm(target.pid, at);
    await tell('unexec');
    await client.disarm(site);
    assert.equal(byteAt(at), PLUS_ONE.slice(0, 2));
  });

  describe('that the program moves with a probe in them', () => {
    for (const how of ['move', 'copy']) {
      it(`are put right when a thread comes there: ${how}`, async () => {
        const { probe } = await client.arm(target.pid, await tellAddress(`private ${one}`));
        const there = await tellAddress(how);
        assert.equal(byteAt(there), INT3);
        assert.equal(await tell('call 1000'), 1000);
        assert.equal(byteAt(there), PLUS_ONE.slice(0, 2));
        assert.equal(await hitsOf(probe), 0);
        assert.match((await client.event('warning')).message, /has moved or copied its code with a probe in it/);
      });
    }

    it('are put right when the probe goes', async () => {
      const { site } = await client.arm(target.pid, await tellAddress(`private ${one}`));
      const there = await tellAddress('move');
      await client.disarm(site);
      assert.equal(byteAt(there), PLUS_ONE.slice(0, 2));
    });

    it('are put right when it is noticed', async () => {
      const { site } = await client.arm(target.pid, await tellAddress(`private ${one}`));
      const there = await tellAddress('move');
      assert.match(await gone(site), /has unmapped/);
      assert.equal(byteAt(there), PLUS_ONE.slice(0, 2));
    });

    it('are put right on detach', async () => {
      await client.arm(target.pid, await tellAddress(`private ${one}`));
      const there = await tellAddress('move');
      await client.request('detach', { pid: target.pid });
      assert.equal(byteAt(there), PLUS_ONE.slice(0, 2));
      assert.equal(await tell('call 10'), 10);
    });
  });

  it('may take turns at one address tens of thousands of times while probes come and go there', async () => {
    const at = await tellAddress(`private ${one}`);
    const state = { running: true };
    let armed = 0;
    const churn = async (): Promise<void> => {
      while (armed < ENOUGH)
        assert.equal(await tell(`churn ${one} 1 ${seven} 7 10000`), 0, 'calls with a wrong result');
    };
    const done = churn().finally(() => (state.running = false));
    while (state.running) {
      const expected = armed % 2 === 0 ? PLUS_ONE : PLUS_SEVEN;
      try {
        const { site } = await client.arm(target.pid, at, { expected, onHit: 'count' });
        armed++;
        if (armed % 5 === 0) await client.request('audit', {});
        await client.disarm(site);
      } catch (error) {
        assert.match((error as SidestepError).code, /^(text-differs|not-probeable|memory-unreachable)$/);
      }
    }
    await done;
    await client.request('detach', { pid: target.pid });
    assert.equal(await tell(`over ${one}`), Number(at));
    assert.equal(await tell('call 10'), 10);
  });
});

function contents(code: string): Buffer {
  const bytes = Buffer.alloc(SIZE, NOP);
  bytes.write(code, 'hex');
  return bytes;
}

function checksum(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function checksumOf(code: string): string {
  return createHash('sha256').update(contents(code)).digest('hex');
}

/** The lines of /proc/PID/smaps about the mapping that starts there. */
function smapsOf(pid: number, at: Address): string {
  const text = readFileSync(`/proc/${pid}/smaps`, 'latin1');
  return text.slice(text.indexOf(`${at.toString(16)}-`)).split(/\n(?=[0-9a-f]+-)/)[0]!;
}
