/** Whatever an editor asks for, in whatever form: an answer, and the session goes on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { buildFixture } from '../fixtures/build';
import { changes, mutated } from '../mutate';
import { ADAPTER, DapClient } from './dapClient';

const workers = buildFixture('workers.c', { flags: ['-O1', '-pthread'] });

const BAD_REQUEST = 5004;

interface ErrorBody {
  readonly error: { readonly id: number; readonly format: string };
}

describe('requests of an editor', function () {
  this.timeout(60_000);

  let client: DapClient;

  beforeEach(() => {
    client = new DapClient();
  });

  afterEach(() => client.close());

  async function refusal(command: string, args: unknown): Promise<ErrorBody['error']> {
    const response = await client.askAnyway(command, args);
    assert.equal(response.success, false, command);
    return (response.body as ErrorBody).error;
  }

  it('are refused before initialize', async () => {
    for (const command of ['launch', 'attach', 'setBreakpoints', 'threads', 'disconnect']) {
      const { id, format } = await refusal(command, { program: workers.path });
      assert.equal(id, BAD_REQUEST);
      assert.match(format, /initialize must come first/);
    }
    await client.initialize();
  });

  it('are refused where they are not as the protocol has them, and the session goes on', async () => {
    const source = { path: workers.source };
    const wrong: readonly (readonly [string, unknown, RegExp])[] = [
      ['setBreakpoints', { breakpoints: [] }, /setBreakpoints .* arguments\.source must be an object, not missing/],
      ['setBreakpoints', null, /arguments\.source/],
      ['setBreakpoints', [], /arguments must be an object/],
      ['setBreakpoints', { source: 'a.c' }, /arguments\.source must be an object/],
      ['setBreakpoints', { source, breakpoints: {} }, /arguments\.breakpoints must be a list/],
      ['setBreakpoints', { source, breakpoints: [{}] }, /arguments\.breakpoints\[0\]\.line .* missing/],
      ['setBreakpoints', { source, breakpoints: [{ line: 1.5 }] }, /breakpoints\[0\]\.line must be an integer/],
      ['setBreakpoints', { source, breakpoints: [{ line: 1, condition: 5 }] }, /breakpoints\[0\]\.condition/],
      ['setFunctionBreakpoints', {}, /arguments\.breakpoints must be a list, not missing/],
      ['setFunctionBreakpoints', { breakpoints: [null] }, /arguments\.breakpoints\[0\] must be an object, not null/],
      ['breakpointLocations', { source }, /arguments\.line/],
      ['modules', { startModule: -1 }, /arguments\.startModule/],
      ['disconnect', { terminateDebuggee: 'yes' }, /arguments\.terminateDebuggee must be true or false, not "yes"/],
    ];
    const [breakpoint] = await client.start('launch', { program: workers.path, args: ['1', '2'] }, async () => {
      for (const [command, args, message] of wrong) {
        const { id, format } = await refusal(command, args);
        assert.match(format, message);
        assert.equal(id, BAD_REQUEST);
      }
      for (const command of ['toString', '__proto__', 'constructor', 'nonsense']) {
        assert.match((await refusal(command, {})).format, /does not support the request/);
      }
      return client.setBreakpoints(workers.source, [{ line: workers.line('return'), logMessage: 'n={n}' }]);
    });
    assert.equal(breakpoint?.verified, true);
    await client.event('terminated');
    assert.equal(client.output('console').match(/^n=/gm)?.length, 2);
  });

  it('verify no breakpoint before the first line', async () => {
    const placed = await client.start('launch', { program: workers.path }, () =>
      client.setBreakpoints(workers.source, [{ line: -1 }, { line: 0 }, { line: workers.line('return') }]),
    );
    assert.deepEqual(
      placed.map(({ verified }) => verified),
      [false, false, true],
    );
    assert.match(placed[0]?.message ?? '', /there is no line -1/);
    await client.ask('disconnect');
  });

  it('count lines from 0 where the editor does', async () => {
    await client.ask('initialize', { adapterID: 'sidestep', linesStartAt1: false });
    const launched = client.ask('launch', { program: workers.path });
    await client.event('initialized');
    const line = workers.line('return') - 1;
    const placed = await client.setBreakpoints(workers.source, [{ line: -1 }, { line }]);
    assert.deepEqual(
      placed.map(({ verified }) => verified),
      [false, true],
    );
    await client.ask('configurationDone');
    await launched;
    await client.ask('disconnect');
  });

  it('may be anything', async () => {
    const sane = [
      { command: 'initialize', arguments: { adapterID: 'sidestep', linesStartAt1: true } },
      { command: 'launch', arguments: { program: '/nowhere', args: ['a'], env: { A: 'b' }, sourceMap: { a: 'b' } } },
      { command: 'attach', arguments: { pid: 4194305 } },
      {
        command: 'setBreakpoints',
        arguments: {
          source: { path: workers.source },
          breakpoints: [{ line: 5, logMessage: '{n}', hitCondition: '5' }],
        },
      },
      { command: 'setFunctionBreakpoints', arguments: { breakpoints: [{ name: 'main', condition: 'n' }] } },
      { command: 'setExceptionBreakpoints', arguments: { filters: [] } },
      { command: 'breakpointLocations', arguments: { source: { path: workers.source }, line: 1, endLine: 9 } },
      { command: 'threads', arguments: {} },
      { command: 'modules', arguments: { startModule: 0, moduleCount: 3 } },
      { command: 'loadedSources', arguments: {} },
    ];
    await client.initialize();
    await fc.assert(
      fc.asyncProperty(fc.nat(), changes(), async (which, wanted) => {
        const { command, arguments: args } = sane[which % sane.length]!;
        const response = await client.askAnyway(command, mutated(args, wanted));
        assert.doesNotMatch(response.message ?? '', /Internal error/);
      }),
      { numRuns: 300 },
    );
    const [breakpoint] = await client.start('launch', { program: workers.path }, () =>
      client.setBreakpoints(workers.source, [{ line: workers.line('return') }]),
    );
    assert.equal(breakpoint?.verified, true);
    await client.ask('disconnect');
  });

  it('end the connection with a word where they are no messages at all', async () => {
    for (const text of ['Content-Length: -5\r\n\r\n', 'GET / HTTP/1.1\r\n', 'Content-Length: 4\r\n\r\nnull']) {
      const adapter = spawn(process.execPath, [ADAPTER], { stdio: ['pipe', 'ignore', 'pipe'] });
      let said = '';
      adapter.stderr.setEncoding('utf8').on('data', (more: string) => (said += more));
      adapter.stdin.write(text);
      const [code] = (await once(adapter, 'close')) as [number];
      assert.equal(code, 1, text);
      assert.match(said, /^sidestep adapter: [^\n]+\n$/, text);
    }
  });

  it('say why the connection ends, in the editor, too', async () => {
    await client.initialize();
    client.sendText('Content-Length: abc\r\n\r\n');
    await client.exit;
    assert.match(client.output('stderr'), /not a message of the protocol: .*Content-Length: abc/);
  });
});
