import assert from 'node:assert/strict';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { type Client } from '../../../src/adapter/protocol/connection';
import { HitConsole } from '../../../src/adapter/output/hitConsole';
import { MessageValues } from '../../../src/adapter/output/messageValues';
import { Lines } from '../../../src/adapter/protocol/lineNumbering';
import { address } from '../../../src/base/address';
import { type LabelledNode } from '../../../src/language/compileProbe';
import { leaf } from '../../../src/language/value/node';
import { Probe } from '../../../src/session/probes/userProbe';
import { until } from '../../until';

describe('hit console', () => {
  let shown: DebugProtocol.OutputEvent['body'][];
  let console: HitConsole;

  beforeEach(() => {
    shown = [];
    const client: Client = {
      emit: (_event, body) => shown.push(body as DebugProtocol.OutputEvent['body']),
      runInTerminal: () => Promise.reject(new Error()),
    };
    console = new HitConsole(client, new Lines(), new MessageValues(false));
  });

  afterEach(() => console.dispose());

  const newProbe = () => new Probe(1, { kind: 'log', location: { kind: 'function', name: 'f' }, text: 'log f' });
  const probe = newProbe();
  const hit = (message: string | (() => string), of = probe) => ({
    probe: of,
    location: { file: '/src/server.c', line: 42, address: address(0) },
    child: undefined as string | undefined,
    unfold: () => ({ text: typeof message === 'string' ? message : message(), values: [] as LabelledNode[] }),
  });

  it('shows each hit with its source line', () => {
    console.take(hit('n=1'));
    console.flush();
    const source = { name: 'server.c', path: '/src/server.c' };
    assert.deepEqual(shown, [{ category: 'console', output: 'n=1\n', source, line: 42 }]);
  });

  it('lets a message unfold that holds a value with parts, and no other', () => {
    const child = { ...leaf('1'), name: 'x', role: 'member' as const };
    const node = {
      ...leaf(''),
      text: undefined,
      children: { kind: 'named' as const, count: 1, known: 1, at: () => child },
    };
    console.take({ ...hit(''), unfold: () => ({ text: 'p={x = 1}', values: [{ label: 'p', node }] }) });
    console.take({ ...hit(''), unfold: () => ({ text: 'n=1', values: [{ label: 'n', node: leaf('1') }] }) });
    console.flush();
    assert.deepEqual(
      shown.map(({ output, variablesReference }) => [output, variablesReference]),
      [
        ['p={x = 1}\n', 1],
        ['n=1\n', undefined],
      ],
    );
  });

  it('says which child of a tree that is followed it was', () => {
    console.take({ ...hit('n=1'), child: 'cc1 (4713)' });
    console.flush();
    assert.equal(shown[0]?.output, 'cc1 (4713): n=1\n');
  });

  it('lets no name of a child or a file drive the console', () => {
    console.take({
      ...hit('n=1'),
      child: 'cc\x1b[31m\n (4713)',
      location: { file: '/src/a\x1b.c', address: address(0) },
    });
    console.flush();
    assert.equal(shown[0]?.output, 'cc\\e[31m\\n (4713): n=1\n');
    assert.deepEqual(shown[0].source, { name: 'a\\e.c', path: '/src/a\x1b.c' });
  });

  it('keeps the order of the hits of several probes', () => {
    const other = newProbe();
    console.take(hit('1'));
    console.take(hit('2', other));
    console.take(hit('3'));
    console.flush();
    assert.deepEqual(
      shown.map(({ output }) => output),
      ['1\n', '2\n', '3\n'],
    );
  });

  it('shows the first of a flood and says how many more there were', () => {
    for (let i = 0; i < 12_395; i++) console.take(hit(String(i)));
    console.flush();
    assert.equal(shown.length, 51);
    assert.match(
      shown[50]!.output,
      /^… 12,345 more hits of this logpoint in the last \d\.\d s not shown; 12,395 in all\n$/,
    );
    assert.equal(console.shown(probe), 50);
  });

  it('renders only what it shows', () => {
    let rendered = 0;
    for (let i = 0; i < 1000; i++) console.take(hit(() => String(++rendered)));
    assert.equal(rendered, 50);
  });

  it('lets a probe be seen though another floods', () => {
    const other = newProbe();
    for (let i = 0; i < 1000; i++) console.take(hit('flood'));
    console.take(hit('rare', other));
    console.flush();
    assert.ok(shown.some(({ output }) => output === 'rare\n'));
  });

  it('begins anew after each batch, and goes on counting', () => {
    for (let i = 0; i < 60; i++) console.take(hit('x'));
    console.flush();
    for (let i = 0; i < 60; i++) console.take(hit('x'));
    console.flush();
    assert.match(shown.at(-1)!.output, /^… 10 more hits .* 120 in all\n$/);
    assert.equal(console.shown(probe), 100);
  });

  it('flushes by itself', async () => {
    console.take(hit('n=1'));
    await until('the hit shown', () => shown.length === 1);
  });
});
