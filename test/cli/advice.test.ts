import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, marked, parseJsonLines, SCRATCH, sidestep } from './commandLine';

const PASSED = marked('ends', 'passed');
const LINE = Number(PASSED.split(':')[1]);

describe('what helps', () => {
  let ends = '';

  before(() => {
    ends = fixture('ends');
  });

  /** What is said of a probe that does not come to be. */
  async function refused(args: readonly string[]): Promise<string> {
    const { status, stderr } = await sidestep(args);
    assert.equal(status, 2, stderr);
    return stderr;
  }

  describe('with a probe in a file', () => {
    const file = join(SCRATCH, 'advice.probes');

    /** What is said of a probe in line 3 of a file. */
    async function refusedInFile(probe: string): Promise<string> {
      writeFileSync(file, `# a comment\ncount main\n  ${probe}\n`);
      return refused(['run', '-f', file, '--', ends]);
    }

    for (const [what, probe, place] of [
      ['message', `log ${PASSED} "a \\" {number} {nummer + 1}" if number`, 'nummer'],
      ['condition', `log ${PASSED} "{number}" if number > 0 && nummer`, 'nummer'],
      ['hit count', `log ${PASSED} hits often`, ' often'],
    ] as const) {
      it(`its line, and the place in its ${what}`, async () => {
        const lines = (await refusedInFile(probe)).split('\n');
        assert.ok(lines[0]!.startsWith(`sidestep: ${file}:3: `), lines[0]);
        assert.equal(lines[1], `    ${probe}`);
        const caret = lines[2]!.indexOf('^');
        assert.equal(lines[1].slice(caret, caret + place.length), place);
      });
    }

    it('its line, also where nothing is wrong with how it is written', async () => {
      assert.match(
        await refusedInFile('log passs'),
        /advice\.probes:3: no loaded module has a function passs\nDid you/,
      );
    });
  });

  it('with a file that is misspelt: the one that is meant', async () => {
    assert.match(await refused(['run', '-p', 'log end.c:3', '--', ends]), /end\.c\nDid you mean ends\.c\?/);
    assert.match(await refused(['run', '-p', 'log Ends.c:3', '--', ends]), /Did you mean ends\.c\?/);
    assert.match(await refused(['run', '-p', 'log fixture/ends.c:3', '--', ends]), /Did you mean fixtures\/ends\.c\?/);
    assert.match(await refused(['sites', ends, 'edns.c:3']), /was not compiled from edns\.c\nDid you mean ends\.c\?/);
    assert.ok(!(await refused(['run', '-p', 'log nothing.c:3', '--', ends])).includes('Did you mean'));
  });

  it('says nothing of later libraries where no code can come', async () => {
    const fixed = fixture('ends', ['-O0', '-static']);
    for (const [program, location] of [
      [fixed, 'nothing'],
      [ends, 'nothing'],
      [fixed, 'nothing.c:1'],
      [ends, 'libnothing!f+0x1'],
      [ends, '*0x10'],
    ] as const) {
      assert.ok(!(await refused(['run', '-p', `log ${location}`, '--', program])).includes('later'), location);
    }
    assert.ok(!(await refused(['sites', ends, 'nothing'])).includes('later'));
  });

  it('says each warning once, however many probes it is about', async () => {
    const source = join(SCRATCH, 'newer.c');
    const program = join(SCRATCH, 'older');
    writeFileSync(source, 'int f(int n) {\n  return n;\n}\nint main(void) {\n  return f(0);\n}\n');
    execFileSync('gcc', ['-g', '-O0', '-o', program, source]);
    utimesSync(source, Date.now() / 1000 + 100, Date.now() / 1000 + 100);
    const probes = ['log newer.c:2', 'count newer.c:2', 'count newer.c:5'].flatMap((probe) => ['-p', probe]);
    const { warnings } = parseJsonLines((await sidestep(['run', '--format', 'json', ...probes, '--', program])).stderr);
    assert.equal(warnings.length, 1, warnings.join('\n'));
    assert.match(warnings[0]!, /newer\.c was changed after/);
  });

  it('says that a probe has moved into another function, and only then', async () => {
    const run = async (location: string) => {
      const { stderr } = await sidestep(['run', '--format', 'json', '-p', `count ${location}`, '--', ends]);
      return parseJsonLines(stderr.replace(/^sum \d+\n/m, '')).warnings;
    };
    // The empty line after the function.
    const [moved, ...others] = await run(`ends.c:${LINE + 2}`);
    assert.match(moved!, new RegExp(`^count ends\\.c:${LINE + 2}: .* into the function main$`));
    assert.deepEqual(others, []);
    assert.deepEqual(await run(PASSED), []);
    // A line of declarations alone belongs to the function around it.
    assert.deepEqual(await run(`ends.c:${LINE + 10}`), []);
  });

  it('takes separate debug files from --debug-dir where nothing is run, too', async () => {
    const directory = join(SCRATCH, 'symbols');
    const stripped = join(SCRATCH, 'stripped');
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(join(directory, SCRATCH), { recursive: true });
    const debug = join(directory, SCRATCH, 'stripped.debug');
    execFileSync('objcopy', ['--only-keep-debug', ends, debug]);
    execFileSync('objcopy', ['--strip-debug', `--add-gnu-debuglink=${debug}`, ends, stripped]);
    const options = ['--debug-dir', directory];
    assert.match(await refused(['sites', stripped, PASSED]), /has no debug information/);
    const sites = await sidestep(['sites', ...options, stripped, PASSED]);
    assert.match(sites.stdout, /ends\.c:\d+ +pass/, sites.stderr);
    const starts = async (...more: string[]) => {
      const { stdout } = await sidestep(['coverage', '--json', ...more, stripped]);
      return (JSON.parse(stdout) as { lines: { total: number } }).lines.total;
    };
    assert.equal(await starts(), 0);
    assert.ok((await starts(...options)) > 10);
    const compared = async (...more: string[]) => {
      const { stdout } = await sidestep(['verify', '--json', '--states', '1', ...more, stripped]);
      return (JSON.parse(stdout) as { instructions: number }).instructions;
    };
    assert.ok((await compared(...options)) > (await compared()));
  });
});
