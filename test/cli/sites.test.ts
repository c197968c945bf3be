import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fixture, marked, SCRATCH, sidestep } from './commandLine';

const PASSED = marked('ends', 'passed');

interface Sites {
  readonly sites: readonly {
    readonly address: string;
    readonly file?: string;
    readonly line?: number;
    readonly function?: string;
    readonly instruction: string;
    readonly execution: string;
    readonly reason?: string;
  }[];
}

async function sitesOf(binary: string, location: string): Promise<Sites['sites']> {
  const { status, stdout, stderr } = await sidestep(['sites', binary, location, '--json']);
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as Sites).sites;
}

describe('sidestep sites', () => {
  let ends = '';

  before(() => {
    ends = fixture('ends');
  });

  it('shows where a line is probed and how', async () => {
    const [site, ...others] = await sitesOf(ends, PASSED);
    assert.deepEqual(others, []);
    assert.equal(site?.function, 'pass');
    assert.equal(`ends.c:${site.line ?? 0}`, PASSED);
    assert.equal(site.execution, 'emulated');
    const listing = execFileSync('objdump', ['-d', '--no-show-raw-insn', ends], { encoding: 'utf8' });
    assert.ok(listing.includes(` ${site.address.slice(2)}:\t`), 'it is the address of an instruction');
  });

  it('places a function behind its prologue', async () => {
    assert.deepEqual(await sitesOf(ends, 'pass'), await sitesOf(ends, PASSED));
  });

  it('takes addresses and offsets, too', async () => {
    const [site] = await sitesOf(ends, 'pass');
    const entry = execFileSync('nm', [ends], { encoding: 'utf8' });
    const start = BigInt(`0x${/^([0-9a-f]+) t pass$/m.exec(entry)?.[1] ?? ''}`);
    const offset = BigInt(site?.address ?? 0) - start;
    assert.deepEqual(await sitesOf(ends, `*${site?.address ?? ''}`), [site]);
    assert.deepEqual(await sitesOf(ends, `ends-O0!pass+0x${offset.toString(16)}`), [site]);
  });

  it('warns of an address inside an instruction', async () => {
    const { status, stdout } = await sidestep(['sites', ends, 'ends-O0!pass+0x2']);
    assert.equal(status, 0);
    assert.match(stdout, /warning: inside mov rbp, rsp at 0x/);
  });

  it('says why an instruction is refused', async () => {
    const sites = await sitesOf(fixture('refused', ['-O2']), marked('refused', 'refused'));
    const refused = sites.filter(({ execution }) => execution === 'refused');
    assert.equal(refused.length, 2, 'in the function and where it is inlined');
    for (const { instruction, reason } of refused) {
      assert.match(instruction, /^fxsave/);
      assert.match(reason ?? '', /saves or restores all extended registers/);
    }
  });

  it('is a table for people', async () => {
    const { stdout } = await sidestep(['sites', ends, PASSED]);
    assert.match(stdout, /^0x[0-9a-f]+ {2}ends\.c:\d+ {2}pass {2}.* {2}emulated\n$/);
  });

  it('works without debug information on function names', async () => {
    const [site] = await sitesOf(fixture('ends', ['-O0', '-g0']), 'pass');
    assert.equal(site?.function, 'pass');
    assert.equal(site.execution, 'emulated');
  });

  it('says where a line has no code, and which one is taken', async () => {
    const wanted = 'moved.c:1';
    const { stdout, stderr } = await sidestep(['sites', fixture('moved'), wanted]);
    assert.match(stdout, /moved\.c:3 /);
    assert.match(
      stderr,
      /^sidestep: moved\.c:1: that line has no code; the probe moved to line 3, into the function first\n$/,
    );
    const json = await sidestep(['sites', fixture('moved'), wanted, '--json']);
    assert.match((JSON.parse(json.stdout) as { moved: string }).moved, /moved to line 3/);
    const within = await sidestep(['sites', fixture('moved'), 'moved.c:5']);
    assert.match(within.stderr, /^sidestep: moved\.c:5: that line has no code; the probe moved to line 6\n$/);
  });

  it('names the files that a name may mean', async () => {
    const program = join(SCRATCH, 'ambiguous');
    const [one, other] = ['one', 'other'].map((folder) => join(SCRATCH, 'ambiguous.d', folder, 'same.c')) as [
      string,
      string,
    ];
    for (const [path, name] of [
      [one, 'main'],
      [other, 'another'],
    ] as const) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `int ${name}(void) {\n  return 0;\n}\n`);
    }
    execFileSync('gcc', ['-g', '-o', program, one, other]);
    const { status, stderr } = await sidestep(['sites', program, 'same.c:2']);
    assert.equal(status, 2);
    assert.ok(stderr.includes(`same.c may be ${one} or ${other}`), stderr);
    const sites = await sitesOf(program, 'other/same.c:2');
    assert.deepEqual(
      sites.map((site) => site.function),
      ['another'],
    );
  });

  it('finds a debug file in a directory by its name, with and without a link to it', async () => {
    const directory = join(SCRATCH, 'debug-dir');
    mkdirSync(directory, { recursive: true });
    for (const isLinked of [true, false]) {
      const program = join(SCRATCH, isLinked ? 'linked' : 'unlinked');
      const file = join(directory, `${isLinked ? 'linked' : 'unlinked'}.debug`);
      execFileSync('gcc', ['-g', '-Wl,--build-id', '-o', program, join(__dirname, 'fixtures/ends.c'), '-pthread']);
      execFileSync('objcopy', ['--only-keep-debug', program, file]);
      execFileSync('objcopy', ['--strip-debug', ...(isLinked ? [`--add-gnu-debuglink=${file}`] : []), program]);
      assert.match((await sidestep(['sites', program, PASSED])).stderr, /no debug information/);
      const { status, stdout, stderr } = await sidestep(['sites', '--debug-dir', directory, program, PASSED]);
      assert.equal(status, 0, stderr);
      assert.match(stdout, / pass /);
    }
  });

  it('ends with status 2 for what is not there', async () => {
    for (const [binary, location, message] of [
      [ends, 'passs', /no function passs[^]*Did you mean pass/],
      [ends, 'ends.c:9999', /no code/],
      [ends, 'other.c:1', /other\.c/],
      [ends, '*0x1', /0x1/],
      [ends, '*0main', /\^/],
      ['/nowhere', 'main', /nowhere/],
      ['/etc/passwd', 'main', /ELF/],
    ] as const) {
      const { status, stderr } = await sidestep(['sites', binary, location]);
      assert.equal(status, 2, `${binary} ${location}: ${stderr}`);
      assert.match(stderr, message);
    }
  });
});
