/** What is counted through the editor's protocol is what is counted on the command line (test/cli/places.test.ts). */
import assert from 'node:assert/strict';
import { buildFixture, type Fixture } from '../fixtures/build';
import { DapClient } from './dapClient';

interface Wanted {
  /** Markers of lines. */
  readonly lines?: readonly string[];
  readonly functions?: readonly string[];
}

describe('breakpoints of an editor', () => {
  let client: DapClient;

  beforeEach(() => {
    client = new DapClient();
  });

  afterEach(() => client.close());

  /** The hits that the summary names, of lines before functions, when the program has ended. */
  async function hits(program: Fixture, { lines = [], functions = [] }: Wanted): Promise<readonly number[]> {
    await client.start('launch', { program: program.path }, async () => {
      const breakpoints = lines.map((marker) => ({ line: program.line(marker), logMessage: marker }));
      if (lines.length > 0) await client.setBreakpoints(program.source, breakpoints);
      await client.setFunctionBreakpoints(...functions.map((name) => ({ name })));
    });
    await client.event('terminated');
    return [...client.output('console').matchAll(/^.+: ([\d,]+) hits?, /gm)].map(([, number]) =>
      Number(number?.replace(/,/g, '')),
    );
  }

  it('count each pass of a line in an unrolled loop', async () => {
    const program = buildFixture('places/loops.c', { flags: ['-O3', '-funroll-loops'] });
    assert.deepEqual(await hits(program, { lines: ['BODY', 'AFTER', 'TURN'], functions: ['body'] }), [80, 80, 175, 80]);
  });

  it('count the function that the loader picks', async () => {
    const program = buildFixture('places/indirect.c', { flags: ['-O0', '-fno-builtin'] });
    const functions = ['choose', 'always', 'never', 'choose@resolver'];
    assert.deepEqual(await hits(program, { functions }), [9, 9, 0, 1]);
  });

  it('have the name that was asked for, where a linker folded equal functions', async () => {
    const flags = ['-O1', '-fno-ipa-icf', '-ffunction-sections', '-fuse-ld=lld', '-Wl,--icf=all'];
    const program = buildFixture('places/folded.c', { flags });
    assert.deepEqual(await hits(program, { functions: ['second'] }), [7]);
    assert.match(client.output('console'), /second\b/);
    assert.match(client.output('console'), /folded it with first/);
  });
});
