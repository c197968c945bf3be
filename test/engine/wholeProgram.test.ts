/**
 * A probe on every instruction of programs that others wrote and compiled: they work on a file, and what comes out must
 * be, byte for byte, what comes out without probes.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Address, address } from '../../src/base/address';
import { assertExists } from '../../src/base/assert';
import { type Counts } from '../../src/contract/messages';
import { Image } from '../../src/debuginfo/image';
import { classify, type RefusalCode } from '../../src/emulator/emulator';
import { Random } from '../../src/emulator/oracle/random';
import { type EngineClient } from './engineClient';
import { engineForEach } from './fixture';
import { instructionsOf, type Swept } from './linearSweep';
import { readMemory } from './target';
import { skip } from '../skip';

interface Subject {
  readonly program: string;
  /** The input file is added. */
  readonly args: readonly string[];
  /** Of the input. */
  readonly bytes: number;
  /** Of the file that it writes beside the input; otherwise it prints. */
  readonly suffix?: string;
}

/** Floating point, which goes through the surrogate. */
const AWK_PROGRAM = '{ n += length($1) / 7; s = s sprintf("%.3f ", sin(NR) * n) } END { print n, s }';

// prettier-ignore
const SUBJECTS: readonly Subject[] = [
  { program: '/usr/bin/gzip', args: ['-nkf'], bytes: 3000, suffix: '.gz' },
  { program: '/usr/bin/sha256sum', args: [], bytes: 3000 },
  { program: '/usr/bin/mawk', args: [AWK_PROGRAM], bytes: 2000 },
];

/** Of what is refused, what compilers put into such programs: the `hlt` or `ud2` after a call that never returns. */
const EXPECTED_REFUSALS: ReadonlySet<RefusalCode> = new Set(['privileged', 'undefined-instruction']);

/** What a C library has besides that: system calls, lock elision, pkey_set(3). */
const LIBRARY_REFUSALS: ReadonlySet<RefusalCode> = new Set([
  ...EXPECTED_REFUSALS,
  ...(['system-call', 'transactional', 'protection-keys'] as const),
]);

/** Of the input for a program whose C library has all the probes. */
const LIBRARY_BYTES = 2000;

/**
 * The whole C library takes minutes. Otherwise a sample of it is probed: runs of so many instructions, one of ten,
 * drawn by the seed.
 */
const WHOLE = process.env['SIDESTEP_WHOLE'] !== undefined;
const RUN = 64;
const ONE_IN = 10;
/** Of the instructions with a probe, so many are executed at least: of the whole library 4,800 were. */
const EXECUTED = WHOLE ? 4000 : 50;

describe('every instruction of a program', () => {
  let client: EngineClient;
  let directory: string;

  engineForEach((started) => (client = started));

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sidestep-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  for (const { program, args, bytes, suffix } of SUBJECTS) {
    it(`${basename(program)} works as without probes`, async function () {
      if (!existsSync(program)) skip(this, `there is no ${program}`);
      const input = join(directory, 'input');
      const output = suffix === undefined ? undefined : input + suffix;
      writeFileSync(input, proseOf(bytes));
      const printed = execFileSync(program, [...args, input], { encoding: 'utf8' });
      const written = output && readFileSync(output);
      if (output !== undefined) rmSync(output);
      const path = realpathSync(program);
      const instructions = instructionsOf(path);
      const probeable = instructions.filter((swept) => isProbeable(swept, EXPECTED_REFUSALS));

      const pid = await client.launch(path, [...args, input]);
      const sites = await armAll(pid, path, probeable);
      await runToEntry(pid);
      const library = await libraryOf(pid);
      await runTo(pid, await client.symbol(pid, library, symbolOffset(library, '_exit')));
      const counted = (await client.counts()).sites;
      const counts = sites.map((site) => assertExists(counted.get(site), 'counts'));
      await Promise.all(sites.map((site) => client.disarm(site)));
      await assertUntouched(pid, path, instructions);
      await client.release(pid);

      assert.deepEqual((await client.event('exited')).end, { code: 0 });
      await client.until(() => (client.output.length >= printed.length ? true : undefined));
      assert.equal(client.output, printed);
      if (output !== undefined) assert.deepEqual(readFileSync(output), written);
      assert.ok(counts.filter(({ hits }) => hits > 0).length > 1000);
      assertConsistent(probeable, counts);
    });
  }

  const seed = Number(process.env['SIDESTEP_SEED'] ?? Date.now() % 1_000_000);
  const part = WHOLE ? 'all of it' : `one of ${ONE_IN}, seed ${seed}`;

  it(`of the C library that a program uses: ${part}`, async function () {
    const program = '/usr/bin/mawk';
    if (!existsSync(program)) skip(this, `there is no ${program}`);
    const input = join(directory, 'input');
    writeFileSync(input, proseOf(LIBRARY_BYTES));
    const printed = execFileSync(program, [AWK_PROGRAM, input], { encoding: 'utf8' });

    const pid = await client.launch(realpathSync(program), [AWK_PROGRAM, input]);
    await runToEntry(pid);
    const path = await libraryOf(pid);
    const instructions = WHOLE ? instructionsOf(path) : sampleOf(instructionsOf(path), seed);
    // The thread is held at the last one.
    const exit = symbolOffset(path, '_exit');
    const probeable = instructions.filter((swept) => swept.offset !== exit && isProbeable(swept, LIBRARY_REFUSALS));
    const isAtomic = ({ bytes, address: at }: Swept): boolean => classify(bytes, BigInt(at)).execution === 'twin';
    const atomic = new Set(probeable.filter(isAtomic));
    const plain = probeable.filter((swept) => !atomic.has(swept));
    const sites = await armAll(pid, path, plain);
    // Their twins are here, too: with probes on all but a few of them, those few have none left.
    for (const swept of atomic) await armAll(pid, path, [swept]).catch(assertWithoutTwin);
    await runTo(pid, await client.symbol(pid, path, exit));
    const counted = (await client.counts()).sites;
    const counts = sites.map((site) => assertExists(counted.get(site), 'counts'));
    await client.release(pid);

    assert.deepEqual((await client.event('exited')).end, { code: 0 });
    await client.until(() => (client.output.length >= printed.length ? true : undefined));
    assert.equal(client.output, printed);
    assert.ok(counts.filter(({ hits }) => hits > 0).length > EXECUTED);
    assertConsistent(plain, counts);
  });

  /** The requests go out together. */
  async function armAll(pid: number, path: string, instructions: readonly Swept[]): Promise<readonly number[]> {
    const first = instructions[0]!.offset;
    const origin = await client.symbol(pid, path, first);
    const probe = await client.declare();
    const armed = await Promise.all(
      instructions.map(({ offset, bytes }) =>
        client.arm(pid, address(origin + BigInt(offset - first)), {
          probe,
          onHit: 'count',
          expected: Buffer.from(bytes.subarray(0, 16)).toString('hex'),
        }),
      ),
    );
    return armed.map(({ site }) => site);
  }

  /** Where the C library is in memory. */
  async function runToEntry(pid: number): Promise<void> {
    await runTo(pid, (await client.request('mappings', { pid })).entry);
  }

  async function libraryOf(pid: number): Promise<string> {
    const { mappings } = await client.request('mappings', { pid });
    return assertExists(
      mappings.find((mapping) => basename(mapping.path).startsWith('libc.so')),
      'libc',
    ).path;
  }

  async function runTo(pid: number, place: Address): Promise<void> {
    const { site } = await client.arm(pid, place, { onHit: 'hold' });
    await client.release(pid);
    await client.event('held', (event) => event.site === site);
    await client.disarm(site);
  }

  async function assertUntouched(pid: number, path: string, instructions: readonly Swept[]): Promise<void> {
    const { offset } = instructions[0]!;
    const last = instructions.at(-1)!;
    const length = last.offset + last.instruction.length - offset;
    const file = readFileSync(path).subarray(offset, offset + length);
    assert.equal(readMemory(pid, await client.symbol(pid, path, offset), length), file.toString('hex'));
  }
});

function sampleOf(instructions: readonly Swept[], seed: number): readonly Swept[] {
  const random = new Random(seed);
  const drawn = Array.from({ length: Math.ceil(instructions.length / RUN) }, () => random.oneIn(ONE_IN));
  return instructions.filter((_, index) => drawn[Math.floor(index / RUN)]);
}

function isProbeable({ bytes, address: at }: Swept, refusals: ReadonlySet<RefusalCode>): boolean {
  const found = classify(bytes, BigInt(at));
  if (found.execution !== 'refused') return true;
  assert.ok(refusals.has(found.code), `${found.mnemonic} at ${at.toString(16)}: ${found.reason}`);
  return false;
}

function assertWithoutTwin(error: Error): void {
  assert.match(error.message, /the program's text holds no equivalent instruction/);
}

/** A thread that passes an instruction which does not branch also passes the next one. */
function assertConsistent(instructions: readonly Swept[], counts: readonly Counts[]): void {
  instructions.slice(1).forEach(({ address: there }, index) => {
    const { address: here, instruction } = instructions[index]!;
    if (there !== here + instruction.length || BRANCH.test(instruction.code)) return;
    const [passed, arrived] = [counts[index]!.hits, counts[index + 1]!.hits];
    assert.ok(passed <= arrived, `${passed} through ${here.toString(16)}, ${arrived} to ${there.toString(16)}`);
  });
}

const BRANCH = /^(J|Call|Ret|Loop)/;

/**
 * Text that is like prose to a compressor: words drawn by a generator that always gives the same (Numerical Recipes
 * §7.1).
 */
function proseOf(bytes: number): string {
  let seed = 1;
  const draw = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const words = Array.from({ length: 200 }, () =>
    Array.from({ length: 1 + draw(9) }, () => String.fromCharCode(97 + draw(26))).join(''),
  );
  let text = '';
  while (text.length < bytes) text += words[Math.min(draw(200), draw(200))]! + (draw(12) === 0 ? '.\n' : ' ');
  return text.slice(0, bytes);
}

/** File offset of a symbol in a library. */
function symbolOffset(path: string, symbol: string): number {
  const image = Image.open(path);
  try {
    const at = Number(assertExists(image.symbolAddress(symbol), symbol));
    const code = assertExists(
      image.segments.find(({ executable, address: start }) => executable && at >= Number(start)),
      'code',
    );
    return at - Number(code.address) + code.offset;
  } finally {
    image.dispose();
  }
}
