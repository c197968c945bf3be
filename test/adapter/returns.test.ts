/** Return probes as an editor sets them, and values that unfold in its console: conversations with the adapter. */
import assert from 'node:assert/strict';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { buildFixture } from '../fixtures/build';
import { DapClient } from './dapClient';

const classes = buildFixture('returns/classes.c', { flags: ['-O0'] });

type Output = DebugProtocol.OutputEvent['body'];
type Variables = DebugProtocol.VariablesResponse['body'];

describe('debug adapter, where functions return', () => {
  let client: DapClient;
  beforeEach(() => {
    client = new DapClient();
  });
  afterEach(() => client.close());

  const launch = { program: classes.path };
  const outputs = () => client.events.filter(({ event }) => event === 'output').map(({ body }) => body as Output);
  const logged = () => outputs().flatMap(({ category, output }) => (category === 'console' ? [output] : []));
  const variables = async (variablesReference: number) =>
    (await client.ask<Variables>('variables', { variablesReference })).variables;

  it('logs from a function breakpoint on `return FUNCTION`, with a message in quotes or without', async () => {
    const set = () =>
      client.setFunctionBreakpoints(
        { name: 'return aPair' },
        { name: 'return outer "outer gave {$return}"', condition: '$return > 1' },
      );
    const breakpoints = await client.start('launch', launch, set);
    assert.deepEqual(
      breakpoints.map(({ verified }) => verified),
      [true, true],
    );
    await client.event('terminated');
    const lines = logged();
    assert.match(lines.join(''), /^aPair returned \{a = 2, b = -2\} \[thread/m);
    assert.deepEqual(
      lines.filter((line) => line.startsWith('outer gave')),
      ['outer gave 3\n'],
    );
  });

  it('logs where the function returns whose line has a logpoint with `$return`', async () => {
    const line = classes.line('inOuter');
    const logMessage = 'outer gave {$return} in {$duration} ns';
    const [breakpoint] = await client.start('launch', launch, () =>
      client.setBreakpoints(classes.source, [{ line, logMessage }]),
    );
    assert.deepEqual([breakpoint?.verified, breakpoint?.line], [true, line]);
    await client.event('terminated');
    const lines = logged().filter((text) => text.startsWith('outer gave'));
    assert.deepEqual(
      lines.map((text) => text.replace(/in \d+ ns/, 'in N ns')),
      ['outer gave 1 in N ns\n', 'outer gave 3 in N ns\n'],
    );
  });

  it('names the column of a mistake in a message of a function breakpoint', async () => {
    const [breakpoint] = await client.start('launch', launch, () =>
      client.setFunctionBreakpoints({ name: 'return outer "outer {$return +}"' }),
    );
    assert.equal(breakpoint?.verified, false);
    assert.match(breakpoint.message ?? '', /column 31/);
    await client.event('terminated');
  });

  it('unfolds a structure that a message holds, level by level', async () => {
    await client.start('launch', launch, () => client.setFunctionBreakpoints({ name: 'return aNested' }));
    await client.event('exited');
    const line = outputs().find(({ output }) => output.startsWith('aNested returned {inner = {a = 2'));
    const [value, ...others] = await variables(line?.variablesReference ?? 0);
    assert.deepEqual(others, []);
    assert.deepEqual([value?.name, value?.namedVariables], ['$return', 2]);
    const [inner, either] = await variables(value?.variablesReference ?? 0);
    assert.deepEqual([inner?.name, inner?.value], ['inner', '{a = 2, b = 3}']);
    const members = await variables(inner?.variablesReference ?? 0);
    assert.deepEqual(
      members.map(({ name, value: text, variablesReference }) => [name, text, variablesReference]),
      [
        ['a', '2', 0],
        ['b', '3', 0],
      ],
    );
    assert.equal(either?.name, 'either');
    await assert.rejects(variables(12345), /nothing is kept under the reference 12345/);
  });
});
