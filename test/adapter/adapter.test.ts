import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFixture } from '../fixtures/build';
import { DapClient } from './dapClient';
import { assertTranscript } from './transcript';

const workers = buildFixture('workers.c', { flags: ['-O1', '-pthread'] });
const ticker = buildFixture('ticker.c', { flags: ['-O1', '-pthread'] });
const host = buildFixture('host.c');
const tree = buildFixture('tree.c');
const plugin = buildFixture('plugin.c', { flags: ['-O1', '-shared', '-fPIC'], name: 'plugin.so' });

describe('debug adapter', () => {
  let client: DapClient;
  let target: ChildProcessWithoutNullStreams | undefined;

  beforeEach(() => {
    client = new DapClient();
  });

  afterEach(async () => {
    await client.close();
    target?.kill('SIGKILL');
    target = undefined;
  });

  const exited = async () => {
    await client.event('terminated');
    return (await client.event('exited'))['exitCode'];
  };
  const logged = () => client.output('console');
  const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

  /** A process to attach to, that ticks. */
  const startTicker = async (): Promise<number> => {
    const child = (target = spawn(ticker.path));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return child.pid!;
  };

  describe('launch', () => {
    it('logs a line from every thread, and the program ends as it would have', async () => {
      const [breakpoint] = await client.start('launch', { program: workers.path, args: ['2', '3'] }, () =>
        client.setBreakpoints(workers.source, [{ line: workers.line('return'), logMessage: 'id={id} n={n}' }]),
      );
      assert.equal(breakpoint?.verified, true);
      assert.equal(await exited(), 3);
      assert.deepEqual(linesOf(logged()).slice(0, 6).sort(), [
        'id=0 n=0',
        'id=0 n=1',
        'id=0 n=2',
        'id=1 n=0',
        'id=1 n=1',
        'id=1 n=2',
      ]);
      assert.equal(client.output('stdout'), 'calls 6, total 15\n');
    });

    it('follows children: logs what all of them do, and ends as the program did', async () => {
      await client.start('launch', { program: tree.path, args: ['2', '2'], follow: 'children' }, () =>
        client.setBreakpoints(tree.source, [{ line: tree.line('worked'), logMessage: 'generation {generation}' }]),
      );
      assert.equal(await exited(), 7);
      const lines = linesOf(logged()).slice(0, 7);
      assert.deepEqual(lines.map((text) => text.replace(/^tree \(\d+\): /, 'child: ')).sort(), [
        'child: generation 1',
        'child: generation 1',
        ...Array<string>(4).fill('child: generation 2'),
        'generation 0',
      ]);
      assert.equal(new Set(lines.map((text) => /\d+(?=\):)/.exec(text)?.[0])).size, 7);
      assert.match(logged(), /tree\.c:\d+: 7 hits, 7 shown\n/);
    });

    it('links each hit to its line', async () => {
      const line = workers.line('return');
      await client.start('launch', { program: workers.path, args: ['1', '1'] }, () =>
        client.setBreakpoints(workers.source, [{ line, logMessage: 'here' }]),
      );
      const { source, line: shown } = await client.event('output', ({ output }) => output === 'here\n');
      assert.deepEqual([(source as { path: string }).path, shown], [workers.source, line]);
    });

    it('counts and summarises what each breakpoint saw', async () => {
      await client.start('launch', { program: workers.path, args: ['2', '500'] }, () =>
        client.setBreakpoints(workers.source, [
          { line: workers.line('return'), condition: 'n == 7', logMessage: 'seven' },
        ]),
      );
      await exited();
      assert.match(logged(), /workers\.c:\d+: 1,000 hits, 2 met the condition, 2 shown\n/);
    });

    it('reports only the hits that the hit condition asks for', async () => {
      await client.start('launch', { program: workers.path, args: ['1', '100'] }, () =>
        client.setBreakpoints(workers.source, [
          { line: workers.line('return'), hitCondition: '% 25', logMessage: 'n={n}' },
        ]),
      );
      await exited();
      assert.deepEqual(linesOf(logged()).slice(0, 4), ['n=24', 'n=49', 'n=74', 'n=99']);
    });

    it('takes a breakpoint without a message for a tracepoint: function, arguments, thread', async () => {
      await client.start('launch', { program: workers.path, args: ['1', '1'] }, () =>
        client.setFunctionBreakpoints({ name: 'work' }),
      );
      await exited();
      assert.match(linesOf(logged())[0]!, /work.*id=0.*n=0.*workers/);
    });

    it('places a breakpoint in a library that is loaded later, before its code runs', async () => {
      const [waiting] = await client.start('launch', { program: host.path, args: [plugin.path] }, () =>
        client.setBreakpoints(plugin.source, [{ line: plugin.line('plugin'), logMessage: 'value={value}' }]),
      );
      assert.equal(waiting?.verified, false);
      const { breakpoint } = await client.event(
        'breakpoint',
        (body) => (body['breakpoint'] as { verified: boolean }).verified,
      );
      assert.equal((breakpoint as { id: number }).id, waiting.id);
      assert.equal(await exited(), 0);
      assert.deepEqual(linesOf(logged()).slice(0, 3), ['value=1', 'value=2', 'value=3']);
      assert.equal(client.output('stdout'), 'sum 18\n');
    });

    it('places breakpoints anew in a program that the first one becomes by exec', async () => {
      const [waiting] = await client.start(
        'launch',
        { program: '/bin/sh', args: ['-c', `exec ${workers.path} 1 2`] },
        () => client.setBreakpoints(workers.source, [{ line: workers.line('return'), logMessage: 'n={n}' }]),
      );
      assert.equal(waiting?.reason, 'pending');
      assert.equal(await exited(), 3);
      assert.deepEqual(linesOf(logged()).slice(0, 2), ['n=0', 'n=1']);
    });

    it('gives the program its arguments, directory and environment', async () => {
      await client.start(
        'launch',
        {
          program: '/bin/sh',
          args: ['-c', 'pwd; echo "$A-$B"; echo $1 >&2', 'sh', 'x y'],
          cwd: '/usr',
          env: { A: 'a', PATH: null },
        },
        () => client.setFunctionBreakpoints(),
      );
      assert.equal(await exited(), 0);
      assert.equal(client.output('stdout'), '/usr\na-\n');
      assert.equal(client.output('stderr'), 'x y\n');
    });

    it('reports an end by a signal as shells do', async () => {
      await client.start('launch', { program: '/bin/sh', args: ['-c', 'kill -9 $$'] }, () =>
        client.setFunctionBreakpoints(),
      );
      assert.equal(await exited(), 137);
    });

    it('starts the program in a terminal, and sets its probes before it runs', async () => {
      let output = '';
      client.onReverse('runInTerminal', (args) => {
        const { args: command, cwd } = args as { args: string[]; cwd: string };
        const terminal = spawn(command[0]!, command.slice(1), { cwd });
        terminal.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
        return { shellProcessId: terminal.pid };
      });
      await client.start('launch', { program: workers.path, args: ['1', '2'], console: 'integratedTerminal' }, () =>
        client.setBreakpoints(workers.source, [{ line: workers.line('return'), logMessage: 'n={n}' }]),
      );
      assert.equal(await exited(), 3);
      assert.deepEqual(linesOf(logged()).slice(0, 2), ['n=0', 'n=1']);
      assert.equal(output, 'calls 2, total 2\n');
    });

    it('caps what a flood shows, and counts all of it', async () => {
      await client.start('launch', { program: workers.path, args: ['2', '10000'] }, () =>
        client.setBreakpoints(workers.source, [{ line: workers.line('return'), logMessage: 'n={n}' }]),
      );
      await exited();
      assert.match(logged(), /… [\d,]+ more hits of this logpoint in the last \d\.\d s not shown; [\d,]+ in all/);
      assert.match(logged(), /workers\.c:\d+: 20,000 hits, [\d,]+ shown/);
      assert.ok(linesOf(logged()).length < 10_000);
    });

    it('kills the program on disconnect', async () => {
      await client.start('launch', { program: '/bin/sleep', args: ['100'] }, () => client.setFunctionBreakpoints());
      const { systemProcessId } = await client.event('process');
      await client.ask('disconnect');
      assert.throws(() => process.kill(systemProcessId as number, 0));
    });

    it('asks the program to end on terminate', async () => {
      await client.start('launch', { program: '/bin/sleep', args: ['100'] }, () => client.setFunctionBreakpoints());
      await client.ask('terminate');
      assert.equal(await exited(), 128 + 15);
    });
  });

  describe('attach', () => {
    it('probes a running process and leaves it running, unchanged', async () => {
      const pid = await startTicker();
      await client.start('attach', { pid }, () =>
        client.setBreakpoints(ticker.source, [{ line: ticker.line('tick'), logMessage: 'tick {n} on {$thread}' }]),
      );
      await client.until(() => linesOf(logged()).length >= 10);
      await client.ask('disconnect');
      assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /TracerPid:\t0/);
      const result = new Promise<string>((resolve) =>
        target?.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      );
      target?.stdin.end();
      assert.match(await result, /^\d+ ticks\n$/);
    });

    it('takes breakpoints while the process runs, and keeps those that stay', async () => {
      const pid = await startTicker();
      const first = { line: ticker.line('tick'), logMessage: 'one' };
      await client.start('attach', { processId: String(pid) }, () => client.setBreakpoints(ticker.source, [first]));
      await client.event('output', ({ output }) => output === 'one\n');
      await client.setBreakpoints(ticker.source, [first, { line: ticker.line('tick'), logMessage: 'two' }]);
      await client.event('output', ({ output }) => output === 'two\n');
      await client.setBreakpoints(ticker.source, []);
      await client.ask('disconnect');
    });

    it('lists threads with their names, modules and sources', async () => {
      const pid = await startTicker();
      await client.start('attach', { pid }, () => client.setFunctionBreakpoints());
      const { threads } = await client.ask<{ threads: { id: number; name: string }[] }>('threads');
      assert.deepEqual(threads.map(({ name }) => name.replace(/ \(\d+\)/, '')).sort(), ['clockwork', 'ticker']);
      const { modules } = await client.ask<{ modules: { name: string; symbolStatus: string }[] }>('modules', {});
      assert.equal(modules.find(({ name }) => name === 'ticker')?.symbolStatus, 'Debug information');
      assert.ok(modules.some(({ name }) => name === 'libc.so.6'));
      const { sources } = await client.ask<{ sources: { path: string }[] }>('loadedSources');
      assert.ok(sources.some(({ path }) => path === ticker.source));
      await client.ask('disconnect');
    });

    it('says where breakpoints can be', async () => {
      const pid = await startTicker();
      await client.start('attach', { pid }, () => client.setFunctionBreakpoints());
      const line = ticker.line('tick');
      const { breakpoints } = await client.ask<{ breakpoints: { line: number }[] }>('breakpointLocations', {
        source: { path: ticker.source },
        line: line - 3,
        endLine: line,
      });
      assert.ok(breakpoints.some((location) => location.line === line));
      assert.ok(breakpoints.every((location) => location.line >= line - 3 && location.line <= line));
      await client.ask('disconnect');
    });

    it('ends when the process does', async () => {
      const pid = await startTicker();
      await client.start('attach', { pid }, () => client.setFunctionBreakpoints());
      target?.stdin.end();
      assert.equal(await exited(), 0);
    });

    it('lets the process live when the editor is gone', async () => {
      const pid = await startTicker();
      await client.start('attach', { pid }, () => client.setFunctionBreakpoints({ name: 'tick' }));
      await client.until(() => logged().includes('tick'));
      client.kill();
      await client.exit;
      const result = new Promise<string>((resolve) =>
        target?.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      );
      target?.stdin.end();
      assert.match(await result, /^\d+ ticks\n$/);
    });
  });

  describe('what is wrong', () => {
    let directory: string;

    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'sidestep-adapter-'));
    });

    afterEach(() => rmSync(directory, { recursive: true }));

    /** The message that the editor shows. */
    const refusal = async (command: 'launch' | 'attach', args: Readonly<Record<string, unknown>>) => {
      await client.initialize();
      const response = await client.askAnyway(command, args);
      assert.equal(response.success, false);
      assert.equal((response.body as { error: { showUser: boolean } }).error.showUser, true);
      return response.message ?? '';
    };

    it('with the program: missing, a directory, not executable, not an ELF, not for this machine', async () => {
      const text = join(directory, 'text');
      writeFileSync(text, 'not a program', { mode: 0o755 });
      const plain = join(directory, 'plain');
      writeFileSync(plain, '', { mode: 0o644 });
      assert.match(await refusal('launch', { program: join(directory, 'missing') }), /missing does not exist/);
      assert.match(await refusal('launch', { program: directory }), /not a file/);
      assert.match(await refusal('launch', { program: plain }), /chmod \+x/);
      assert.match(await refusal('launch', { program: text }), /ELF/);
    });

    it('with launch.json: the key is named', async () => {
      assert.match(await refusal('launch', { program: workers.path, args: 'x' }), /"args" must be a list of strings/);
      assert.match(await refusal('attach', { pid: 'server' }), /"pid" must be a process id/);
    });

    it('with the terminal: the editor can not open one, or the program is not there', async () => {
      assert.match(
        await refusal('launch', { program: workers.path, console: 'integratedTerminal' }),
        /"internalConsole"/,
      );
      const missing = { program: join(directory, 'missing'), console: 'externalTerminal' };
      assert.match(await refusal('launch', missing), /missing does not exist/);
    });

    it('with the process: gone', async () => {
      assert.match(await refusal('attach', { pid: 4194303 }), /4194303/);
    });

    it('with a message or a condition: where', async () => {
      const line = workers.line('return');
      const placed = await client.start('launch', { program: workers.path }, () =>
        client.setBreakpoints(workers.source, [
          { line, logMessage: 'n={n +}' },
          { line, condition: 'nn > 1' },
        ]),
      );
      assert.match(placed[0]?.message ?? '', /column 7 of the message/);
      assert.match(placed[1]?.message ?? '', /nn.*column 1 of the condition/);
      assert.equal(await exited(), 3);
      assert.equal(logged(), '');
    });

    it('with a function: unknown, and which is near', async () => {
      const [breakpoint] = await client.start('launch', { program: workers.path }, () =>
        client.setFunctionBreakpoints({ name: 'wrk' }),
      );
      assert.equal(breakpoint?.verified, false);
      assert.match(breakpoint.message ?? '', /wrk.*work/);
      await exited();
    });

    it('with the program: no debug information; function names work all the same', async () => {
      const bare = buildFixture('ticker.c', { flags: ['-O1', '-pthread', '-g0'], name: 'bare' });
      const placed = await client.start('launch', { program: bare.path }, async () => [
        ...(await client.setBreakpoints(bare.source, [{ line: bare.line('tick') }])),
        ...(await client.setFunctionBreakpoints({ name: 'tick' })),
      ]);
      assert.equal(placed[0]?.verified, false);
      assert.match(placed[0].message ?? '', /no debug information.*-g/);
      assert.equal(placed[1]?.verified, true);
      await exited();
      assert.match(logged(), /tick/);
    });

    it('with the instruction: why it can not be probed', async () => {
      const refused = buildFixture('refused.c', { flags: ['-O1', '-g0'] });
      const [breakpoint] = await client.start('launch', { program: refused.path }, () =>
        client.setFunctionBreakpoints({ name: 'save' }),
      );
      assert.equal(breakpoint?.verified, false);
      assert.match(breakpoint.message ?? '', /saves or restores all extended registers/);
      assert.equal(await exited(), 1);
    });

    it('with the address: inside an instruction; it is probed all the same', async () => {
      const [breakpoint] = await client.start('launch', { program: workers.path, args: ['0', '0'] }, () =>
        client.setFunctionBreakpoints({ name: 'workers!work+0x1' }),
      );
      const warning = /lies inside the instruction .+ at 0x\w+: a probe there changes that instruction/;
      assert.equal(breakpoint?.verified, true);
      assert.match(breakpoint.message ?? '', warning);
      await exited();
      assert.match(logged(), warning);
    });

    it('with the source: newer than the program', async () => {
      const program = join(directory, 'workers');
      copyFileSync(workers.path, program);
      utimesSync(program, 1000, 1000);
      await client.start('launch', { program }, () =>
        client.setBreakpoints(workers.source, [{ line: workers.line('end'), logMessage: 'end' }]),
      );
      await exited();
      assert.match(logged(), /workers\.c was changed after .* was built/);
    });

    it('with pause: there is nothing to pause', async () => {
      await client.start('launch', { program: workers.path }, () => client.setFunctionBreakpoints());
      const response = await client.askAnyway('pause', { threadId: 1 });
      assert.match(response.message ?? '', /never stops/);
    });
  });

  it('holds the conversation that editors expect', async () => {
    await client.start('launch', { program: workers.path, args: ['1', '2'] }, async () => {
      await client.setBreakpoints(workers.source, [{ line: workers.line('return'), logMessage: 'n={n}' }]);
      await client.setFunctionBreakpoints({ name: 'nothing' });
    });
    await exited();
    await client.ask('disconnect');
    const { systemProcessId } = await client.event('process');
    assertTranscript('launch', client.conversation, [
      [workers.path, 'PROGRAM'],
      [workers.source, 'SOURCE'],
      [String(systemProcessId), 'PID'],
    ]);
  });
});
